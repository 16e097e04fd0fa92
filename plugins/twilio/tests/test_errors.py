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
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Rejected,
    RetryLater,
)
from trunkline_twilio.errors import CATALOGUE, refusal

_DATES: Final = r"[A-Z][a-z]{2}, [0-9]{1,22} (Jan|May|Xyz) [0-9]{1,22} [0-9:]{5,8} [+-][0-9]{1,6}"


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
        (21212, Rejected),
        (21408, Rejected),
        (21606, Rejected),
        (21608, Rejected),
        (21610, Rejected),
        (21612, Rejected),
        (21614, Rejected),
        (21659, Rejected),
        (30034, Rejected),
        (63016, Rejected),
    ],
)
def test_a_code_means_what_twilios_dictionary_says(code: int, kind: type[ProviderError]) -> None:
    error = refused(400, code)

    assert type(error) is kind
    assert error.provider_code == str(code)


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_says_in_one_short_sentence_what_to_do(code: int) -> None:
    sentence = str(refused(400, code))

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


def test_the_manual_has_every_code() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "use" / "twilio.md").read_text("utf-8")

    assert {int(code) for code in re.findall(r"\b\d{5}\b", manual)} == set(CATALOGUE)


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
