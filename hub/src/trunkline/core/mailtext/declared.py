"""What a style declares, as far as hiding goes: shorthands are taken apart."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import tinycss2
from tinycss2 import color5

_LONGEST_STYLE: Final = 4 * 1024
_MOST_TOKENS: Final = 60
"""Of a value; who writes more wants to waste time."""

_SIDES: Final = ("top", "right", "bottom", "left")
_DISPLAYS: Final = frozenset(
    {"none", "block", "inline", "inline-block", "flex", "inline-flex", "grid", "inline-grid",
     "table", "inline-table", "table-row", "table-cell", "table-row-group", "table-header-group",
     "table-footer-group", "table-column", "table-column-group", "table-caption", "list-item",
     "contents", "flow-root"}
)  # fmt: skip

Value = Sequence[Any]
"""The tokens of a value; none where nobody knows what holds."""

Declared = dict[str, Value]
UNKNOWN: Final[Value] = ()
_COLOURS: Final = frozenset({"color", "background-color", "-webkit-text-fill-color"})
_LENGTHS: Final = frozenset({"dimension", "percentage", "number"})


@lru_cache(maxsize=2_000)
def declarations(style: str) -> tuple[Declared, Declared]:
    """Return what a style attribute declares: as usual, and as important."""
    return declared(tinycss2.parse_blocks_contents(style[:_LONGEST_STYLE]))


def declared(nodes: Iterable[Any]) -> tuple[Declared, Declared]:
    """Return what nodes of tinycss2 declare: as usual, and as important."""
    usual: Declared = {}
    important: Declared = {}
    for node in nodes:
        if node.type == "declaration":
            value = [each for each in node.value if each.type not in ("whitespace", "comment")]
            (important if node.important else usual).update(_longhands(node.lower_name, value))
    return usual, important


def word(value: Value | None) -> str:
    """Return the one keyword of a value."""
    return value[0].lower_value if value and value[0].type == "ident" else ""


def number(value: Value | None) -> float | None:
    """Return a number, or a percentage as a part of one."""
    token = _one(value)
    if token is None or token.type not in ("number", "percentage"):
        return None
    return float(token.value if token.type == "number" else token.value / 100)


def length(value: Value | None) -> tuple[float, str] | None:
    """Return a length and its unit; None where nobody knows, or it is told in words."""
    token = _one(value)
    if token is None or token.type not in _LENGTHS:
        return None
    if token.type == "dimension":
        return float(token.value), token.lower_unit
    return float(token.value), "%" if token.type == "percentage" else ""


def arguments(function: Any) -> list[Any]:
    """Return the arguments of a function, without what parts them."""
    return [e for e in function.arguments if e.type not in ("whitespace", "comment") and e != ","]


def _one(value: Value | None) -> Any:
    """Return the only token of a value, or of a calculation."""
    if not value or len(value) != 1:
        return None
    token = value[0]
    if token.type == "function" and token.lower_name == "calc":
        inside = arguments(token)
        return inside[0] if len(inside) == 1 else None
    return token


def _longhands(name: str, value: Value) -> Declared:
    if not value:
        return {}
    if len(value) > _MOST_TOKENS or any(map(_is_beyond, value)):
        return dict.fromkeys(_NAMES.get(name, (name,)), UNKNOWN)
    name = {"block-size": "height", "inline-size": "width"}.get(name, name)
    if name in _NAMES:
        return _SHORTHANDS[name](value)
    return {name: value} if _is_valid(name, value) else {}


def _is_beyond(token: Any) -> bool:
    """Tell whether nobody knows what a function stands for, or it has too many arguments."""
    return token.type == "function" and (
        token.lower_name in ("var", "env") or len(token.arguments) > _MOST_TOKENS
    )


def _is_valid(name: str, value: Value) -> bool:
    if name == "display":
        return word(value) in _DISPLAYS
    if name == "opacity":
        return value[0].type == "function" or number(value) is not None
    if name in _COLOURS:
        return (
            len(value) == 1
            and (value[0].type == "function" or word(value) in ("inherit", "initial", "unset"))
        ) or color5.parse_color(value[0]) is not None
    return True


def _four(name: str) -> Callable[[Value], Declared]:
    def parted(value: Value) -> Declared:
        told = [*value, value[1]] if len(value) == 3 else [*value] * 4
        sides = zip(_SIDES, told[:4], strict=True)
        return {name.format(side): [each] for side, each in sides}

    return parted


def _font(value: Value) -> Declared:
    for each in value:
        if each.type in ("dimension", "percentage", "function"):
            return {"font-size": [each]}
        if each.type == "number" and each.value == 0:
            return {"font-size": [each]}
    return {"font-size": UNKNOWN}


def _background(value: Value) -> Declared:
    """Return the ground's colour, and whether anything is drawn on it."""
    drawn = [
        each
        for each in value
        if each.type == "url" or (each.type == "function" and color5.parse_color(each) is None)
    ]
    colours = [each for each in value if color5.parse_color(each) is not None]
    colour = [colours[-1]] if colours else _none()
    return {"background-color": colour, "background-image": drawn or UNKNOWN}


def _none() -> Value:
    """Return the ground that a background has which tells no colour."""
    return [*tinycss2.parse_component_value_list("transparent")]


_SHORTHANDS: Final[dict[str, Callable[[Value], Declared]]] = {
    "margin": _four("margin-{}"),
    "padding": _four("padding-{}"),
    "inset": _four("{}"),
    "overflow": lambda value: {"overflow-x": value[:1], "overflow-y": value[-1:]},
    "font": _font,
    "background": _background,
}
_NAMES: Final = {
    "margin": tuple(f"margin-{side}" for side in _SIDES),
    "padding": tuple(f"padding-{side}" for side in _SIDES),
    "inset": _SIDES,
    "overflow": ("overflow-x", "overflow-y"),
    "font": ("font-size",),
    "background": ("background-color", "background-image"),
}
