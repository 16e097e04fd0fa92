"""Whose request it is: Svix's own vector, its sister package's verdict, and what must not pass."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from plugins.resend.tests.vendor import (
    CONFIG,
    CONFIGURED,
    EVENT,
    SECRET,
    SENT_AT,
    report,
    request,
    signature,
)
from trunkline.sdk import BadSignature, WebhookRequest
from trunkline_resend.config import ResendConfig
from trunkline_resend.webhooks import ResendWebhooks

ADAPTER: Final = ResendWebhooks()
OTHER: Final = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
BODY: Final = json.dumps({"type": "email.sent"}).encode()
NOW: Final = str(int(SENT_AT.timestamp()))


def is_accepted(told: WebhookRequest, config: ResendConfig = CONFIGURED) -> bool:
    try:
        ADAPTER.verify(told, config)
    except BadSignature:
        return False
    return True


def configured(*secrets: str) -> ResendConfig:
    return ResendConfig.model_validate({**CONFIG, "webhook_secret": " ".join(secrets)})


VECTOR: Final = request(
    b'{"test": 2432232314}',
    sent_at="1614265330",
    signatures=["v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="],
    received_at=datetime.fromtimestamp(1614265330, UTC),
)
"""What the package `svix`, version 2.9.1, signs with this secret."""


def test_what_svix_signed_is_accepted() -> None:
    ADAPTER.verify(VECTOR, CONFIGURED)


@pytest.mark.parametrize(
    "changed",
    [
        replace(VECTOR, body=VECTOR.body + b" "),
        replace(VECTOR, body=b""),
        replace(VECTOR, headers={**VECTOR.headers, "svix-id": "msg_other"}),
        replace(VECTOR, headers={**VECTOR.headers, "svix-timestamp": "1614265331"}),
        replace(VECTOR, headers={**VECTOR.headers, "svix-timestamp": "01614265330"}),
        replace(VECTOR, headers={**VECTOR.headers, "svix-signature": ""}),
        replace(VECTOR, headers={}),
    ],
)
def test_what_was_changed_since_is_refused(changed: WebhookRequest) -> None:
    assert not is_accepted(changed)


@pytest.mark.parametrize(
    ("signatures", "accepted"),
    [
        (["v1,AAAA", signature(BODY, EVENT, NOW)], True),
        ([signature(BODY, EVENT, NOW), "v1,AAAA"], True),
        (["v1a,AAAA", "v2,AAAA", signature(BODY, EVENT, NOW)], True),
        ([signature(BODY, EVENT, NOW, OTHER), signature(BODY, EVENT, NOW)], True),
        ([signature(BODY, EVENT, NOW, OTHER)], False),
        ([signature(BODY, EVENT, NOW).replace("v1,", "v1a,")], False),
        ([signature(BODY, EVENT, NOW).replace("v1,", "v2,")], False),
        ([signature(BODY, EVENT, NOW).removeprefix("v1,")], False),
        ([signature(BODY, EVENT, NOW).swapcase()], False),
        (["v1,"], False),
        (["v1,é"], False),
        ([], False),
    ],
)
def test_any_one_of_several_signatures_will_do(signatures: list[str], accepted: bool) -> None:
    assert is_accepted(request(BODY, signatures=signatures)) is accepted


@pytest.mark.parametrize("secrets", [(SECRET, OTHER), (OTHER, SECRET)])
def test_while_a_secret_is_replaced_both_count(secrets: tuple[str, str]) -> None:
    config = configured(*secrets)

    for secret in secrets:
        assert is_accepted(request(BODY, signatures=[signature(BODY, EVENT, NOW, secret)]), config)


def test_once_a_secret_is_replaced_the_old_one_does_not_count() -> None:
    assert not is_accepted(request(BODY), configured(OTHER))


def test_without_a_secret_nothing_is_believed() -> None:
    config = ResendConfig.model_validate({"api_key": "re_1"})

    with pytest.raises(BadSignature, match="webhook_secret"):
        ADAPTER.verify(request(BODY), config)


@pytest.mark.parametrize(
    ("off_s", "accepted"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)]
)
def test_a_signature_holds_for_five_minutes_either_way(off_s: int, accepted: bool) -> None:
    told = request(BODY, received_at=SENT_AT + timedelta(seconds=off_s))

    assert is_accepted(told) is accepted


@pytest.mark.parametrize("sent_at", ["", "soon", "nan", "-5", "1e9", "²", f"{NOW}.0", "9" * 5000])
def test_a_time_that_is_none_is_refused_however_it_is_signed(sent_at: str) -> None:
    told = request(BODY, sent_at=sent_at, signatures=[signature(BODY, EVENT, sent_at)])

    assert not is_accepted(told)


def test_a_request_without_an_id_is_refused_however_it_is_signed() -> None:
    assert not is_accepted(request(BODY, event=""))


def test_the_parts_that_are_signed_cannot_be_cut_anew() -> None:
    inner = b'1768478400.{"type": "email.sent"}'
    whole = request(inner, event="msg_1")
    moved = {**whole.headers, "svix-id": f"msg_1.{NOW}", "svix-timestamp": "1768478400"}

    assert not is_accepted(replace(whole, headers=moved, body=inner.partition(b".")[2] + b" "))


def test_it_claims_what_svix_signed_and_nothing_else() -> None:
    told = report("delivered")

    assert ADAPTER.claims(told)
    assert not ADAPTER.claims(replace(told, headers={"x-twilio-signature": "x"}))


@settings(max_examples=100, deadline=None)
@given(
    body=st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(str.encode),
    signed_body=st.none() | st.binary(max_size=20).map(lambda raw: raw.hex().encode()),
    secret=st.sampled_from([SECRET, OTHER]),
    off_s=st.sampled_from([0, -200, 200, -400, 400]),
)
def test_the_verdict_is_that_of_the_standards_own_package(
    body: bytes, signed_body: bytes | None, secret: str, off_s: int
) -> None:
    sent_at = str(int(datetime.now(UTC).timestamp()) + off_s)
    given_signature = signature(
        body if signed_body is None else signed_body, EVENT, sent_at, secret
    )
    headers = {
        "webhook-id": EVENT,
        "webhook-timestamp": sent_at,
        "webhook-signature": given_signature,
    }
    try:
        Webhook(SECRET).verify(body, headers, json_parse=False)
        theirs = True
    except WebhookVerificationError:
        theirs = False

    told = request(
        body, sent_at=sent_at, signatures=[given_signature], received_at=datetime.now(UTC)
    )

    assert is_accepted(told) == theirs
