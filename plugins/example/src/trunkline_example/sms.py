"""Texts through Postbird's ``POST /v1/texts``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from pydantic import BaseModel, Field, ValidationError

from trunkline.sdk import (
    AuthFailed,
    OutboundSms,
    OutcomeUnknown,
    ProviderContext,
    Receipt,
    Rejected,
    RetryLater,
    TelephonyProvider,
    transport_errors,
)
from trunkline_example.config import ExampleConfig


# -- start send --
class Postbird(TelephonyProvider):
    """One open Postbird account."""

    def __init__(self, config: ExampleConfig, http: httpx2.AsyncClient) -> None:
        self._http = http
        self._url = f"{config.base_url}/v1/texts"
        self._headers = {"Authorization": f"Bearer {config.api_key.get_secret_value()}"}

    async def send(self, sms: OutboundSms) -> Receipt:
        text = {
            "from": sms.sender,
            "to": sms.recipient,
            "text": sms.body,
            "callback_url": sms.status_url,
            "reference": sms.idempotency_key,
        }
        with transport_errors("Postbird"):
            response = await self._http.post(self._url, json=text, headers=self._headers)
        return _receipt(response)


@asynccontextmanager
async def open_postbird(config: ExampleConfig, context: ProviderContext) -> AsyncIterator[Postbird]:
    """Open one account. Postbird has no log-in, so nothing needs undoing either."""
    yield Postbird(config, context.http)


# -- end send --
# -- start answers --
class _Answer(BaseModel):
    """What is read of an answer: the id of an accepted text, or the code of a refusal."""

    id: str | None = Field(None, min_length=1)
    code: str | None = Field(None, pattern=r"^[a-z_]{1,64}$")


def _receipt(response: httpx2.Response) -> Receipt:
    """Return the receipt in an answer, or raise what the answer means to the hub."""
    try:
        answer = _Answer.model_validate_json(response.content)
    except ValidationError:
        answer = _Answer()  # the status alone has to do
    if response.is_success:
        if answer.id is None:
            raise OutcomeUnknown("Postbird accepted the text but gave no id.")
        return Receipt(provider_id=answer.id)
    # Postbird's `message` may quote the number or the text: only its `code` is passed on.
    match response.status_code:
        case 429:
            wait = response.headers.get("retry-after", "")
            wait_s = float(wait) if wait.isdecimal() else 1.0
            raise RetryLater("Postbird limits our rate.", retry_after_s=wait_s)
        case 401 | 403:
            raise AuthFailed("Postbird refused the API key.", provider_code=answer.code)
        case status if response.is_client_error:
            raise Rejected(f"Postbird refused the text ({status}).", provider_code=answer.code)
        case status:
            raise OutcomeUnknown(f"Postbird answered {status}.", provider_code=answer.code)
    # -- end answers --
