"""What people write to opt out, and in."""

import pytest

from trunkline.core.compliance.optout import OptWord, opt_word
from trunkline.core.inbound.text import visible

# --- opting out -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        *("stop", "STOP", "Stop.", " stop!! ", '"STOP"', "stop 🛑", "🛑", "STOP\n", "s\u200btop"),
        *("quit", "END", "revoke", "opt out", "Opt-Out", "OPTOUT", "cancel", "unsubscribe"),
        *("STOPALL", "stop all", "stpo", "no más", "NO MAS", "arrêt", "ARRET"),
        *("no ma\u0301s", "arre\u0302t", "\uff33\uff34\uff2f\uff30", "Please stop texting me!"),
    ],
)
def test_the_words_of_an_opt_out_are_known(body: str) -> None:
    assert opt_word(visible(body)) is OptWord.STOP


@pytest.mark.parametrize("body", ["start", "START", "Start!", "unstop"])
def test_the_words_of_an_opt_in_are_known(body: str) -> None:
    assert opt_word(body) is OptWord.START


@pytest.mark.parametrize(
    "body",
    ["", "👍", "HELP", "INFO", "yes", "don't stop", "stop by at five", "the end", "restart", "no"],
)
def test_a_word_within_a_sentence_is_no_opt_out(body: str) -> None:
    assert opt_word(body) is None
