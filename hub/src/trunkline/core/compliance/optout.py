"""
Opt-out by text: what somebody asks of the suppression list, in their own words.

47 CFR 64.1200(a)(10), in force since 2025-04-11 (read 2026-11-21): consent may be revoked in any
reasonable manner; stop, quit, end, revoke, opt out, cancel and unsubscribe always suffice, other
words where a reasonable person would understand them so. START opens again, and is never guessed.
"""

from typing import Final

from trunkline.core.compliance.optword import OptWord
from trunkline.core.compliance.plain import sentences

START_WORDS: Final = frozenset({"start", "unstop", "yes"})
"""What opens again, if a text is that and nothing else (Twilio's defaults, 2026-11-30)."""


def opt_word(body: str) -> OptWord | None:
    """Return what `body` asks for, if anything."""
    said = sentences(body)
    if not said:
        return None
    if len(said) == 1 and said[0].text in START_WORDS and not said[0].is_question:
        return OptWord.START
    from trunkline.core.compliance.judging import judged  # its patterns take 0.15 s to compile

    return judged(said)
