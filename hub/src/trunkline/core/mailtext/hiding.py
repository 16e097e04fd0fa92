"""What a mail's HTML hides from a person's eyes, by attributes, styles and style sheets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Styles = Mapping[str, str]
Colour = tuple[int, int, int]

_MOST_RULES: Final = 2_000
_LONGEST_SHEET: Final = 64 * 1024
_LONGEST_STYLE: Final = 4 * 1024
_OFF_THE_PAGE_PX: Final = -400
_LEAST_FONT_PX: Final = 2
_LEAST_OPACITY: Final = 0.1
_SAME_COLOUR: Final = 12
"""Of 255, in each of red, green and blue: nobody sees letters so near to their ground."""

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_MEDIA: Final = re.compile(r"@[a-z-]+([^{};@]*)\{((?:[^{}]*\{[^{}]*\})*)[^{}]*\}", re.IGNORECASE)
_SELECTOR: Final = re.compile(r"(?:[a-z][a-z0-9]*)?(?:[.#][\w-]+)?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\s*(-?\d{0,6}(?:\.\d{1,6})?)\s*([a-z%]*)", re.IGNORECASE)
_HEX: Final = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})(?:[0-9a-f]{1,2})?", re.IGNORECASE)
_RGB: Final = re.compile(r"rgba?\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})[^)]*\)")
_NAMED: Final = {
    "white": (255, 255, 255), "black": (0, 0, 0), "snow": (255, 250, 250),
    "ivory": (255, 255, 240), "whitesmoke": (245, 245, 245), "ghostwhite": (248, 248, 255),
}  # fmt: skip
_PX: Final = {"": 1.0, "px": 1.0, "pt": 1.33, "em": 16.0, "rem": 16.0, "ex": 8.0, "%": 0.16}
_UNSEEN: Final = frozenset({"script", "style", "title", "template", "noscript", "textarea"})


@dataclass(frozen=True, slots=True)
class Look:
    """How text looks where an element stands; what an element does not change it inherits."""

    gone: bool = False
    invisible: bool = False
    tiny: bool = False
    colour: Colour | None = (0, 0, 0)
    ground: Colour | None = (255, 255, 255)

    @property
    def hidden(self) -> bool:
        """Whether nobody sees text that looks so."""
        return self.gone or self.invisible or self.tiny or _alike(self.colour, self.ground)


def sheet_rules(css: str) -> dict[str, dict[str, str]]:
    """
    Return the declarations of a style sheet by selector: a tag, a class, an id, or a tag with one.

    What holds only on some screens, or on paper, does not count.
    """
    css = _MEDIA.sub(_always, _COMMENT.sub("", css[:_LONGEST_SHEET]))
    rules: dict[str, dict[str, str]] = {}
    for rule in css.split("}"):
        selectors, _, style = rule.rpartition("{")
        for selector in selectors.split(","):
            name = selector.strip().lower()
            if name and _SELECTOR.fullmatch(name):
                rules.setdefault(name, {}).update(declarations(style))
        if len(rules) > _MOST_RULES:
            break
    return rules


def _always(media: re.Match[str]) -> str:
    return media[2] if media[1].strip().lower() in ("", "all", "screen") else ""


def declarations(style: str) -> dict[str, str]:
    """Return what a style attribute declares."""
    pairs = (each.partition(":") for each in style[:_LONGEST_STYLE].lower().split(";"))
    return {
        name.strip(): value.replace("!important", "").strip() for name, _, value in pairs if value
    }


def look(name: str, attributes: Styles, around: Look, rules: Mapping[str, dict[str, str]]) -> Look:
    """Return how text looks inside of an element that stands in `around`."""
    declared = _declared(name, attributes, rules)
    ground = _ground(attributes, declared, around.ground)
    visibility = declared.get("visibility", "")
    font = _px(declared.get("font-size"))
    return Look(
        gone=around.gone or name in _UNSEEN or "hidden" in attributes or _is_gone(declared),
        invisible=visibility in ("hidden", "collapse") if visibility else around.invisible,
        tiny=around.tiny if font is None else font < _LEAST_FONT_PX,
        colour=_painted(declared.get("color") or attributes.get("color"), around.colour, ground),
        ground=ground,
    )


def _declared(name: str, attributes: Styles, rules: Mapping[str, dict[str, str]]) -> dict[str, str]:
    """Return an element's declarations, nearly in the order of the cascade."""
    if not rules and "style" not in attributes:
        return {}
    marks = [f".{each}" for each in attributes.get("class", "").lower().split()[:20]]
    marks += [f"#{each}" for each in attributes.get("id", "").lower().split()[:1]]
    declared: dict[str, str] = {}
    for key in (name, *marks, *(name + mark for mark in marks)):
        declared |= rules.get(key, {})
    return declared | declarations(attributes.get("style", ""))


def _is_gone(declared: Styles) -> bool:
    """Tell whether an element and all in it is not drawn, or drawn where nobody looks."""
    if not declared:
        return False
    clipped = declared.get("overflow", "") in ("hidden", "clip")
    flat = any(
        _px(declared.get(each)) == 0 for each in ("max-height", "height", "max-width", "width")
    )
    opacity = _px(declared.get("opacity"))
    return (
        declared.get("display") == "none"
        or declared.get("mso-hide") == "all"
        or (opacity is not None and opacity <= _LEAST_OPACITY)
        or (clipped and flat)
        or "scale(0" in declared.get("transform", "")
        or (
            declared.get("position") in ("absolute", "fixed")
            and "rect(" in declared.get("clip", "")
        )
        or any(
            (_px(declared.get(each)) or 0) <= _OFF_THE_PAGE_PX
            for each in ("left", "top", "text-indent", "margin-left", "margin-top")
        )
    )


def _px(text: str | None) -> float | None:
    """Return a length in pixels, roughly; None where it is not told, or in words."""
    found = _NUMBER.match(text) if text else None
    if found is None or found[1] in ("", "-") or found[2] not in _PX:
        return None
    return float(found[1]) * _PX[found[2]]


def _ground(attributes: Styles, declared: Styles, around: Colour | None) -> Colour | None:
    """Return what is behind the text; None where a picture is, or nobody knows."""
    told = declared.get("background-color") or declared.get("background") or ""
    told = told or attributes.get("bgcolor", "")
    if "url(" in told or "gradient" in told or "background" in attributes:
        return None
    if not told or told in ("transparent", "none", "inherit", "initial"):
        return around
    return next((c for c in map(_colour, [told, *told.split()]) if c), None)


def _painted(told: str | None, around: Colour | None, ground: Colour | None) -> Colour | None:
    if not told or told in ("inherit", "currentcolor"):
        return around
    return ground if told == "transparent" else _colour(told)


def _colour(text: str) -> Colour | None:
    text = text.strip().lower()
    if text in _NAMED:
        return _NAMED[text]
    if found := _RGB.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _HEX.fullmatch(text):
        digits = found[1] if len(found[1]) == 6 else "".join(each * 2 for each in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    return None


def _alike(one: Colour | None, other: Colour | None) -> bool:
    if one is None or other is None:
        return False
    return all(abs(a - b) <= _SAME_COLOUR for a, b in zip(one, other, strict=True))
