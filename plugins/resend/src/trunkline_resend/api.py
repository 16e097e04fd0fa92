"""What mails, domains and webhooks share: one team at Resend's API."""

import asyncio
from typing import Any, Final, TypeVar

import httpx2
from pydantic import ValidationError

from trunkline.sdk import OutcomeUnknown, Provider, ProviderContext, transport_errors
from trunkline_resend.config import ResendConfig
from trunkline_resend.errors import NOT_FOUND, name_of, refusal
from trunkline_resend.wire import Read

MOST: Final = 100  # the most that Resend lists at once


class Api(Provider):
    """One open Resend team."""

    def __init__(self, config: ResendConfig, context: ProviderContext) -> None:
        self._http = context.http
        self._clock = context.clock
        self._secrets = context.secrets
        self._setting = asyncio.Lock()
        own = config.webhook_secret
        self._own_secrets = own.get_secret_value() if own else ""
        self._base_url = config.base_url
        self._headers = {"Authorization": f"Bearer {config.api_key.get_secret_value()}"}

    async def _get(self, path: str) -> httpx2.Response:
        return await self._ask("GET", path)

    async def _ask(self, method: str, path: str, json: Any = None) -> httpx2.Response:
        with transport_errors("Resend"):
            return await self._http.request(
                method, f"{self._base_url}{path}", headers=self._headers, json=json
            )


A = TypeVar("A", bound=Read)


def read(model: type[A], response: httpx2.Response) -> A:
    """Return what is in an answer, or raise what the answer means to the hub."""
    if not response.is_success:
        raise refusal(response)
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise OutcomeUnknown("Resend's answer cannot be read.") from error


def is_missing(response: httpx2.Response) -> bool:
    """Tell whether Resend says that there is none such: a 404 of a proxy proves nothing."""
    return response.status_code == 404 and name_of(response) == NOT_FOUND
