"""What Twilio reports: texts that arrive, and what became of texts sent."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Annotated, Any, Final
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
RETRIES: Final = "#rc=5&rp=ct,rt,5xx"
"""Up to five more tries when connecting or reading takes too long, or at an answer of 5xx."""
_MESSAGE: Final = "(SM|MM)"
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


def with_retries(url: str) -> str:
    """Return a URL that Twilio calls again at once, up to five times, where the hub cannot take it.

    Twilio reads the fragment and sends it to nobody ("Connection overrides", November 2026); by
    default it tries again once, and only if it could not connect.
    """
    return f"{url}{RETRIES}"


def _account(request: WebhookRequest) -> str | None:
    """Return whose request it says it is; None of one that says nothing of it."""
    try:
        return dict(_parameters(request)).get("AccountSid")
    except ValueError:
        return None  # no form: JSON says so in its body, if at all


# --- bodies ---------------------------------------------------------------------------------------


def _id(prefix: str, name: str) -> Any:
    return Field(None, alias=name, pattern=f"^{prefix}[0-9a-f]{{32}}$")


class _Event(BaseModel):
    """
    What both kinds tell.

    Every value has a form of its own: a signature covers names and values as one run of letters, so
    that somebody who has a signed form could set the borders between its fields anew.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    sid: str = Field(alias="MessageSid", pattern=f"^{_MESSAGE}[0-9a-f]{{32}}$")
    account_sid: str | None = _id("AC", "AccountSid")
    sms_sid: str | None = _id(_MESSAGE, "SmsSid")
    sms_message_sid: str | None = _id(_MESSAGE, "SmsMessageSid")
    messaging_service_sid: str | None = _id("MG", "MessagingServiceSid")
    # A number, a short code or a name: none is longer than a number of 15 digits with its plus.
    sender: str = Field(alias="From", pattern="^[^:]{1,16}$")


class _Received(_Event):
    recipient: Annotated[E164, AfterValidator(e164)] = Field(alias="To")
    body: str = Field(alias="Body")
    num_media: int = Field(0, alias="NumMedia")


class _Reported(_Event):
    status: str = Field(pattern="^[a-z_]{1,32}$")
    error_code: str | None = Field(None, alias="ErrorCode", pattern="^[0-9]{0,6}$")


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
        sender=_WITHHELD.get(text.sender, text.sender),
        recipient=text.recipient,
        body=text.body,
        opt_out=_OPT_OUT.get(fields.get("OptOutType", "")),
        media=tuple(
            Media(url=fields[f"MediaUrl{n}"], content_type=fields.get(f"MediaContentType{n}"))
            for n in range(min(text.num_media, _MOST_MEDIA))
            if f"MediaUrl{n}" in fields  # the text is kept where one is missing
        ),
    )


_MOST_MEDIA: Final = 10
"""A message has at most ten ("MediaUrl", November 2026)."""

_WITHHELD: Final = {
    "+266696687": "anonymous",
    "266696687": "anonymous",
    "+7378742833": "restricted",
    "7378742833": "restricted",
    "+2562533": "blocked",
    "+8656696": "unknown",
    "+8566": "unknown",
}
"""What stands for a number that Twilio was not told: most are names typed on a telephone's keys."""

_OPT_OUT: Final = {"STOP": OptOut.STOP, "START": OptOut.START}
"""What Twilio itself made of a text; of HELP it has answered for us ("Advanced Opt-Out", 2026)."""


def _reported(fields: Mapping[str, str]) -> Reported:
    report = _Reported.model_validate({**fields, "status": _status(fields)})
    return Reported(
        external_id=f"{report.sid}:{report.status}",  # Twilio gives its events no ids
        provider_id=report.sid,
        sender=report.sender,
        status=STATUSES.get(report.status),
        vendor_status=report.status,
        error_code=report.error_code or None,
    )
