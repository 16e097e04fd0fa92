"""Texts through Postbird's ``/v1/texts``."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import AwareDatetime, Field, ValidationError

from trunkline.sdk import (
    Account,
    AuthFailed,
    NotSetUp,
    OptedOut,
    OutboundSms,
    OutcomeUnknown,
    OutOfCredit,
    ProviderContext,
    ProviderError,
    Receipt,
    Rejected,
    Report,
    RetryLater,
    TelephonyProvider,
    transport_errors,
)
from trunkline_example.config import ExampleConfig
from trunkline_example.wire import STATUS, Amount, Read, Told, micros


# -- start send --
class Postbird(TelephonyProvider):
    """One open Postbird account."""

    def __init__(self, config: ExampleConfig, http: httpx2.AsyncClient) -> None:
        self._http = http
        self._url = f"{config.base_url}/v1/texts"
        self._account_url = f"{config.base_url}/v1/account"
        self._headers = {"Authorization": f"Bearer {config.api_key.get_secret_value()}"}

    async def send(self, sms: OutboundSms) -> Receipt:
        text = {
            "from": sms.sender,
            "to": sms.recipient,
            "text": sms.body,
            "media_urls": [each.url for each in sms.media],
            "callback_url": sms.status_url,
            "reference": sms.idempotency_key,
        }
        with transport_errors("Postbird"):
            response = await self._http.post(self._url, json=text, headers=self._headers)
        return Receipt(provider_id=_read(_Taken, response).id)

    # -- end send --
    # -- start ask --
    async def fetch(self, provider_id: str) -> Report | None:
        response = await self._get(f"{self._url}/{quote(provider_id, safe='')}")
        if response.status_code == 404 and _code(response) == "no_such_text":
            return None
        text = _read(_Kept, response)
        return Report(
            provider_id=text.id,
            sender=text.sender,
            recipient=text.recipient,
            status=STATUS.get(text.status),
            vendor_status=text.status,
            created_at=text.created_at,
            body=text.text,
            media_count=len(text.media_urls),
            error_code=text.error_code,
            cost_micros=micros(text.price),
            currency=text.currency,
        )

    async def verify(self) -> Account:
        found = _read(_Account, await self._get(self._account_url))
        left = micros(found.balance)
        return Account(name=found.name, balance_micros=left, currency=found.currency)

    async def _get(self, url: str) -> httpx2.Response:
        with transport_errors("Postbird"):
            return await self._http.get(url, headers=self._headers)

    # -- end ask --


# -- start open --
@asynccontextmanager
async def open_postbird(config: ExampleConfig, context: ProviderContext) -> AsyncIterator[Postbird]:
    """Open one account. Postbird has no log-in, so nothing needs undoing either."""
    yield Postbird(config, context.http)


# -- end open --
# -- start answers --
class _Taken(Read):
    id: str = Field(min_length=1)


class _Kept(Told):
    text: str
    media_urls: list[str]
    created_at: AwareDatetime


class _Account(Read):
    name: str
    balance: Amount
    currency: str = Field(pattern="^[A-Z]{3}$")


class _Refusal(Read):
    code: str = Field(pattern=r"^[a-z_]{1,64}$")


R = TypeVar("R", bound=Read)


def _read(model: type[R], response: httpx2.Response) -> R:
    """Return what is in an answer, or raise what the answer means to the hub."""
    if not response.is_success:
        raise _refusal(response)
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise OutcomeUnknown("Postbird gave an answer that cannot be read.") from error


# -- end answers --
# -- start refusals --
_REFUSALS: Final[Mapping[str | None, type[ProviderError]]] = {
    "no_credit": OutOfCredit,
    "recipient_stopped": OptedOut,
    "sender_unregistered": NotSetUp,
}


def _refusal(response: httpx2.Response) -> ProviderError:
    code = _code(response)
    match response.status_code:
        case 429:
            wait = response.headers.get("retry-after", "")
            wait_s = float(wait) if wait.isdecimal() else 1.0
            return RetryLater("Postbird limits our rate.", retry_after_s=wait_s)
        case 401 | 403:
            return AuthFailed("Postbird refused the API key.", provider_code=code)
        case status if response.is_client_error:
            error = _REFUSALS.get(code, Rejected)
            return error(f"Postbird refused ({status}).", provider_code=code)
        case status:
            return OutcomeUnknown(f"Postbird answered {status}.", provider_code=code)


def _code(response: httpx2.Response) -> str | None:
    """Return a refusal's code. Its `message` may quote the number or the text: it stays here."""
    try:
        return _Refusal.model_validate_json(response.content).code
    except ValidationError:
        return None
        # -- end refusals --
