"""What Twilio reports: texts that arrive, and what became of texts sent."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from trunkline.sdk import (
    E164,
    BadSignature,
    InboundEvent,
    Media,
    OptOut,
    Received,
    Reported,
    WebhookAdapter,
    WebhookReply,
    WebhookRequest,
    e164,
)
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.statuses import STATUSES

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
        key, algorithm = _signing(request, config)
        suffix = _signed_body(request)
        for url in _spellings(request.url):
            expected = b64encode(hmac.digest(key, f"{url}{suffix}".encode(), algorithm))
            if hmac.compare_digest(expected, given):
                return
        raise BadSignature("The signature does not match.")

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        fields = dict(_parameters(request))
        if "MessageSid" not in fields:
            return []  # a call's, or another product's
        if _is_inbound(fields):
            return [_received(fields)]
        return [_reported(fields)]

    def reply(self, request: WebhookRequest) -> WebhookReply:
        if _is_inbound(dict(_parameters(request))):
            return _EMPTY_TWIML  # else Twilio logs a warning: it expects instructions
        return WebhookReply()


# --- signatures -----------------------------------------------------------------------------------


def _signing(request: WebhookRequest, config: TwilioConfig) -> tuple[bytes, str]:
    """Return the key and the algorithm that the request says it is signed with."""
    settings = request.headers.get(_SETTINGS, "")  # key=webhooks_sharedkey_…,algorithm=HMAC_SHA256
    named = dict(part.strip().partition("=")[::2] for part in settings.split(","))
    algorithm = named.get("algorithm")
    if not algorithm:
        return config.auth_token.get_secret_value().encode(), "sha1"
    if algorithm != "HMAC_SHA256" or config.webhook_key is None:
        raise BadSignature("It is signed in a way that the connection is not set up for.")
    return config.webhook_key.get_secret_value().encode(), "sha256"


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
    """Return a URL as it was called, without its port and with it: Twilio signs one of them."""
    yield url
    parts = urlsplit(url)
    bare = parts.netloc.removesuffix(f":{parts.port}")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    yield parts._replace(netloc=bare).geturl()
    yield parts._replace(netloc=f"{bare}:{port}").geturl()


# --- bodies ---------------------------------------------------------------------------------------


class _Event(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    sid: str = Field(alias="MessageSid", min_length=1)


class _Received(_Event):
    sender: str = Field(alias="From", pattern="^[^:]+$")  # a number, a short code or a name
    recipient: Annotated[E164, AfterValidator(e164)] = Field(alias="To")
    body: str = Field(alias="Body")
    num_media: int = Field(0, alias="NumMedia")


class _Reported(_Event):
    sender: Annotated[E164, AfterValidator(e164)] = Field(alias="From")
    error_code: str | None = Field(None, alias="ErrorCode")


def _parameters(request: WebhookRequest) -> Sequence[tuple[str, str]]:
    """Return what Twilio tells; ValueError if it is not in a form or a query."""
    if not request.body:
        return request.query
    if _is_form(request):
        return request.form
    raise ValueError("texts and their statuses are told in forms")


def _is_form(request: WebhookRequest) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM


def _is_inbound(fields: Mapping[str, str]) -> bool:
    return _status(fields) in ("receiving", "received")


def _status(fields: Mapping[str, str]) -> str:
    return fields.get("MessageStatus") or fields.get("SmsStatus") or "received"


def _received(fields: Mapping[str, str]) -> Received:
    text = _Received.model_validate(fields)
    return Received(
        external_id=f"{text.sid}:received",
        provider_id=text.sid,
        sender=text.sender,
        recipient=text.recipient,
        body=text.body,
        opt_out=_OPT_OUT.get(fields.get("OptOutType", "")),
        media=tuple(
            Media(url=fields[f"MediaUrl{n}"], content_type=fields.get(f"MediaContentType{n}"))
            for n in range(text.num_media)
        ),
    )


_OPT_OUT: Final = {"STOP": OptOut.STOP, "START": OptOut.START}
"""What Twilio itself made of a text; of HELP it has answered for us ("Advanced Opt-Out", 2026)."""


def _reported(fields: Mapping[str, str]) -> Reported:
    report, status = _Reported.model_validate(fields), _status(fields)
    return Reported(
        external_id=f"{report.sid}:{status}",  # Twilio gives its events no ids
        provider_id=report.sid,
        sender=report.sender,
        status=STATUSES.get(status),
        vendor_status=status,
        error_code=report.error_code,
    )
