"""Whose request it is: Twilio's own vectors, its own package's verdict, and what must not pass."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import (  # type: ignore[import-untyped]
    RequestValidator,
    get_signature_algorithm,
)

from plugins.twilio.tests.vendor import (
    CONFIG,
    FORM,
    RECEIVED,
    TOKEN,
    Parameters,
    json_webhook,
    request,
    signature,
    webhook,
)
from trunkline.sdk import BadSignature, WebhookRequest
from trunkline_twilio.callbacks import with_retries
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.webhooks import TwilioWebhooks

CONFIGURED: Final = TwilioConfig.model_validate(CONFIG)
ADAPTER: Final = TwilioWebhooks()
URL: Final = "https://hub.example/webhooks/agent-1/sms"


def is_accepted(told: WebhookRequest, config: TwilioConfig = CONFIGURED) -> bool:
    try:
        ADAPTER.verify(told, config)
    except BadSignature:
        return False
    return True


# --- vectors --------------------------------------------------------------------------------------

VECTOR_TOKEN: Final = TwilioConfig.model_validate({**CONFIG, "auth_token": "12345"})
VECTOR_URL: Final = "https://example.com/myapp.php?foo=1&bar=2"
VECTOR_FORM: Final = {
    "Digits": "1234",
    "To": "+18005551212",
    "From": "+14158675310",
    "Caller": "+14158675310",
    "CallSid": "CA1234567890ABCDE",
}
VECTOR_JSON: Final = b'{"property": "value", "boolean": true}'
VECTOR_DIGEST: Final = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
VECTORS: Final = {
    "form": request(
        VECTOR_URL,
        body=urlencode(VECTOR_FORM).encode(),
        signed="L/OH5YylLD5NRKLltdqwSvS0BnU=",
        content_type=FORM,
    ),
    "json": request(
        f"{VECTOR_URL}&bodySHA256={VECTOR_DIGEST}",
        body=VECTOR_JSON,
        signed="m9bxEECYY1ydgNmUJAKll14L7Qs=",
        content_type="application/json",
    ),
    "repeated names": request(
        "https://example.com/x",
        body=b"MediaUrl=b&MediaUrl=a&A=1&MediaUrl=a",
        signed="+pfRZ3wRNgITErPky2LAbm5X17g=",
        content_type=FORM,
    ),
    "get": request(
        "wss://relay.example.com/cr", method="GET", signed="X72xxir/26aAFtbM3IePidJqxtQ="
    ),
    "get with a slash": request(
        "wss://relay.example.com/cr/", method="GET", signed="N+XcbIFwYTp4Cjgg22Iy58AnhSQ="
    ),
}
"""What version 9.13.0 of the package `twilio` computes for the token ``12345``."""


@pytest.mark.parametrize("name", VECTORS)
def test_what_twilio_signed_is_accepted(name: str) -> None:
    ADAPTER.verify(VECTORS[name], VECTOR_TOKEN)


@pytest.mark.parametrize("name", VECTORS)
def test_what_was_changed_since_is_refused(name: str) -> None:
    for changed in changes(VECTORS[name]):
        assert not is_accepted(changed, VECTOR_TOKEN)


def changes(told: WebhookRequest) -> Iterator[WebhookRequest]:
    """Return a request with each of its parts changed, as somebody in between might."""
    yield replace(told, url=f"{told.url}x")
    yield replace(told, url=told.url.replace("https:", "http:").replace("wss:", "ws:"))
    yield replace(told, body=told.body + b" ")
    yield replace(told, body=b"From=%2B14155550199")
    flipped = told.headers["x-twilio-signature"].swapcase()
    yield replace(told, headers={**told.headers, "x-twilio-signature": flipped})


@pytest.mark.parametrize(
    ("called", "signed", "accepted"),
    [
        ("https://hub.example/x", "https://hub.example:443/x", True),
        ("https://hub.example:443/x", "https://hub.example/x", True),
        ("http://hub.example/x", "http://hub.example:80/x", True),
        ("http://hub.example:80/x", "http://hub.example/x", True),
        ("https://hub.example:8443/x", "https://hub.example/x", True),
        ("https://hub.example/x", "https://hub.example:8443/x", False),
        ("https://hub.example:8443/x", "https://hub.example:443/x", False),
        ("http://hub.example/x", "http://hub.example:443/x", False),
        ("https://hub.example/x", "http://hub.example/x", False),
    ],
)
def test_a_port_may_be_missing_from_what_was_signed_but_not_be_another(
    called: str, signed: str, accepted: bool
) -> None:
    given_signature = signature(signed)

    assert is_accepted(request(called, method="GET", signed=given_signature)) is accepted
    assert RequestValidator(TOKEN).validate(called, {}, given_signature) is accepted


def test_another_accounts_token_does_not_do() -> None:
    assert not is_accepted(webhook(RECEIVED, key="somebody else's token"))


# --- the package's own verdict --------------------------------------------------------------------


class ManyValued:
    """Parameters in the shape that the package takes repeated names in."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    def getlist(self, wanted: str) -> list[str]:
        return [value for name, value in self._parameters if name == wanted]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.sampled_from(["Body", "From", "MediaUrl0", "body", "Ünï", "A"]) | texts
parameters = st.lists(st.tuples(names, texts), max_size=8)
urls = st.builds(
    "{}://hub.example{}/webhooks/{}{}".format,
    st.sampled_from(["https", "http"]),
    st.sampled_from(["", ":443", ":80", ":8443"]),
    st.sampled_from(["agent-1/sms", "agent-1/sms/", "connections/twilio", "a%20b/sms"]),
    st.sampled_from(["", "?attempt=att_1", "?a=1&b=2&a=3", "?bodySHA256=00", "?x=%2B1"]),
)


@settings(max_examples=1000, deadline=None)
@given(
    signed_url=urls,
    called_url=st.none() | urls,
    signed=parameters,
    added=st.none() | st.tuples(names, texts),
    token=st.sampled_from([TOKEN, "another token"]),
)
def test_the_verdict_on_a_form_is_that_of_twilios_own_package(
    signed_url: str,
    called_url: str | None,
    signed: list[tuple[str, str]],
    added: tuple[str, str] | None,
    token: str,
) -> None:
    given_signature = signature(signed_url, signed, token)
    url, sent = called_url or signed_url, [*signed, *([added] if added else [])]
    theirs = RequestValidator(TOKEN).validate(url, ManyValued(sent), given_signature)

    told = request(url, body=urlencode(sent).encode(), signed=given_signature, content_type=FORM)

    assert is_accepted(told) == theirs
    if called_url is None and added is None and token == TOKEN:
        assert theirs, "the test signs as Twilio does"


@settings(max_examples=300, deadline=None)
@given(url=urls.filter(lambda url: "bodySHA256" not in url), body=texts, claimed=st.none() | texts)
def test_the_verdict_on_json_is_that_of_twilios_own_package(
    url: str, body: str, claimed: str | None
) -> None:
    told = json_webhook(
        f'"{body}"'.encode(), url, None if claimed is None else f'"{claimed}"'.encode()
    )
    theirs = RequestValidator(TOKEN).validate(
        told.url, told.body.decode(), told.headers["x-twilio-signature"]
    )

    assert is_accepted(told) == theirs
    assert theirs == (claimed in (None, body))


# --- what the package leaves to its caller --------------------------------------------------------


@pytest.mark.parametrize(
    "content_type", [FORM, "APPLICATION/x-www-form-urlencoded; charset=UTF-8", f"{FORM};x=1"]
)
def test_a_form_is_known_by_its_type_however_it_is_written(content_type: str) -> None:
    told = webhook(RECEIVED)

    ADAPTER.verify(
        replace(told, headers={**told.headers, "content-type": content_type}), CONFIGURED
    )


def test_a_new_parameter_that_twilio_signed_changes_nothing() -> None:
    ADAPTER.verify(webhook({**RECEIVED, "AddOns": '{"status":"ok"}', "Zzz": ""}), CONFIGURED)


@pytest.mark.parametrize("body", [b"Body=%ff%fe", b"Body=\xff\xfe"])
def test_a_form_that_is_no_text_is_refused(body: bytes) -> None:
    assert not is_accepted(request(URL, body=body, signed=signature(URL), content_type=FORM))


def test_a_form_of_very_many_parameters_is_refused_before_it_is_read() -> None:
    assert not is_accepted(webhook([("a", "")] * 1001))


@pytest.mark.parametrize("given_signature", ["", "é", "=", "A" * 28, "\x00"])
def test_a_signature_that_is_none_is_refused(given_signature: str) -> None:
    assert not is_accepted(request(URL, signed=given_signature))


def test_case_c9_a_webhook_of_another_account_is_refused() -> None:
    other = webhook({**RECEIVED, "AccountSid": f"AC{'9' * 32}"})
    query = f"{URL}?AccountSid=AC{'9' * 32}"

    with pytest.raises(BadSignature, match="another Twilio account"):
        ADAPTER.verify(other, CONFIGURED)
    assert not is_accepted(request(query, method="GET", signed=signature(query)))
    ADAPTER.verify(webhook(RECEIVED), CONFIGURED)


def test_case_c12_a_url_with_connection_overrides_is_signed_with_or_without_them() -> None:
    called = "https://hub.example/webhooks/agent-1/message-status?attempt=att_1"
    handed_out = with_retries(called)

    assert handed_out.startswith(f"{called}#rc=")
    for signed in (called, handed_out):
        assert is_accepted(request(called, method="GET", signed=signature(signed)))
    assert not is_accepted(request(called, method="GET", signed=signature(f"{called}#rc=1")))


# --- shared keys ----------------------------------------------------------------------------------

SHARED: Final = TwilioConfig.model_validate({**CONFIG, "webhook_key": "shared-key-for-tests"})


def shared(key: str, algorithm: str, named: str) -> WebhookRequest:
    pairs = list(RECEIVED.items())
    return request(
        URL,
        body=urlencode(pairs).encode(),
        signed=signature(URL, pairs, key, algorithm),
        content_type=FORM,
        x_twilio_webhooks_signature_settings=named,
    )


SHA256: Final = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"


@pytest.mark.parametrize("named", [SHA256, "key=k, algorithm=HMAC_SHA256"])
def test_a_request_signed_with_a_shared_key_is_accepted(named: str) -> None:
    told = shared("shared-key-for-tests", "sha256", named)

    ADAPTER.verify(told, SHARED)
    assert RequestValidator("shared-key-for-tests").validate(
        URL, RECEIVED, told.headers["x-twilio-signature"], "HMAC_SHA256"
    )


@pytest.mark.parametrize(
    "named",
    [
        "algorithm=HMAC_SHA1",
        "key=k,algorithm=hmac_sha1",
        "key=k, algorithm = Hmac_Sha1 ",
        "algorithm=,algorithm=HMAC_SHA1,algorithm=HMAC_SHA256",
    ],
)
def test_case_c13_an_algorithm_is_read_as_twilios_package_reads_it(named: str) -> None:
    told = shared(TOKEN, "sha1", named)

    ADAPTER.verify(told, SHARED)
    ADAPTER.verify(told, CONFIGURED)
    assert RequestValidator(TOKEN).validate(
        URL, RECEIVED, told.headers["x-twilio-signature"], get_signature_algorithm(named)
    )


def test_case_c13_a_shared_key_signs_with_either_algorithm_by_any_spelling() -> None:
    for named, algorithm in [("hmac_sha256", "sha256"), ("HMAC_SHA1", "sha1")]:
        told = shared("shared-key-for-tests", algorithm, f"key=k,algorithm={named}")

        ADAPTER.verify(told, SHARED)
        assert not is_accepted(told)
        assert RequestValidator("shared-key-for-tests").validate(
            URL, RECEIVED, told.headers["x-twilio-signature"], named
        )


@pytest.mark.parametrize("named", ["", "key=k", "key=k,algorithm="])
def test_without_an_algorithm_the_token_signs(named: str) -> None:
    ADAPTER.verify(shared(TOKEN, "sha1", named), SHARED)


@pytest.mark.parametrize(
    "told",
    [
        shared(TOKEN, "sha256", SHA256),
        shared("shared-key-for-tests", "sha1", SHA256),
        shared("shared-key-for-tests", "sha1", ""),
        shared("shared-key-for-tests", "sha512", "key=k,algorithm=HMAC_SHA512"),
        shared("shared-key-for-tests", "sha256", "key=k,algorithm=HMAC_SHA512"),
    ],
)
def test_key_and_algorithm_must_be_those_that_are_named(told: WebhookRequest) -> None:
    assert not is_accepted(told, SHARED)
