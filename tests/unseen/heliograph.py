"""An adapter of Heliograph, a vendor that does not exist: signed times, batches, a challenge."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from trunkline import sdk

_STAGES: Final = {
    "spooled": sdk.DeliveryStatus.SENT,
    "handed_over": sdk.DeliveryStatus.SENT,
    "arrived": sdk.DeliveryStatus.DELIVERED,
    "opened": sdk.DeliveryStatus.READ,
    "bounced": sdk.DeliveryStatus.FAILED,
}
_FAILURES: Final = {
    "H-310": sdk.Failure(kind=sdk.FailureKind.UNREACHABLE, sentence="There is no such number."),
    "H-320": sdk.Failure(kind=sdk.FailureKind.REFUSED, sentence="A carrier refused it: reword it."),
}
_REFUSALS: Final[Mapping[str | None, type[sdk.ProviderError]]] = {
    "H-402": sdk.OutOfCredit,
    "H-403": sdk.NotSetUp,
    "H-410": sdk.OptedOut,
}
_CONSENT: Final = {"withdrawn": sdk.OptOut.STOP, "given": sdk.OptOut.START}
_TOLERANCE_S: Final = 120


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Config(_Read):
    account: str = Field(min_length=1)
    key: SecretStr = Field(min_length=16)
    proof_secret: SecretStr = Field(min_length=16)
    base_url: str = Field("https://api.heliograph.example", pattern=r"^https?://[^/]+$")


class _Money(_Read):
    amount: Annotated[Decimal, Field(max_digits=18, decimal_places=9)]
    currency: str = Field(pattern="^[A-Z]{3}$")

    @property
    def micros(self) -> int:
        return round(self.amount * sdk.MICROS)


class _Fault(_Read):
    tag: str = Field(pattern="^H-[0-9]{3}$")


class _Faulty(_Read):
    fault: _Fault


class _Ref(_Read):
    ref: str = Field(min_length=1)
    stage: str = Field(min_length=1)


class _Taken(_Read):
    dispatch: _Ref


class _Attachment(_Read):
    href: str
    mime: str | None = None


class _Stage(_Ref):
    origin: str
    fault: _Fault | None = None
    charge: _Money | None = None  # below zero, as it leaves the account

    def facts(self) -> dict[str, Any]:
        return {
            "provider_id": self.ref,
            "sender": self.origin,
            "status": _STAGES.get(self.stage),
            "vendor_status": self.stage,
            "error_code": self.fault.tag if self.fault else None,
            "cost_micros": -self.charge.micros if self.charge else None,
            "currency": self.charge.currency if self.charge else None,
        }


class _Dispatch(_Stage):
    destination: str
    text: str
    attachments: tuple[_Attachment, ...] = ()
    spooled_at: AwareDatetime


class _Found(_Read):
    dispatch: _Dispatch


class _Listed(_Read):
    dispatches: tuple[_Dispatch, ...]


class _Account(_Read):
    title: str
    credit: _Money
    sandbox: bool


class _Event(_Read):
    event: str = Field(min_length=1)
    kind: str
    at: AwareDatetime


class _Inbound(_Read):
    ref: str = Field(min_length=1)
    origin: str
    destination: str
    text: str
    attachments: tuple[_Attachment, ...] = ()
    consent: str | None = None


class Heliograph(sdk.TelephonyProvider):
    def __init__(self, config: Config, context: sdk.ProviderContext) -> None:
        self._http, self._log = context.http, context.log
        self._url = f"{config.base_url}/v3/dispatches"
        self._account_url = f"{config.base_url}/v3/account"
        key = config.key.get_secret_value()
        self._headers = {"helio-account": config.account, "helio-key": key}

    async def send(self, sms: sdk.OutboundSms) -> sdk.Receipt:
        dispatch: dict[str, object] = {
            "envelope": {"origin": sms.sender, "destination": sms.recipient},
            "content": {"text": sms.body, "attachments": [{"href": m.url} for m in sms.media]},
            "dedupe_id": sms.idempotency_key,
        }
        if sms.status_url is not None:
            dispatch["notify"] = sms.status_url
        with sdk.transport_errors("Heliograph"):
            response = await self._http.post(self._url, json=dispatch, headers=self._headers)
        taken = _read(_Taken, response).dispatch
        return sdk.Receipt(provider_id=taken.ref, status=sdk.DeliveryStatus.SENT)

    async def fetch(self, provider_id: str) -> sdk.Report | None:
        response = await self._get(f"{self._url}/{quote(provider_id, safe='')}")
        if response.status_code == 404 and _tag(response) == "H-404":
            return None
        return _report(_read(_Found, response).dispatch)

    async def find_by_key(self, key: str, since: datetime) -> sdk.Report | None:
        response = await self._get(f"{self._url}?dedupe_id={quote(key, safe='')}")
        found = _read(_Listed, response).dispatches
        return _report(found[0]) if found else None

    async def verify(self) -> sdk.Account:
        account = _read(_Account, await self._get(self._account_url))
        return sdk.Account(
            name=account.title,
            balance_micros=account.credit.micros,
            currency=account.credit.currency,
            notes=("It is a sandbox: nothing is delivered.",) if account.sandbox else (),
        )

    async def _get(self, url: str) -> httpx2.Response:
        with sdk.transport_errors("Heliograph"):
            return await self._http.get(url, headers=self._headers)


@asynccontextmanager
async def _opened(config: Config, context: sdk.ProviderContext) -> AsyncIterator[Heliograph]:
    yield Heliograph(config, context)


R = TypeVar("R", bound=_Read)


def _read(model: type[R], response: httpx2.Response) -> R:
    if not response.is_success:
        raise _refusal(response)
    try:
        return model.model_validate_json(response.content)
    except (ValidationError, OverflowError) as error:
        raise sdk.OutcomeUnknown("Heliograph's answer cannot be read.") from error


def _refusal(response: httpx2.Response) -> sdk.ProviderError:
    tag, status = _tag(response), response.status_code
    if status == 429:
        wait = response.headers.get("retry-after", "")
        wait_s = float(wait) if wait.isdecimal() else 1.0
        return sdk.RetryLater("It limits our rate.", retry_after_s=wait_s, provider_code=tag)
    if status in {401, 403} and tag not in _REFUSALS:
        return sdk.AuthFailed("Heliograph refused the key.", provider_code=tag)
    if response.is_client_error:
        error = _REFUSALS.get(tag, sdk.Rejected)
        return error(f"Heliograph refused it ({status}).", provider_code=tag)
    return sdk.OutcomeUnknown(f"Heliograph answered {status}.", provider_code=tag)


def _tag(response: httpx2.Response) -> str | None:
    try:
        return _Faulty.model_validate_json(response.content).fault.tag
    except ValidationError:
        return None


def _report(dispatch: _Dispatch) -> sdk.Report:
    return sdk.Report(
        recipient=dispatch.destination,
        created_at=dispatch.spooled_at,
        body=dispatch.text,
        media_count=len(dispatch.attachments),
        **dispatch.facts(),
    )


class Webhooks(sdk.WebhookAdapter[Config]):
    def claims(self, request: sdk.WebhookRequest) -> bool:
        return "helio-event" in request.headers

    def verify(self, request: sdk.WebhookRequest, config: Config) -> None:
        key = config.proof_secret.get_secret_value().encode()
        if request.method == "GET":
            query = dict(request.query)
            signed, given = query.get("echo", "").encode(), query.get("proof", "")
        else:
            signed_at = request.headers.get("helio-time", "")
            signed = f"{signed_at}.{request.url}.".encode() + request.body
            given = request.headers.get("helio-proof", "")
        expected = hmac.new(key, signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise sdk.BadSignature("The proof does not match.")
        if request.method == "GET":
            return
        if abs(request.received_at.timestamp() - int(signed_at)) > _TOLERANCE_S:
            raise sdk.BadSignature("The proof is too old.")

    def parse(self, request: sdk.WebhookRequest) -> Sequence[sdk.InboundEvent]:
        if request.method == "GET":
            return []
        events = json.loads(request.body)["batch"]
        return [event for told in events if (event := _event(told)) is not None]

    def reply(self, request: sdk.WebhookRequest) -> sdk.WebhookReply:
        if request.method == "GET":
            echo = dict(request.query)["echo"].encode()
            return sdk.WebhookReply(status=200, content_type="text/plain", body=echo)
        return sdk.WebhookReply()


def _event(told: Any) -> sdk.InboundEvent | None:
    try:
        event = _Event.model_validate(told)
        if event.kind == "text.in":
            return _received(event, _Inbound.model_validate(told["data"]))
        if event.kind == "dispatch.stage":
            facts = _Stage.model_validate(told["data"]).facts()
            return sdk.Reported(external_id=event.event, occurred_at=event.at, **facts)
    except (ValidationError, KeyError, OverflowError):
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        return sdk.Unreadable(external_id=digest, reason="It is not as the manual has it.")
    return None


def _received(event: _Event, text: _Inbound) -> sdk.Received:
    return sdk.Received(
        external_id=event.event,
        provider_id=text.ref,
        sender=text.origin,
        recipient=text.destination,
        body=text.text,
        media=tuple(sdk.Media(url=each.href, content_type=each.mime) for each in text.attachments),
        occurred_at=event.at,
        opt_out=_CONSENT.get(text.consent or ""),
    )


SPEC: sdk.ProviderSpec[sdk.TelephonyProvider, Config] = sdk.ProviderSpec(
    name="heliograph",
    config=Config,
    open=_opened,
    capabilities=frozenset(
        ["sms.send", "mms.send", "sms.receive", "sms.status", "lookup.by_id", "lookup.by_key"]
    ),
    idempotency=sdk.Idempotency(form=sdk.KeyForm.UUID, window_s=24 * 3600),
    failures=_FAILURES,
    webhook=Webhooks(),
)
