"""What a mail's HTML hides from a person's eyes, by elements, styles and style sheets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from trunkline.core.mailtext import colours
from trunkline.core.mailtext.colours import BLACK, WHITE, Colour
from trunkline.core.mailtext.declared import Declared, Value, arguments, length, number, word
from trunkline.core.mailtext.tokens import Open

_FAR_PX: Final = 800
"""So far out is beside a mail, whatever it stands in."""

_LEAST_FONT_PX: Final = 2
_LEAST_SCALE: Final = 0.1
_LEAST_BOX_PX: Final = 1
_PX: Final = {
    "": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "rem": 16.0,
    "vw": 8.0, "vh": 6.0,
}  # fmt: skip
_OF_FONT: Final = {"em": 1.0, "ex": 0.5, "ch": 0.5}
_NEVER_DRAWN: Final = frozenset(
    {"script", "style", "title", "template", "noscript", "textarea", "progress", "meter"}
)
_FOLDED_AWAY: Final = frozenset({"datalist", "rp"})
_MOVES: Final = frozenset({"translate", "translatex", "translatey", "translate3d"})
_INLINE: Final = frozenset({"inline", "contents"})
_TABLE: Final = frozenset({"table", "tbody", "thead", "tfoot", "tr", "td", "th"})
_BLOCKS: Final = _TABLE | {
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "hr", "dl",
    "dt", "dd", "div", "section", "article", "header", "footer", "address", "center", "body",
    "form", "fieldset", "main", "nav", "aside", "caption", "figure", "figcaption", "details",
    "summary", "dialog", "button", "marquee", "hgroup", "search",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """How text looks where an element stands; what an element does not change it inherits."""

    gone: bool = False
    folded: bool = False
    invisible: bool = False
    shadowed: bool = False
    opacity: float = 1.0
    font_px: float | None = 16.0
    colour: Colour | None = BLACK
    ground: Colour | None = WHITE

    @property
    def hidden(self) -> bool:
        """Whether nobody sees text that looks so."""
        return (
            self.gone
            or self.folded
            or self.invisible
            or (self.font_px is not None and self.font_px < _LEAST_FONT_PX)
            or self.opacity <= 0.05
            or (
                not self.shadowed
                and self.colour is not None
                and self.colour.vanishes(self.ground, self.opacity)
            )
        )


def look(tag: Open, declared: Declared, around: Look) -> Look:
    """Return how text looks inside of an element that stands in `around`."""
    attributes, name = tag.attributes, tag.name
    visibility = declared.get("visibility")
    shadow = [declared[each] for each in ("text-shadow", "-webkit-text-stroke") if each in declared]
    lies_over = word(declared.get("position")) in ("absolute", "fixed")
    font_px = _font_px(declared.get("font-size"), around.font_px)
    behind = None if lies_over or "background" in attributes else around.ground
    return Look(
        gone=around.gone
        or (around.folded and name != "summary")
        or _is_away(tag, declared)
        or _is_out(tag.name, declared, font_px),
        folded=name == "details" and "open" not in attributes,
        invisible=around.invisible
        if visibility is None or word(visibility) in ("inherit", "unset")
        else word(visibility) in ("hidden", "collapse"),
        shadowed=any(word(each) != "none" for each in shadow) if shadow else around.shadowed,
        opacity=around.opacity * _opacity(declared),
        font_px=font_px,
        colour=colours.letters(declared, attributes.get("color"), around.colour),
        ground=colours.ground(declared, attributes.get("bgcolor"), behind),
    )


def _is_away(tag: Open, declared: Declared) -> bool:
    """Tell whether an element is not drawn at all: a style may draw what its name would not."""
    display = declared.get("display")
    if tag.name in _NEVER_DRAWN or word(display) == "none":
        return True
    attributes = tag.attributes
    return display is None and (
        "hidden" in attributes
        or "popover" in attributes
        or tag.name in _FOLDED_AWAY
        or (tag.name == "dialog" and "open" not in attributes)
    )


def _is_out(name: str, declared: Declared, font_px: float | None) -> bool:
    """Tell whether an element is drawn where nobody looks, or in no space."""
    if not declared:
        return False

    def px(key: str) -> float:
        return _px(declared.get(key), font_px) or 0

    position, display = word(declared.get("position")), word(declared.get("display"))
    floats = word(declared.get("float")) in ("left", "right")
    apart = position in ("absolute", "fixed") or floats
    block = apart or (display not in _INLINE if display else name in _BLOCKS)
    if position in ("absolute", "fixed", "relative", "sticky") and (
        px("left") <= -_FAR_PX
        or px("right") <= -_FAR_PX
        or px("top") <= -_FAR_PX
        or px("left") >= 2 * _FAR_PX
    ):
        return True
    if px("margin-left") + px("padding-left") <= -_FAR_PX and name not in _TABLE - {"table"}:
        return True
    return _is_cut(declared, position, font_px) or (
        block
        and (
            px("text-indent") + px("padding-left") <= -_FAR_PX
            or (px("margin-top") + px("padding-top") <= -_FAR_PX and name not in _TABLE - {"table"})
            or word(declared.get("content-visibility")) == "hidden"
            or _is_flat(name, display, declared, font_px)
            or _is_turned_away(declared, font_px)
        )
    )


def _is_cut(declared: Declared, position: str, font_px: float | None) -> bool:
    """Tell whether an element is cut to nothing."""
    for function in declared.get("clip") or ():
        if position in ("absolute", "fixed") and _is(function, "rect"):
            edges = [_px([each], font_px) for each in arguments(function)]
            if len(edges) == 4 and None not in edges:
                top, right, bottom, left = (each or 0 for each in edges)
                return bottom - top <= _LEAST_BOX_PX or right - left <= _LEAST_BOX_PX
    for function in declared.get("clip-path") or ():
        told = arguments(function) if function.type == "function" else []
        if not told:
            continue
        if _is(function, "inset"):
            parts = [number([each]) or 0 for each in told if each.type == "percentage"][:4]
            if len(parts) != len(told):
                continue
            top, right, bottom, left = (parts * 4)[:4] if len(parts) != 3 else (*parts, parts[1])
            return top + bottom >= 1 or left + right >= 1
        if _is(function, "circle") or _is(function, "ellipse"):
            return getattr(told[0], "value", None) == 0
        if _is(function, "polygon"):
            return len({getattr(each, "value", each) for each in told}) == 1
    return False


def _is_flat(name: str, display: str, declared: Declared, font_px: float | None) -> bool:
    """Tell whether a box that shows only what is in it has no room; cells grow with their text."""
    cuts = any(
        word(declared.get(f"overflow-{each}")) in ("hidden", "clip", "auto", "scroll")
        for each in "xy"
    )
    if not cuts or name in _TABLE or display.startswith("table"):
        return False
    for size, sides in (("height", ("top", "bottom")), ("width", ("left", "right"))):
        told = [declared[each] for each in (size, f"max-{size}") if each in declared]
        sizes = [each for each in (_px(value, font_px) for value in told) if each is not None]
        padded = any(_px(declared.get(f"padding-{side}", _ZERO), font_px) != 0 for side in sides)
        grows = _px(declared.get(f"min-{size}", _ZERO), font_px) != 0
        if sizes and min(sizes) <= _LEAST_BOX_PX and not padded and not grows:
            return True
    indent = length(declared.get("text-indent"))
    return (
        indent is not None
        and indent[1] == "%"
        and indent[0] >= 100
        and word(declared.get("white-space")) in ("nowrap", "pre")
    )


def _is_turned_away(declared: Declared, font_px: float | None) -> bool:
    """Tell whether a transformation leaves nothing of a box, or moves it off the page."""

    def far(moves: Sequence[Any]) -> bool:
        return any((_px([each], font_px) or 0) <= -_FAR_PX for each in moves[:2])

    return (
        far(declared.get("translate") or ())
        or any(map(_is_small, (declared.get("scale") or ())[:2]))
        or any(
            _is_edge_on(each.lower_name, arguments(each))
            or (each.lower_name in _MOVES and far(arguments(each)))
            for each in declared.get("transform") or ()
            if each.type == "function"
        )
    )


def _is_edge_on(kind: str, told: Sequence[Any]) -> bool:
    """Tell whether a function of a transformation leaves no area."""
    if kind in ("scale", "scalex", "scaley", "scale3d"):
        return any(map(_is_small, told[:2]))
    if kind in ("rotatex", "rotatey"):
        angle = length(told)
        return angle is not None and angle[1] == "deg" and angle[0] % 180 == 90
    if kind == "matrix" and len(told) == 6:
        a, b, c, d = (number([each]) for each in told[:4])
        if None not in (a, b, c, d):
            return abs((a or 0) * (d or 0) - (b or 0) * (c or 0)) < _LEAST_SCALE**2
    return False


def _is(token: Any, name: str) -> bool:
    return bool(token.type == "function" and token.lower_name == name)


def _is_small(token: Any) -> bool:
    factor = number([token])
    return factor is not None and abs(factor) < _LEAST_SCALE


def _opacity(declared: Declared) -> float:
    """Return how much of an element covers what is behind it."""
    filters = [each for each in declared.get("filter") or () if _is(each, "opacity")]
    parts = [number(declared.get("opacity")), *(number(arguments(each)) for each in filters)]
    opacity = 1.0
    for each in parts:
        opacity *= 1 if each is None else min(1, max(0, each))
    return opacity


def _px(value: Value | None, font_px: float | None) -> float | None:
    """Return a length in pixels; None where it is not told, in words, or a part of another."""
    told = length(value)
    if told is None:
        return None
    amount, unit = told
    if unit in _OF_FONT:
        return None if font_px is None else amount * _OF_FONT[unit] * font_px
    if unit == "%" and amount == 0:
        return 0
    return amount * _PX[unit] if unit in _PX else None


def _font_px(value: Value | None, around: float | None) -> float | None:
    if value is None:
        return around
    told = length(value)
    if told is not None and told[1] == "%":
        return None if around is None else around * told[0] / 100
    if word(value) in ("inherit", "unset"):
        return around
    return _px(value, around)


@dataclass(frozen=True, slots=True)
class _Nothing:
    """The token of a length that nobody told."""

    type: str = "number"
    value: float = 0


_ZERO: Final[Sequence[Any]] = (_Nothing(),)
