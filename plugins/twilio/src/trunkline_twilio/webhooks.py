"""Twilio's requests: whose they are, and what each of them tells of."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Final
from urllib.parse import urlsplit

from trunkline.sdk import (
    BadSignature,
    CallStep,
    InboundEvent,
    WebhookAdapter,
    WebhookReply,
    WebhookRequest,
)
from trunkline_twilio import call_events, events, whatsapp_events
from trunkline_twilio.callbacks import RETRIES
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.twiml import twiml

_SIGNATURE: Final = "x-twilio-signature"
_SETTINGS: Final = "x-twilio-webhooks-signature-settings"
_FORM: Final = "application/x-www-form-urlencoded"
_EMPTY_TWIML: Final = WebhookReply(status=200, content_type="text/xml", body=b"<Response/>")


class TwilioWebhooks(WebhookAdapter[TwilioConfig]):
    """Twilio's requests, signed with the account's auth token or with a SharedKey."""

    def claims(self, request: WebhookRequest) -> bool:
        return _SIGNATURE in request.headers

    def verify(self, request: WebhookRequest, config: TwilioConfig) -> None:
        given = request.headers.get(_SIGNATURE, "").encode()
        keys, algorithm = _signing(request, config)
        suffix = _signed_body(request)
        for url, key in product(_spellings(request.url), keys):
            expected = b64encode(hmac.digest(key, f"{url}{suffix}".encode(), algorithm))
            if hmac.compare_digest(expected, given):
                break
        else:
            raise BadSignature("The signature does not match.")
        if _account(request) not in (None, config.account_sid):
            raise BadSignature(
                "It is of another Twilio account than the connection's: give each account, "
                "subaccounts too, a connection of its own."
            )

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        fields = dict(_parameters(request))
        if "CallSid" in fields:
            return call_events.told(fields)
        if "MessageSid" not in fields:
            return []  # another product's
        told = whatsapp_events if whatsapp_events.are_meant(fields) else events
        return [told.received(fields) if _is_inbound(fields) else told.reported(fields)]

    def reply(self, request: WebhookRequest) -> WebhookReply:
        fields = dict(_parameters(request))
        if "CallSid" in fields or _is_inbound(fields):
            return _EMPTY_TWIML  # else Twilio logs a warning: it expects instructions
        return WebhookReply()

    def render(self, request: WebhookRequest, steps: Sequence[CallStep]) -> WebhookReply:
        return WebhookReply(status=200, content_type="text/xml", body=twiml(steps).encode())


# --- signatures -----------------------------------------------------------------------------------


def _signing(request: WebhookRequest, config: TwilioConfig) -> tuple[Sequence[bytes], str]:
    """Return the keys and the algorithm that the request may be signed with, by what it says."""
    settings = request.headers.get(_SETTINGS, "")  # key=webhooks_sharedkey_…,algorithm=HMAC_SHA256
    parts = (part.partition("=") for part in settings.split(","))
    named = [(name.strip(), value.strip()) for name, _, value in parts]
    algorithms = [value.upper() for name, value in named if name == "algorithm" and value]
    token = config.auth_token.get_secret_value().encode()
    shared = [config.webhook_key.get_secret_value().encode()] if config.webhook_key else []
    if not algorithms:
        return [token], "sha1"
    if algorithms[0] == "HMAC_SHA1":
        return [token, *shared], "sha1"
    if algorithms[0] != "HMAC_SHA256" or not shared:
        raise BadSignature("It is signed in a way that the connection is not set up for.")
    return shared, "sha256"


def _signed_body(request: WebhookRequest) -> str:
    """Return what the body adds to the signed URL; BadSignature if nothing vouches for it."""
    if not request.body:
        return ""
    if _is_form(request):
        try:
            return "".join(name + value for name, value in sorted(set(request.form)))
        except ValueError as error:
            raise BadSignature("The form cannot be read, or is endless.") from error
    digest = dict(request.query).get("bodySHA256", "")
    if not hmac.compare_digest(hashlib.sha256(request.body).hexdigest().encode(), digest.encode()):
        raise BadSignature("The body is not the one that was signed.")
    return ""


def _spellings(url: str) -> Iterator[str]:
    """
    Return a URL as it was called, without its port and with it: Twilio signs one of them.

    Each also as `with_retries` hands it out, since Twilio does not say what it signs of that.
    """
    parts = urlsplit(url)
    bare = parts.netloc.removesuffix(f":{parts.port}")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    for netloc in (parts.netloc, bare, f"{bare}:{port}"):
        spelling = parts._replace(netloc=netloc).geturl() if netloc != parts.netloc else url
        yield spelling
        yield f"{spelling}{RETRIES}"


def _account(request: WebhookRequest) -> str | None:
    """Return whose request it says it is; None of one that says nothing of it."""
    try:
        return dict(_parameters(request)).get("AccountSid")
    except ValueError:
        return None  # no form: JSON says so in its body, if at all


# --- bodies ---------------------------------------------------------------------------------------


def _parameters(request: WebhookRequest) -> Sequence[tuple[str, str]]:
    """Return what Twilio tells; ValueError if it is not in a form or a query."""
    if not request.body:
        return request.query
    if _is_form(request):
        return request.form
    raise ValueError("texts, calls and their statuses are told in forms")


def _is_form(request: WebhookRequest) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM


def _is_inbound(fields: Mapping[str, str]) -> bool:
    return events.status(fields) in ("receiving", "received")
