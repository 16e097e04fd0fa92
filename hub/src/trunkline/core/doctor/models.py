"""What an examination finds."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a finding is to be taken."""

    OK = "ok"
    """Nothing is to be done."""

    LOOK = "look"
    """The hub works; somebody should look at it."""

    BAD = "bad"
    """Something does not work, or cannot be true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding: what it is about, and a sentence that says what to do, if anything."""

    subject: str
    verdict: Verdict
    sentence: str


def ok(subject: str, sentence: str) -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(subject=subject, verdict=Verdict.OK, sentence=sentence)


def look(subject: str, sentence: str) -> Finding:
    """Return a finding that somebody should look at."""
    return Finding(subject=subject, verdict=Verdict.LOOK, sentence=sentence)


def bad(subject: str, sentence: str) -> Finding:
    """Return a finding that something does not work."""
    return Finding(subject=subject, verdict=Verdict.BAD, sentence=sentence)
