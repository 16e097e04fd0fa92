"""What texts, calls and WhatsApp messages share: one account at Twilio's API (2010-04-01)."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Annotated, Final, TypeAlias, TypeVar
from urllib.parse import urlencode

import httpx2
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from trunkline.sdk import (
    MICROS,
    Account,
    Failure,
    Media,
    OutcomeUnknown,
    Provider,
    ProviderContext,
    ProviderError,
    Rejected,
    Report,
    download,
    transport_errors,
)
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.errors import NOT_FOUND, refusal

Form: TypeAlias = dict[str, str | int | list[str]]
PAGE_SIZE: Final = 1000  # the most that Twilio gives
MOST_PAGES: Final = 5
_TRIAL: Final = "It is a trial account, which reaches verified numbers only: upgrade it."
_FILE: Final = re.compile(r"/(Messages/[A-Za-z0-9]+/Media/[A-Za-z0-9]+|Recordings/[A-Za-z0-9]+)")


class Api(Provider):
    """One open Twilio account."""

    def __init__(self, config: TwilioConfig, context: ProviderContext) -> None:
        self._http = context.http
        self._clock = context.clock
        self._base_url = config.base_url
        self._account = f"/2010-04-01/Accounts/{config.account_sid}"
        self._config = config
        user, secret = config.account_sid, config.auth_token
        if config.api_key_sid and config.api_key_secret:
            user, secret = config.api_key_sid, config.api_key_secret
        self._auth = httpx2.BasicAuth(user, secret.get_secret_value())

    async def verify(self) -> Account:
        if self._config.api_key_sid:  # most keys may not ask for the account
            self._succeeded(await self._get(f"{self._account}/Messages.json?PageSize=1"))
            return Account()
        response = await self._get(f"{self._account}.json")
        account = read(_Account, self._succeeded(response))
        notes = [_TRIAL] if account.type == "Trial" else []
        if account.status != "active":
            notes.append(f"Its status is {account.status}: look at it in Twilio's console.")
        balance = await self._balance()
        return Account(
            name=account.friendly_name,
            balance_micros=balance.micros if balance else None,
            currency=balance.currency if balance else None,
            notes=tuple(notes),
        )

    async def fetch_media(self, media: Media) -> AsyncGenerator[bytes, None]:
        url = f"{self._base_url}{self._file(media)}"
        if "/Recordings/" in url:
            url += ".wav"
        pieces = download(
            self._http, url, vendor="Twilio", refused=self._unreadable, auth=self._auth
        )
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    async def delete_media(self, media: Media) -> None:
        url = f"{self._base_url}{self._file(media)}.json"
        with transport_errors("Twilio"):
            response = await self._http.delete(url, auth=self._auth)
        if not response.is_success:
            error = self._unreadable(response)
            if not isinstance(error, Rejected):  # which says that there is none any more
                raise error

    def _file(self, media: Media) -> str:
        """Return where a file of the account's is; the credentials go nowhere else."""
        try:
            path = httpx2.URL(media.url).path.removesuffix(".wav")
        except httpx2.InvalidURL:
            path = ""
        if not path.startswith(self._account) or not _FILE.fullmatch(path, len(self._account)):
            raise Rejected("It is no file of the connection's Twilio account.")
        return path

    def _unreadable(self, response: httpx2.Response) -> ProviderError:
        """Return what it means that a file cannot be read: it is gone by Twilio's word alone."""
        error = refusal(response, self._clock.now())
        if error.provider_code == NOT_FOUND:
            return Rejected("Twilio does not have the file any more.", provider_code=NOT_FOUND)
        if isinstance(error, Rejected):
            return OutcomeUnknown(str(error), provider_code=error.provider_code)
        return error

    async def _balance(self) -> "_Balance | None":
        """Return what is left of prepaid money; None where Twilio does not tell."""
        response = await self._get(f"{self._account}/Balance.json")
        return read(_Balance, response) if response.is_success else None

    async def _get(self, uri: str, base_url: str | None = None) -> httpx2.Response:
        with transport_errors("Twilio"):
            return await self._http.get(f"{base_url or self._base_url}{uri}", auth=self._auth)

    async def _post(self, uri: str, form: Form, base_url: str | None = None) -> httpx2.Response:
        with transport_errors("Twilio"):
            return await self._http.post(
                f"{base_url or self._base_url}{uri}", data=form, auth=self._auth
            )

    async def _delete(self, uri: str, base_url: str | None = None) -> None:
        """Delete something; what is not there any more is fine."""
        with transport_errors("Twilio"):
            response = await self._http.delete(
                f"{base_url or self._base_url}{uri}", auth=self._auth
            )
        self._if_any(response)

    def _succeeded(
        self, response: httpx2.Response, own: Mapping[str, Failure] | None = None
    ) -> httpx2.Response:
        """Return an answer; raise what it means if it is no success, `own` codes counting first."""
        if not response.is_success:
            raise refusal(response, self._clock.now(), own)
        return response

    def _if_any(self, response: httpx2.Response) -> httpx2.Response | None:
        """Return an answer; None where Twilio itself says that there is none such."""
        if response.is_success:
            return response
        error = refusal(response, self._clock.now())
        if error.provider_code == NOT_FOUND:  # not any 404: a proxy's proves nothing
            return None
        raise error

    async def _listed(self, uri: str, model: "type[P]") -> "list[P]":
        """Return every page of a list of the API of 2010."""
        pages: list[P] = []
        for _ in range(MOST_PAGES):
            pages.append(read(model, self._succeeded(await self._get(uri))))
            if pages[-1].next_page_uri is None:
                return pages
            uri = pages[-1].next_page_uri
        # A part of the list must not pass for the whole.
        raise OutcomeUnknown("Twilio lists more than can be read.")

    async def _listed_at(
        self, product: str, path: str, model: "type[N]", **wanted: str
    ) -> "list[N]":
        """Return every page of a list of another of Twilio's products."""
        pages: list[N] = []
        base_url = self._config.host(product)
        uri = f"{path}?{urlencode({**wanted, 'PageSize': PAGE_SIZE})}"
        for _ in range(MOST_PAGES):
            pages.append(read(model, self._succeeded(await self._get(uri, base_url))))
            following = pages[-1].meta.next_page_url
            if not following:
                return pages
            place, _, query = following.partition("?")
            if place != f"{base_url}{path}":  # the credentials go where it leads
                raise OutcomeUnknown("Twilio's list leads somewhere else.")
            uri = f"{path}?{query}"
        raise OutcomeUnknown("Twilio lists more than can be read.")


def _rfc2822(value: object) -> object:
    return parsedate_to_datetime(value) if isinstance(value, str) else value


Moment = Annotated[AwareDatetime | None, BeforeValidator(_rfc2822)]


class Answer(BaseModel):
    """What is read of one of Twilio's answers."""

    model_config = ConfigDict(hide_input_in_errors=True)  # it holds numbers and texts


class Priced(Answer):
    """What is read of the price of a message or a call."""

    price: Decimal | None = None  # below zero, as -0.00750; null until Twilio knows it
    price_unit: str | None = Field(None, pattern="^[A-Za-z]{3}$")

    def cost(self) -> tuple[int, str] | tuple[None, None]:
        """Return it in micro-units with its currency."""
        if self.price is None or self.price_unit is None:
            return None, None
        return round(abs(self.price) * MICROS), self.price_unit.upper()


class Page(Answer):
    """One page of a list."""

    # A path and nothing else, as the credentials go where it leads.
    next_page_uri: str | None = Field(None, pattern=r"^/2010-04-01/")


class _Meta(Answer):
    next_page_url: str | None = None


class NewerPage(Answer):
    """One page of a list of Twilio's newer APIs."""

    meta: _Meta = Field(default_factory=_Meta)


class _Balance(Answer):
    """What is read of what is left."""

    balance: Decimal = Field(allow_inf_nan=False)
    currency: str = Field(pattern="^[A-Z]{3}$")

    @property
    def micros(self) -> int:
        """It in micro-units."""
        return round(self.balance * MICROS)


class _Account(Answer):
    """What is read of the account itself."""

    friendly_name: str | None = None
    status: str = Field(pattern="^[a-z]{1,32}$")
    type: str | None = None


A = TypeVar("A", bound=Answer)
P = TypeVar("P", bound=Page)
N = TypeVar("N", bound=NewerPage)


def read(model: type[A], response: httpx2.Response) -> A:
    """Return an answer; OutcomeUnknown if it is not of its form."""
    try:
        return model.model_validate_json(response.content)
    except (ValidationError, OverflowError) as error:  # the latter of a year of many digits
        raise OutcomeUnknown("Twilio's answer cannot be read.") from error


def is_since(report: Report, since: datetime) -> bool:
    """Tell whether it was taken since then, as far as Twilio's whole seconds can tell."""
    return report.created_at is None or report.created_at >= since.replace(microsecond=0)
