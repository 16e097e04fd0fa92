"""Every mistake, and those that the suite does not find."""

from typing import Final

from tests.unseen.asking import LOOKING_UP, REFUSING
from tests.unseen.listening import READING, VERIFYING
from tests.unseen.mutant import Mutant
from tests.unseen.sending import SENDING

_COMPARED: Final = "if not hmac.compare_digest(expected.encode(), given.encode()):"

MUTANTS: Final = [*SENDING, *REFUSING, *LOOKING_UP, *VERIFYING, *READING]

NOT_CAUGHT: Final = {
    Mutant(
        "It posts to another path", "/v3/dispatches", "/v2/dispatches", ""
    ): "which path is right stands in the vendor's manual alone",
    Mutant(
        "It names a header wrongly", '"helio-key": key', '"x-helio-key": key', ""
    ): "so does the name of what the key is sent in",
    Mutant(
        "It promises that keys hold for a year", "window_s=24 * 3600", "window_s=365 * 86_400", ""
    ): "so does for how long it remembers a key",
    Mutant(
        "It calls a refused text temporary trouble",
        "sdk.FailureKind.REFUSED",
        "sdk.FailureKind.TEMPORARY",
        "",
    ): "so does what a code means",
    Mutant(
        "It does not know that somebody may be written to again",
        ', "given": sdk.OptOut.START',
        "",
        "",
    ): "the author shows no webhook that says so",
    Mutant(
        "It cuts texts to 1,600 characters", '"text": sms.body,', '"text": sms.body[:1600],', ""
    ): "that is the longest text of the suite, as many vendors take no longer one",
    Mutant(
        "It takes time to compare that tells of the proof",
        _COMPARED,
        "if expected.encode() != given.encode():",
        "",
    ): "a test cannot time that reliably",
}
"""Mistakes that the suite does not find, and why."""
