"""The webhooks of the simulated network: signature and parsing."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr, ValidationError

from trunkline.sdk import BadSignature, Reported, WebhookRequest
from trunkline_demo.config import DemoConfig
from trunkline_demo.webhooks import DemoWebhooks, signature

CONFIG = DemoConfig(signing_key=SecretStr("0123456789abcdef"))
URL = "https://hub.example/webhooks/connections/demo/sms?attempt=1"
BODY = b'{"type":"sms.received","id":"demo-1","from":"+12025550150","to":"+12025550101","body":"a"}'
REPORT = (
    b'{"type":"sms.status","id":"demo-1","from":"+12025550101","status":"%s",'
    b'"costMicros":7900,"currency":"USD"}'
)
webhooks = DemoWebhooks()


def signed(body: bytes = BODY) -> WebhookRequest:
    return WebhookRequest(
        method="POST",
        url=URL,
        headers={"x-demo-signature": signature("POST", URL, body, CONFIG)},
        body=body,
        received_at=datetime(2026, 11, 21, tzinfo=UTC),
    )


def with_signature(value: str) -> WebhookRequest:
    return replace(signed(), headers={"x-demo-signature": value})


def test_the_signature_is_an_hmac_over_method_url_and_body() -> None:
    known = signature("POST", "https://hub.example/", b"{}", CONFIG)

    # printf 'POST\nhttps://hub.example/\n{}' | openssl dgst -sha256 -hmac 0123456789abcdef
    assert known == "v1=64602609f8d672d3d3f3f0252848eb70734b4ac4274ac7e3c40fbfc7ef6b5d48"


def test_an_authentic_request_passes() -> None:
    webhooks.verify(signed(), CONFIG)


@pytest.mark.parametrize(
    "request_",
    [
        replace(signed(), body=BODY + b" "),
        replace(signed(), url=URL.replace("attempt=1", "attempt=2")),
        replace(signed(), method="PUT"),
        replace(signed(), headers={}),
        with_signature(""),
        with_signature("v1="),
        with_signature("v1=" + "0" * 64),
        with_signature("v1=ä"),
        with_signature(signed().headers["x-demo-signature"].upper()),
        with_signature(signed().headers["x-demo-signature"].removeprefix("v1=")),
        with_signature(signature("POST", URL, BODY, DemoConfig())),
    ],
)
def test_a_forged_or_tampered_request_is_refused(request_: WebhookRequest) -> None:
    with pytest.raises(BadSignature):
        webhooks.verify(request_, CONFIG)


def test_keys_differ_between_configs_and_are_not_shown() -> None:
    one, other = DemoConfig(), DemoConfig()

    assert one.signing_key != other.signing_key
    assert one.signing_key.get_secret_value() not in repr(one)


def test_only_signed_requests_are_claimed() -> None:
    assert webhooks.claims(signed())
    assert not webhooks.claims(replace(signed(), headers={"x-other-signature": "v1=0"}))


def test_the_same_happening_has_the_same_external_id_and_others_do_not() -> None:
    bodies = [BODY, REPORT % b"delivered", REPORT % b"lost", BODY.replace(b"demo-1", b"demo-2")]
    ids = [webhooks.parse(signed(body))[0].external_id for body in bodies]

    assert ids == [webhooks.parse(signed(body))[0].external_id for body in bodies]
    assert len(set(ids)) == len(bodies)


def test_an_unknown_status_moves_nothing() -> None:
    [event] = webhooks.parse(signed(REPORT % b"teleported"))

    assert isinstance(event, Reported)
    assert (event.status, event.vendor_status) == (None, "teleported")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        BODY.replace(b"sms.received", b"sms.lost"),
        BODY.replace(b"+1202", b"call "),
    ],
)
def test_what_cannot_be_read_raises_without_quoting_it(body: bytes) -> None:
    with pytest.raises(ValidationError) as raised:
        webhooks.parse(signed(body))

    assert "5550150" not in str(raised.value)
