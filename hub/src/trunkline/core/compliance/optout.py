"""Opt-out by text: STOP closes a number for the workspace, START opens what STOP closed."""

import re
import unicodedata
from enum import StrEnum
from typing import Final

# 47 CFR 64.1200(a)(10), in force since 2025-04-11 (read 2026-11-21), names stop, quit, end, revoke,
# opt out, cancel and unsubscribe. STOPALL is the carriers' word; the others are common Spanish and
# French forms and the most frequent misspelling.
STOP_WORDS: Final = frozenset(
    {
        "stop",
        "quit",
        "end",
        "revoke",
        "opt out",
        "optout",
        "cancel",
        "unsubscribe",
        "stopall",
        "stop all",
        "stpo",
        "no mas",
        "no más",
        "arret",
        "arrêt",
        "please stop texting me",
    }
)
STOP_SIGN: Final = "🛑"
START_WORDS: Final = frozenset({"start", "unstop"})

_NOISE: Final = re.compile(r"[^\w ]+|_")


class OptWord(StrEnum):
    """What an inbound text asks of the suppression list."""

    STOP = "stop"
    START = "start"


def opt_word(body: str) -> OptWord | None:
    """Return what `body` asks for, if it is one of the words and nothing else."""
    folded = unicodedata.normalize("NFKC", body).casefold()
    text = " ".join(_NOISE.sub(" ", folded).split())
    if text in STOP_WORDS or body.strip() == STOP_SIGN:
        return OptWord.STOP
    return OptWord.START if text in START_WORDS else None
