"""An adapter of Semaphore, an e-mail vendor that does not exist: it is sent files, not links."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from trunkline import sdk

_STATES: Final = {
    "queued": sdk.DeliveryStatus.SENT,
    "delivered": sdk.DeliveryStatus.DELIVERED,
    "opened": sdk.DeliveryStatus.READ,
    "bounced": sdk.DeliveryStatus.FAILED,
    "deferred": None,
    "complained": None,
}
_FAILURES: Final = {
    "no_mailbox": sdk.Failure(kind=sdk.FailureKind.UNREACHABLE, sentence="There is no mailbox."),
    "full": sdk.Failure(kind=sdk.FailureKind.TEMPORARY, sentence="The mailbox is full: wait."),
    "spam": sdk.Failure(kind=sdk.FailureKind.OPTED_OUT, sentence="They called it spam: stop."),
}
_REFUSALS: Final[Mapping[str | None, type[sdk.ProviderError]]] = {
    "unpaid": sdk.OutOfCredit,
    "domain": sdk.NotSetUp,
}
_TOLERANCE_S: Final = 300


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Config(_Read):
    token: SecretStr = Field(min_length=16)
    secret: SecretStr = Field(min_length=16)
    base_url: str = Field("https://api.semaphore.example", pattern=r"^https?://[^/]+$")


class _Refusal(_Read):
    code: str = Field(pattern="^[a-z_]{1,40}$")


class _Taken(_Read):
    mail: str = Field(min_length=1)


class _Kept(_Taken):
    sender: str = Field(alias="from")
    to: tuple[str, ...] = Field(min_length=1)
    text: str
    state: str
    taken_at: AwareDatetime


class _State(_Taken):
    state: str
    code: str | None = None


class _File(_Read):
    filename: str | None = None
    mime: str
    size: int
    link: str


class _Mail(_Taken):
    envelope_to: str
    sender: str = Field(alias="from", pattern="@")
    name: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reply_to: str | None = None
    subject: str
    text: str = ""
    html: str | None = None
    message_id: str | None = None
    in_reply_to: str | None = None
    references: str = ""
    auto: bool = False
    checks: dict[str, str] = {}
    files: tuple[_File, ...] = ()


class _Event(_Read):
    event: str = Field(min_length=1)
    kind: str
    at: AwareDatetime
    data: dict[str, Any]


class Semaphore(sdk.EmailProvider):
    def __init__(self, config: Config, context: sdk.ProviderContext) -> None:
        self._http, self._log = context.http, context.log
        self._url = f"{config.base_url}/v1/mails"
        self._headers = {"authorization": f"Token {config.token.get_secret_value()}"}

    async def send(self, mail: sdk.OutboundEmail) -> sdk.Receipt:
        sdk.refuse_line_breaks(mail)
        written: dict[str, object] = {
            "from": mail.sender,
            "to": [mail.recipient],
            "cc": list(mail.cc),
            "bcc": list(mail.bcc),
            "subject": mail.subject,
            "text": mail.body,
            "message_id": mail.message_id,
            "headers": dict(mail.headers),
            "key": mail.idempotency_key,
            "files": [await self._file(each) for each in mail.media],
        }
        if mail.sender_name is not None:
            written["from_name"] = mail.sender_name
        if mail.html is not None:
            written["html"] = mail.html
        if mail.reply_to is not None:
            written["reply_to"] = mail.reply_to
        if mail.in_reply_to is not None:
            written["in_reply_to"] = mail.in_reply_to
        if mail.references:
            written["references"] = " ".join(mail.references)
        if mail.status_url is not None:
            written["notify"] = mail.status_url
        with sdk.transport_errors("Semaphore"):
            response = await self._http.post(self._url, json=written, headers=self._headers)
        return sdk.Receipt(provider_id=_read(_Taken, response).mail)

    async def _file(self, media: sdk.Media) -> dict[str, str | None]:
        try:
            response = await self._http.get(media.url)
        except httpx2.RequestError as error:
            raise sdk.RetryLater("A file cannot be fetched.") from error
        if not response.is_success:
            raise sdk.Rejected("A file is not where it should be.")
        data = b64encode(response.content).decode()
        return {"filename": media.name, "mime": media.content_type, "data": data}

    async def fetch(self, provider_id: str) -> sdk.Report | None:
        with sdk.transport_errors("Semaphore"):
            url = f"{self._url}/{quote(provider_id, safe='')}"
            response = await self._http.get(url, headers=self._headers)
        if response.status_code == 404 and _code(response) == "no_mail":
            return None
        kept = _read(_Kept, response)
        return sdk.Report(
            provider_id=kept.mail,
            sender=kept.sender,
            recipient=kept.to[0],
            status=_STATES.get(kept.state),
            vendor_status=kept.state,
            created_at=kept.taken_at,
            body=kept.text,
        )


@asynccontextmanager
async def _opened(config: Config, context: sdk.ProviderContext) -> AsyncIterator[Semaphore]:
    yield Semaphore(config, context)


R = TypeVar("R", bound=_Read)


def _read(model: type[R], response: httpx2.Response) -> R:
    if not response.is_success:
        raise _refusal(response)
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise sdk.OutcomeUnknown("Semaphore's answer cannot be read.") from error


def _refusal(response: httpx2.Response) -> sdk.ProviderError:
    code, status = _code(response), response.status_code
    if status == 429:
        wait = response.headers.get("retry-after", "")
        wait_s = float(wait) if wait.isdecimal() else 1.0
        return sdk.RetryLater("It limits our rate.", retry_after_s=wait_s, provider_code=code)
    if status == 401:
        return sdk.AuthFailed("Semaphore refused the token.", provider_code=code)
    if response.is_client_error:
        error = _REFUSALS.get(code, sdk.Rejected)
        return error(f"Semaphore refused it ({status}).", provider_code=code)
    return sdk.OutcomeUnknown(f"Semaphore answered {status}.", provider_code=code)


def _code(response: httpx2.Response) -> str | None:
    try:
        return _Refusal.model_validate_json(response.content).code
    except ValidationError:
        return None


class Webhooks(sdk.WebhookAdapter[Config]):
    def claims(self, request: sdk.WebhookRequest) -> bool:
        return "sema-seal" in request.headers

    def verify(self, request: sdk.WebhookRequest, config: Config) -> None:
        at = request.headers.get("sema-time", "")
        key = config.secret.get_secret_value().encode()
        expected = hmac.new(key, f"{at}.".encode() + request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(
            expected.encode(), request.headers.get("sema-seal", "").encode()
        ):
            raise sdk.BadSignature("The seal does not match.")
        if abs(request.received_at.timestamp() - int(at)) > _TOLERANCE_S:
            raise sdk.BadSignature("The seal is too old.")

    def parse(self, request: sdk.WebhookRequest) -> Sequence[sdk.InboundEvent]:
        event = _Event.model_validate(json.loads(request.body))
        if event.kind == "mail.in":
            return [_received(event, _Mail.model_validate(event.data))]
        if event.kind == "mail.state":
            told = _State.model_validate(event.data)
            return [
                sdk.Reported(
                    external_id=event.event,
                    provider_id=told.mail,
                    status=_STATES.get(told.state),
                    vendor_status=told.state,
                    error_code=told.code,
                    occurred_at=event.at,
                )
            ]
        return []


def _received(event: _Event, mail: _Mail) -> sdk.ReceivedEmail:
    verdicts = {name: sdk.Verdict(mail.checks.get(name, "unknown")) for name in _CHECKS}
    return sdk.ReceivedEmail(
        external_id=event.event,
        provider_id=mail.mail,
        sender=mail.sender,
        recipient=mail.envelope_to,
        body=mail.text,
        occurred_at=event.at,
        subject=mail.subject,
        sender_name=mail.name,
        html=mail.html,
        message_id=mail.message_id,
        in_reply_to=mail.in_reply_to,
        references=tuple(mail.references.split()),
        reply_to=mail.reply_to,
        to=mail.to,
        cc=mail.cc,
        attachments=tuple(_attachment(each) for each in mail.files),
        authentication=sdk.MailAuthentication(**verdicts),
        auto=mail.auto,
    )


_CHECKS: Final = ("spf", "dkim", "dmarc")


def _attachment(file: _File) -> sdk.Attachment:
    content_type = file.mime.lower().partition(";")[0].strip()
    return sdk.Attachment(
        name=file.filename, content_type=content_type, size_bytes=file.size, url=file.link
    )


SPEC: sdk.ProviderSpec[sdk.EmailProvider, Config] = sdk.ProviderSpec(
    name="semaphore",
    config=Config,
    open=_opened,
    capabilities=frozenset(
        {
            sdk.Capability.EMAIL_SEND,
            sdk.Capability.EMAIL_ATTACH,
            sdk.Capability.EMAIL_RECEIVE,
            sdk.Capability.EMAIL_STATUS,
            sdk.Capability.LOOKUP_BY_ID,
        }
    ),
    idempotency=sdk.Idempotency(form=sdk.KeyForm.ANY, window_s=24 * 3600),
    failures=_FAILURES,
    webhook=Webhooks(),
)
