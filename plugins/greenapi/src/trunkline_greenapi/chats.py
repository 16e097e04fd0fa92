"""Numbers as GREEN-API writes them: ``79001234568@c.us`` is the chat with +79001234568."""

import re
from typing import Final

from trunkline.sdk import Rejected, e164

_PERSON: Final = re.compile(r"([1-9][0-9]{6,14})(?::[0-9]{1,3})?@c\.us")
"""The part after a colon is the device that somebody wrote from, and no part of who they are."""

_LID: Final = re.compile(r"([1-9][0-9]{6,19})(?::[0-9]{1,3})?@lid")
"""Who shows no number (GREEN-API, "Important differences of lid", 2026)."""
_TELLING_DIGITS: Final = 8


def chat_of(recipient: str) -> str:
    """Return the chat with a person, never a group's; Rejected if it is neither number nor LID."""
    if _LID.fullmatch(recipient):
        return recipient
    try:
        return f"{e164(recipient).removeprefix('+')}@c.us"
    except ValueError:
        raise Rejected(
            "GREEN-API reaches phone numbers and who wrote to it, and no business-scoped ids or "
            "groups: write to the person's number, or through another provider."
        ) from None


def address_of(chat: str) -> str:
    """Return the number of a person's chat in E.164, or their id; another id stays as it is."""
    if lid := _LID.fullmatch(chat):
        return f"{lid[1]}@lid"
    person = _PERSON.fullmatch(chat)
    return f"+{person[1]}" if person else chat


def is_person(chat: str) -> bool:
    """Tell a person's chat from a group, a channel and a status that everybody sees."""
    return chat.endswith(("@c.us", "@lid"))


def is_same(chat: str, recipient: str) -> bool:
    """
    Tell whether a chat may be the one with a number.

    WhatsApp writes some numbers in another way than they are dialled (+55 11 9… without the 9,
    +52 1… without the 1), and people by ids that tell no number. Who takes such a chat for another
    person's would send again what was sent; what a message says then tells which one it is.
    """
    if chat.endswith("@lid"):
        return True
    if recipient.endswith("@lid"):
        return True
    ours, theirs = recipient.removeprefix("+"), address_of(chat).removeprefix("+")
    return ours == theirs or (
        ours[:2] == theirs[:2] and ours[-_TELLING_DIGITS:] == theirs[-_TELLING_DIGITS:]
    )
