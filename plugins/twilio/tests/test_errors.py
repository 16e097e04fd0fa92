"""What the suites cannot know: Twilio's own codes, and how it says how long to wait."""

import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.twilio.tests.vendor import PERSON, SENT_AT
from trunkline.sdk import (
    AuthFailed,
    FailureKind,
    NotSetUp,
    OptedOut,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Rejected,
    RetryLater,
)
from trunkline_twilio.call_failures import CALL_FAILURES
from trunkline_twilio.errors import ACCOUNT, refusal
from trunkline_twilio.failures import FAILURES
from trunkline_twilio.plugin import TWILIO

_DATES: Final = r"[A-Z][a-z]{2}, [0-9]{1,22} (Jan|May|Xyz) [0-9]{1,22} [0-9:]{5,8} [+-][0-9]{1,6}"


WORDS: Final = {
    AuthFailed: "provider_auth",
    OutOfCredit: "provider_credit",
    RetryLater: "sent again by itself",
}


def refused(status: int, code: object, **headers: str) -> ProviderError:
    body = {"code": code, "message": f"The 'To' number {PERSON} …", "status": status}
    encoded = httpx2.Headers(headers, encoding="latin-1")
    return refusal(httpx2.Response(status, json=body, headers=encoded), SENT_AT)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (20003, AuthFailed),
        (20404, AuthFailed),
        (10001, OutOfCredit),
        (20005, OutOfCredit),
        (90010, OutOfCredit),
        (20429, RetryLater),
        (21611, RetryLater),
        (21211, Rejected),
        (21212, NotSetUp),
        (21408, NotSetUp),
        (21606, NotSetUp),
        (21608, NotSetUp),
        (21610, OptedOut),
        (21612, Rejected),
        (21614, Rejected),
        (21659, NotSetUp),
        (30034, NotSetUp),
        (63016, Rejected),
    ],
)
def test_a_code_means_what_twilios_dictionary_says(code: int, kind: type[ProviderError]) -> None:
    error = refused(400, code)

    assert type(error) is kind
    assert error.provider_code == str(code)


@pytest.mark.parametrize("code", [*ACCOUNT, *FAILURES])
def test_every_code_says_in_one_short_sentence_what_to_do(code: str) -> None:
    sentence = str(refused(400, int(code)))

    assert re.fullmatch(r"[A-Z][^.]+: [^.]+(\.[^. ][^.]*)?\.", sentence)
    assert len(sentence) < 160


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, AuthFailed),
        (403, AuthFailed),
        (404, Rejected),
        (429, RetryLater),
        (302, OutcomeUnknown),
        (500, OutcomeUnknown),
        (503, OutcomeUnknown),
    ],
)
@pytest.mark.parametrize("code", [99_999, None, "x"])
def test_a_code_that_is_not_in_the_catalogue_leaves_it_to_the_status(
    status: int, kind: type[ProviderError], code: object
) -> None:
    assert type(refused(status, code)) is kind


def test_the_manual_has_every_code_with_what_to_do() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "use" / "twilio.md").read_text("utf-8")

    rows = [
        *(f"| {code} | {each.kind} | {each.sentence} |" for code, each in FAILURES.items()),
        *(f"| {code} | {each.kind} | {each.sentence} |" for code, each in CALL_FAILURES.items()),
        *(f"| {code} | {WORDS[kind]} | {sentence} |" for code, (kind, sentence) in ACCOUNT.items()),
    ]
    assert [row for row in sorted(rows) if row not in manual.splitlines()] == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("21610", FailureKind.OPTED_OUT),
        ("30001", FailureKind.TEMPORARY),
        ("30002", FailureKind.NOT_SET_UP),
        ("30003", FailureKind.UNREACHABLE),
        ("30004", FailureKind.UNREACHABLE),
        ("30005", FailureKind.UNREACHABLE),
        ("30006", FailureKind.UNREACHABLE),
        ("30007", FailureKind.REFUSED),
        ("30008", FailureKind.UNEXPLAINED),
        ("30022", FailureKind.TEMPORARY),
        ("30023", FailureKind.TEMPORARY),
        ("30032", FailureKind.NOT_SET_UP),
        ("30034", FailureKind.NOT_SET_UP),
        ("30035", FailureKind.NOT_SET_UP),
        ("30036", FailureKind.TEMPORARY),
        ("30038", FailureKind.REFUSED),
        ("30450", FailureKind.NOT_SET_UP),
        ("30453", FailureKind.UNEXPLAINED),
        ("63014", FailureKind.OPTED_OUT),
        ("63015", FailureKind.NOT_SET_UP),
        ("63016", FailureKind.OUT_OF_WINDOW),
        ("63018", FailureKind.TEMPORARY),
        ("63024", FailureKind.UNREACHABLE),
        ("63032", FailureKind.REFUSED),
        ("63040", FailureKind.REFUSED),
        ("63049", FailureKind.REFUSED),
    ],
)
def test_case_c5_the_code_of_a_failed_text_says_what_to_do(code: str, kind: FailureKind) -> None:
    assert TWILIO.failures[code].kind is kind


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (400, 21408, "Geo permissions"),
        (400, 21606, "a number that the account owns"),
        (400, 21608, "Verified Caller IDs"),
        (400, 21659, "a number that the account owns"),
        (400, 21660, "a number that the account owns"),
        (400, 30034, "A2P 10DLC"),
        (403, 20003, "permission"),
    ],
)
def test_case_c8_what_an_operator_must_set_up_is_told_with_twilios_code(
    status: int, code: int, advice: str
) -> None:
    error = refused(status, code)

    assert type(error) is NotSetUp
    assert error.provider_code == str(code)
    assert advice in str(error)


def test_no_code_makes_a_broken_server_a_refusal() -> None:
    assert type(refused(500, 21211)) is OutcomeUnknown


@pytest.mark.parametrize("code", [14155550199, PERSON, "21211 for +14155550199", [21211], True, -1])
def test_a_code_that_is_none_is_left_out(code: object) -> None:
    error = refused(400, code)

    assert error.provider_code is None
    assert "4155550199" not in str(error)


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("Thu, 15 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 15 Jan 2026 13:00:30 +0100", 30.0),
        ("Thursday, 15-Jan-26 12:00:30 GMT", 30.0),
        ("Thu Jan 15 12:00:30 2026", 30.0),
        ("Thu, 15 Jan 2026 11:00:00 GMT", 0.0),
        ("soon", 1.0),
        ("-5", 1.0),
        ("²", 1.0),
        ("", 1.0),
    ],
)
def test_a_wait_is_read_in_seconds_or_as_a_date(header: str, wait_s: float) -> None:
    error = refused(429, 20429, **{"Retry-After": header})

    assert isinstance(error, RetryLater)
    assert error.retry_after_s == wait_s


def test_without_a_wait_a_second_is_waited() -> None:
    error = refused(429, 20429)

    assert isinstance(error, RetryLater)
    assert error.retry_after_s == 1.0


@given(
    st.one_of(
        st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=40),
        st.from_regex(_DATES, fullmatch=True),
    )
)
def test_no_wait_that_a_vendor_can_write_is_anything_but_a_time_to_wait(header: str) -> None:
    response = httpx2.Response(429, headers=[(b"Retry-After", header.encode("latin-1"))])

    error = refusal(response, datetime.now(UTC) - timedelta(days=1))

    assert isinstance(error, RetryLater)
    assert not math.isnan(error.retry_after_s)
    assert error.retry_after_s >= 0
