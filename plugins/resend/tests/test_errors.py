"""What Resend's refusals mean, by name and status, and what to do about each."""

import re
from pathlib import Path
from typing import Final

import httpx2
import pytest

from plugins.resend.tests.vendor import PERSON
from trunkline.sdk import (
    AuthFailed,
    FailureKind,
    NotSetUp,
    OutcomeUnknown,
    OutOfCredit,
    ProviderError,
    Rejected,
    RetryLater,
)
from trunkline_resend.errors import REFUSALS, refusal
from trunkline_resend.failures import FAILURES, bounce_code

INVALID: Final = "API key is invalid"


def refused(
    status: int, name: object, message: object = f"No {PERSON}", **headers: str
) -> ProviderError:
    body = {"statusCode": status, "name": name, "message": message}
    return refusal(httpx2.Response(status, json=body, headers=headers))


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "validation_error", Rejected),
        (400, "invalid_idempotency_key", Rejected),
        (401, "missing_api_key", AuthFailed),
        (401, "restricted_api_key", AuthFailed),
        (401, "anything", AuthFailed),
        (403, "invalid_api_key", AuthFailed),
        (403, "validation_error", NotSetUp),
        (403, "anything", AuthFailed),
        (404, "not_found", Rejected),
        (405, "method_not_allowed", Rejected),
        (409, "invalid_idempotent_request", OutcomeUnknown),
        (409, "concurrent_idempotent_requests", OutcomeUnknown),
        (413, "anything", Rejected),
        (422, "missing_required_field", Rejected),
        (422, "validation_error", Rejected),
        (422, "invalid_attachment", Rejected),
        (422, "invalid_parameter", Rejected),
        (422, "invalid_access", AuthFailed),
        (422, "invalid_from_address", NotSetUp),
        (429, "rate_limit_exceeded", RetryLater),
        (429, "anything", RetryLater),
        (429, "daily_quota_exceeded", OutOfCredit),
        (429, "monthly_quota_exceeded", OutOfCredit),
        (451, "security_error", NotSetUp),
        (408, "anything", OutcomeUnknown),
        (302, "anything", OutcomeUnknown),
        (500, "internal_server_error", OutcomeUnknown),
        (503, "validation_error", OutcomeUnknown),
    ],
)
def test_a_refusal_means_what_resends_page_of_errors_says(
    status: int, name: str, kind: type[ProviderError]
) -> None:
    error = refused(status, name)

    assert type(error) is kind
    assert error.provider_code == name


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_a_key_that_resend_does_not_know_is_known_by_its_message(status: int) -> None:
    assert type(refused(status, "validation_error", INVALID)) is AuthFailed


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, AuthFailed),
        (403, AuthFailed),
        (409, OutcomeUnknown),
        (422, Rejected),
        (429, RetryLater),
        (500, OutcomeUnknown),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"\xff", b'{"name": 5}'])
def test_a_refusal_that_cannot_be_read_goes_by_its_status(
    status: int, kind: type[ProviderError], body: bytes
) -> None:
    error = refusal(httpx2.Response(status, content=body))

    assert type(error) is kind
    assert error.provider_code is None


@pytest.mark.parametrize(("name", "shown"), [("teapot", "teapot"), (None, "without a name")])
def test_a_refusal_that_is_not_in_the_catalogue_is_told_by_status_and_name(
    name: str | None, shown: str
) -> None:
    assert str(refused(418, name)) == f"Resend refused it (418, {shown})."


@pytest.mark.parametrize("name", [PERSON, "Not A Name", "x" * 65, "", 5, ["x"], True])
def test_a_name_that_is_none_is_left_out(name: object) -> None:
    error = refused(422, name)

    assert error.provider_code is None
    assert PERSON not in str(error)


@pytest.mark.parametrize(
    ("wait", "wait_s"),
    [("0", 0.0), ("7", 7.0), ("soon", 1.0), ("-5", 1.0), ("1.5", 1.0), ("nan", 1.0), ("", 1.0)],
)
def test_a_rate_limit_tells_how_long_to_wait(wait: str, wait_s: float) -> None:
    error = refused(429, "rate_limit_exceeded", **{"retry-after": wait})

    assert isinstance(error, RetryLater)
    assert error.retry_after_s == wait_s


def test_without_a_wait_a_second_is_waited() -> None:
    error = refused(429, "rate_limit_exceeded")

    assert isinstance(error, RetryLater)
    assert error.retry_after_s == 1.0


@pytest.mark.parametrize("sentence", [*(each for _, each in REFUSALS.values())])
def test_every_refusal_says_what_to_do(sentence: str) -> None:
    assert re.fullmatch(r"[A-Z][^:]+: .+\.", sentence)
    assert len(sentence) < 180


@pytest.mark.parametrize("code", FAILURES)
def test_every_failure_says_what_to_do(code: str) -> None:
    assert re.fullmatch(r"[A-Z][^:]+: .+\.", FAILURES[code].sentence)
    assert re.fullmatch("[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", code), "the hub shows no other"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("Permanent", FailureKind.UNREACHABLE),
        ("Permanent.General", FailureKind.UNREACHABLE),
        ("Permanent.NoEmail", FailureKind.UNREACHABLE),
        ("Permanent.Undetermined", FailureKind.UNREACHABLE),
        ("previous_bounce", FailureKind.UNREACHABLE),
        ("complained", FailureKind.OPTED_OUT),
        ("previous_complaint", FailureKind.OPTED_OUT),
        ("Permanent.ContentRejected", FailureKind.REFUSED),
        ("Permanent.MessageTooLarge", FailureKind.REFUSED),
        ("Transient.ContentRejected", FailureKind.REFUSED),
        ("Transient.AttachmentRejected", FailureKind.REFUSED),
        ("Transient.MessageTooLarge", FailureKind.REFUSED),
        ("Transient", FailureKind.TEMPORARY),
        ("Transient.General", FailureKind.TEMPORARY),
        ("Transient.MailboxFull", FailureKind.TEMPORARY),
        ("Permanent.MailboxFull", FailureKind.TEMPORARY),
        ("reached_daily_quota", FailureKind.NOT_SET_UP),
        ("canceled", FailureKind.NOT_SET_UP),
        ("Undetermined", FailureKind.UNEXPLAINED),
        ("bounced", FailureKind.UNEXPLAINED),
        ("suppressed", FailureKind.UNEXPLAINED),
        ("failed", FailureKind.UNEXPLAINED),
    ],
)
def test_a_code_of_a_failure_says_what_kind_it_is(code: str, kind: FailureKind) -> None:
    assert FAILURES[code].kind is kind


@pytest.mark.parametrize(
    ("kind", "why", "code"),
    [
        ("Permanent", "NoEmail", "Permanent.NoEmail"),
        ("Permanent", "SomethingNew", "Permanent"),
        ("Transient", "", "Transient"),
        ("Undetermined", "Undetermined", "Undetermined"),
        ("Novel", "NoEmail", "Novel"),
    ],
)
def test_a_bounce_of_a_new_subtype_is_told_by_its_type(kind: str, why: str, code: str) -> None:
    assert bounce_code(kind, why) == code


WORDS: Final = {
    AuthFailed: "provider_auth",
    NotSetUp: "provider_setup",
    OutOfCredit: "provider_credit",
    Rejected: "provider_rejected",
}


def test_the_manual_has_every_code_with_what_to_do_and_no_other() -> None:
    manual = (Path(__file__).parents[1] / "README.md").read_text("utf-8").splitlines()

    rows = [
        *(f"| {code} | {each.kind} | {each.sentence} |" for code, each in FAILURES.items()),
        *(
            f"| {name} | {WORDS[kind]} | {sentence} |"
            for name, (kind, sentence) in REFUSALS.items()
        ),
    ]
    assert rows == [row for row in manual if re.fullmatch(r"\| [\w.]+ \| [a-z_]+ \| .+\. \|", row)]
