"""Which conversation a mail belongs to: ids, subjects, and what makes a claim to one believable."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from trunkline.sdk.mail.charsets import header_text, one_line

_ID: Final = re.compile(r"<([^<>\x00-\x20\x7f]{1,998})>")
_ENDS: Final = 100
"""Of the ancestors a mail names, so many of the first and of the last are kept."""

_LONGEST_SUBJECT: Final = 998
_PREFIX: Final = re.compile(
    r"\s*(?:(?:re|r|aw|antw|antwort|sv|vs|vb|fw|fwd|wg|tr|rif|res|rv|odp|pd|ynt|ilt|ref|bls|fs|"
    r"回复|回覆|答复|转发|轉寄|返信|転送|답장|전달|отв|ответ|пересл|απ|σχετ|הנדון|رد)"
    r"(?:\s?[\[(]\d{1,4}[\])]|\s?\*\d{1,4}|\^\d{1,4}|\d{1,2})?\s?[:\uff1a]"
    r"|\[(?:ext|extern|external|externe?r?|fwd|sec=[^\]]{0,40})\])",
    re.IGNORECASE,
)


def ids(value: bytes) -> tuple[str, ...]:
    """
    Return the ids of Message-ID, In-Reply-To or References, with their brackets, each once.

    Of very many the first and the last hundred. One that lacks its brackets is given them.
    """
    text = header_text(value)
    named = list(dict.fromkeys(f"<{each}>" for each in _ID.findall(text)))
    if not named and text and "@" in text and not re.search(r"[\s<>]", text) and len(text) < 998:
        named = [f"<{text}>"]
    return tuple(named if len(named) <= 2 * _ENDS else named[:_ENDS] + named[-_ENDS:])


def canonical_subject(subject: str) -> str:
    """Return a subject without what programs put before it: for comparing, never for showing."""
    text = one_line(subject[:_LONGEST_SUBJECT])
    at = 0
    while found := _PREFIX.match(text, at):
        at = found.end()
    return text[at:].strip()


def reply_subject(subject: str) -> str:
    """Return the subject of an answer: one ``Re:``, whatever stood before."""
    return f"Re: {canonical_subject(subject)}".strip()


class Claim(StrEnum):
    """What ties a mail to a conversation that it names."""

    TOKEN = "token"
    """It came to the conversation's own reply address."""

    PARTICIPANT = "participant"
    """It names a mail of it, and its sender takes part in it."""

    UNPROVEN = "unproven"
    """It names a mail of it, but anybody can: it is a conversation of its own, with that mark."""

    NONE = "none"
    """Nothing: it is a conversation of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """
    What the hub knows of the conversation that a mail names.

    Attributes:
        participants: Keys (`address_key`) of everybody who wrote or was written to in it.
        subject: Of the mail that is named.
    """

    participants: frozenset[str]
    subject: str


def ancestors(
    message_id: str | None, in_reply_to: str | None, references: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the ids that a mail names as what it follows, the nearest first, never its own."""
    named = ((in_reply_to,) if in_reply_to else ()) + references[::-1]
    return tuple(dict.fromkeys(each for each in named if each != message_id))


def claim(
    *,
    sender: str | None,
    subject: str,
    named: str,
    in_reply_to: str | None,
    conversation: Conversation,
) -> Claim:
    """
    Return what ties a mail to the conversation of an ancestor, without a reply token.

    Args:
        sender: The mail's sender as `address_key` has it; None where it is not known.
        subject: The mail's own.
        named: The ancestor's id.
        in_reply_to: Whom the mail answers. It is taken without a look at the subject; References
            alone stay in a mail taken as a form for another matter, so they need the same one.
        conversation: The ancestor's.
    """
    same = (
        canonical_subject(subject).casefold() == canonical_subject(conversation.subject).casefold()
    )
    if named != in_reply_to and not same:
        return Claim.NONE
    return Claim.PARTICIPANT if sender in conversation.participants else Claim.UNPROVEN
