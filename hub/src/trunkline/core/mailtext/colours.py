"""Colours of letters and of what is behind them, and whether an eye tells one from the other."""

from dataclasses import dataclass
from typing import Final

from tinycss2 import color4, color5

from trunkline.core.mailtext.declared import Declared, Value, word

_SAME: Final = 16
"""Of 255, in each of red, green and blue: nobody sees letters so near to their ground."""

_LEAST_ALPHA: Final = 0.05


@dataclass(frozen=True, slots=True)
class Colour:
    """Red, green and blue up to 255, and how much of it covers what is behind, up to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    def over(self, ground: "Colour | None", part: float = 1.0) -> "Colour | None":
        """Return how it looks on a ground; None where nobody knows."""
        alpha = self.alpha * part
        if alpha > 1 - _LEAST_ALPHA:
            return Colour(self.red, self.green, self.blue)
        if ground is None:
            return None
        mixed = (
            mine * alpha + its * (1 - alpha)
            for mine, its in zip(_channels(self), _channels(ground), strict=True)
        )
        return Colour(*mixed)

    def vanishes(self, ground: "Colour | None", part: float) -> bool:
        """Tell whether nobody sees letters of this colour on a ground."""
        if self.alpha * part <= _LEAST_ALPHA:
            return True
        drawn = self.over(ground, part)
        if drawn is None or ground is None:
            return False
        return all(
            abs(mine - its) <= _SAME
            for mine, its in zip(_channels(drawn), _channels(ground), strict=True)
        )


def _channels(colour: Colour) -> tuple[float, float, float]:
    return colour.red, colour.green, colour.blue


BLACK: Final = Colour(0, 0, 0)
WHITE: Final = Colour(255, 255, 255)


def letters(declared: Declared, told: str | None, around: Colour | None) -> Colour | None:
    """Return the colour of letters; None where nobody knows."""
    value = declared.get("color")
    colour = around
    if value is not None:
        colour = _read(value, around)
    elif told:
        colour = _named(told)
    fill = declared.get("-webkit-text-fill-color")
    return colour if fill is None else _read(fill, colour)


def ground(declared: Declared, told: str | None, around: Colour | None) -> Colour | None:
    """Return what is behind letters; None where a picture is, or nobody knows."""
    image, value = declared.get("background-image"), declared.get("background-color")
    if image and word(image) not in ("none", "initial", "unset"):
        return None
    if value is None:
        return _named(told) if told else around
    if word(value) in ("initial", "unset", "none"):
        return around
    colour = _read(value, None)
    return None if colour is None else colour.over(around)


def _read(value: Value, around: Colour | None) -> Colour | None:
    if word(value) in ("inherit", "unset", "currentcolor"):
        return around
    if word(value) == "initial":
        return BLACK
    return _parsed(value[0]) if value else None


def _named(told: str) -> Colour | None:
    """Return the colour that an attribute of HTML tells."""
    return _parsed(told.strip()) or _parsed(f"#{told.strip()}")


def _parsed(told: object) -> Colour | None:
    found = color5.parse_color(told)
    if not isinstance(found, color4.Color):
        return None  # no colour, or the word for another one
    try:
        red, green, blue, alpha = found.to("srgb")
    except NotImplementedError:
        return None  # of a space that cannot be converted
    if None in (red, green, blue, alpha):
        return None
    return Colour(red * 255, green * 255, blue * 255, alpha)
