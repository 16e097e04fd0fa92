"""What a person would see of a text that came in, made out before any transaction."""

from dataclasses import dataclass, fields, replace
from typing import Final

from trunkline.core.compliance.optout import OptWord, opt_word
from trunkline.core.inbound.text import visible
from trunkline.core.messages.content import media_type
from trunkline.sdk import Media, OptOut, Received

LONGEST_TEXT: Final = 39_015
"""Most characters of a text: 255 segments of 153 (3GPP TS 23.040 §9.2.3.24.1, TS 23.038 §6.1)."""

_LONGEST_SENDER: Final = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenText(Received):
    """A text of which everything that cannot be seen is gone; `asks` is what it wants of us."""

    asks: OptWord | None


class Unfit(ValueError):
    """A text that the hub cannot take; the sentence is for an operator."""


def seen(text: Received) -> SeenText:
    """
    Return what can be seen of a text, its sender and its media, and what it asks for.

    Raises:
        Unfit: It is longer than any text can be, or nobody sent it.
    """
    if len(text.body) > LONGEST_TEXT:
        raise Unfit(f"The text is longer than any can be: over {LONGEST_TEXT} characters.")
    sender = " ".join(visible(text.sender).split())
    if not 0 < len(sender) <= _LONGEST_SENDER:
        raise Unfit("The provider does not say who wrote the text.")
    told = {field.name: getattr(text, field.name) for field in fields(text)}
    told["sender"] = sender
    told["body"] = visible(text.body)
    if _is_media(text.media):  # else it cannot be stored, and what it asks for counts all the same
        told["media"] = tuple(
            replace(each, url=visible(each.url), content_type=media_type(each.content_type))
            for each in text.media
        )
    return SeenText(**told, asks=_asks(text.opt_out, told["body"]))


def _is_media(given: object) -> bool:
    return isinstance(given, tuple) and all(
        isinstance(each, Media) and isinstance(each.url, str) for each in given
    )


def _asks(opt_out: OptOut | None, body: str) -> OptWord | None:
    """Return what a text asks for; what the provider made of it counts for more than its words."""
    if opt_out is not None:
        return OptWord(str(opt_out))
    return opt_word(body)
