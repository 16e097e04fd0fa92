"""Whether what a provider has is a message of ours: by what it says, never by when or by order."""

import re
import unicodedata
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from trunkline.core.messages.choices import numbered
from trunkline.core.messages.content import Content
from trunkline.sdk import CallReport, Report

_LINK: Final = re.compile(r"\S+://\S+|\b[\w.-]+\.[a-z]{2,}/\S+", re.IGNORECASE)


class Likeness(Enum):
    """How what a provider has compares with what was to be sent."""

    SAME = "same"
    """It says the same, to the letter."""

    PERHAPS = "perhaps"
    """Providers replace characters, shorten links, put words before a text: it may be the one."""

    OTHER = "other"
    """It says something else."""


def likeness(content: Content | None, report: Report) -> Likeness:
    """Compare a message, whose content is gone if None, with what a provider tells of one."""
    by_template = content is not None and (content.template or content.at_providers)
    if content is None or report.body is None or by_template:
        return Likeness.PERHAPS  # what a template comes to, only its provider knows
    if report.media_count is not None and report.media_count != len(content.media_urls):
        return Likeness.OTHER
    # Choices are lines of the text, or the provider shows them as buttons below it.
    said = {content.body, numbered(content.body, content.choices)}
    found = {_alike(_plain(ours), _plain(report.body)) for ours in said}
    return next(each for each in Likeness if each in found)


def near(report: CallReport, earliest: datetime, latest: datetime) -> Likeness:
    """
    Compare a call with one that was asked for then; times are by the provider's clock.

    It tells nothing but who and when, and somebody else may have called for the same account: that
    there is none proves that it was not placed, and that there is one proves nothing.
    """
    if report.created_at is None or earliest - _NEAR <= report.created_at <= latest + _NEAR:
        return Likeness.PERHAPS
    return Likeness.OTHER


_NEAR: Final = timedelta(minutes=1)
"""So far clocks that were compared may still be apart."""


def _alike(ours: str, theirs: str) -> Likeness:
    if ours == theirs:
        return Likeness.SAME
    ours, theirs = _kernel(ours), _kernel(theirs)
    longer = bool(ours) and (theirs.startswith(ours) or theirs.endswith(ours))
    cut = bool(theirs) and ours.startswith(theirs) and 2 * len(theirs) >= len(ours)
    return Likeness.PERHAPS if ours == theirs or longer or cut else Likeness.OTHER


def _plain(text: str) -> str:
    """Return a text without what no provider promises to keep: blanks around it, composition."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


def _kernel(text: str) -> str:
    """Return the letters and digits of a text alone, without its links."""
    folded = unicodedata.normalize("NFKD", _LINK.sub("", text)).casefold()
    return "".join(character for character in folded if character.isalnum())
