"""One instance at GREEN-API, whose token stands in the path of every URL."""

from typing import TypeVar

import httpx2
from pydantic import TypeAdapter, ValidationError

from trunkline.sdk import OutcomeUnknown, Provider, ProviderContext, transport_errors
from trunkline_greenapi.config import GreenApiConfig
from trunkline_greenapi.errors import refusal

T = TypeVar("T")


class Api(Provider):
    """One open instance."""

    def __init__(self, config: GreenApiConfig, context: ProviderContext) -> None:
        self._config = config
        self._http = context.http
        self._clock = context.clock

    async def _get(self, method: str, rest: str = "") -> httpx2.Response:
        with transport_errors("GREEN-API"):
            return await self._http.get(f"{self._url(method)}{rest}")

    def _url(self, method: str) -> str:
        """Return a method's URL: it holds the token, so it goes into no sentence and no log."""
        token = self._config.api_token.get_secret_value()
        return f"{self._config.base_url}/waInstance{self._config.id_instance}/{method}/{token}"


def read(shape: type[T], response: httpx2.Response) -> T:
    """Return what is in an answer, or raise what the answer means to the hub."""
    if not response.is_success:
        raise refusal(response)
    try:
        return TypeAdapter(shape).validate_json(response.content)
    except (ValidationError, OverflowError) as error:  # the latter of a time far off
        raise OutcomeUnknown("GREEN-API's answer cannot be read.") from error
