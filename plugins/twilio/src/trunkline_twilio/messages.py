"""What texts and WhatsApp messages have in common: Twilio's Messages resource (2010-04-01)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Annotated, ClassVar, Final, TypeVar
from urllib.parse import quote, urlencode

import httpx2
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from trunkline.sdk import (
    MICROS,
    Account,
    DeliveryStatus,
    MessageProvider,
    Outbound,
    OutcomeUnknown,
    ProviderContext,
    Receipt,
    Report,
    transport_errors,
)
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.errors import refusal
from trunkline_twilio.statuses import STATUSES
from trunkline_twilio.webhooks import with_retries

PAGE_SIZE: Final = 1000  # the most that Twilio gives
MOST_PAGES: Final = 5
_TRIAL: Final = "It is a trial account, which reaches verified numbers only: upgrade it."
_NO_SUCH_MESSAGE: Final = "20404"

M = TypeVar("M", bound=Outbound)


class Messages(MessageProvider[M]):
    """One open Twilio account; `prefix` is what stands before an address at Twilio."""

    prefix: ClassVar[str] = ""

    def __init__(self, config: TwilioConfig, context: ProviderContext) -> None:
        self._http = context.http
        self._clock = context.clock
        self._base_url = config.base_url
        self._account = f"/2010-04-01/Accounts/{config.account_sid}"
        self._messages = f"{self._account}/Messages"
        self._sends = httpx2.URL(f"{config.base_url}{self._messages}.json")
        self._config = config
        user, secret = config.account_sid, config.auth_token
        if config.api_key_sid and config.api_key_secret:
            user, secret = config.api_key_sid, config.api_key_secret
        self._auth = httpx2.BasicAuth(user, secret.get_secret_value())

    async def send(self, message: M) -> Receipt:
        form: dict[str, str | list[str]] = {
            "To": f"{self.prefix}{message.recipient}",
            "From": f"{self.prefix}{self.sent_from(message.sender, message.recipient)}",
            **self.content(message),
        }
        if self._config.messaging_service_sid:
            form["MessagingServiceSid"] = self._config.messaging_service_sid
        if message.status_url:
            form["StatusCallback"] = with_retries(message.status_url)
        if message.media:
            form["MediaUrl"] = [each.url for each in message.media]
        with transport_errors("Twilio"):
            response = await self._http.post(self._sends, data=form, auth=self._auth)
        taken = read(_Taken, self._succeeded(response))
        status = STATUSES.get(taken.status) or DeliveryStatus.SENT  # it has an id: Twilio has it
        code = None if taken.error_code is None else str(taken.error_code)
        return Receipt(provider_id=taken.sid, status=status, error_code=code)

    def content(self, message: M) -> Mapping[str, str]:
        """Return the fields that say what is sent, but for media."""
        return {"Body": message.body}

    def sent_from(self, sender: str, recipient: str) -> str:
        """Return who a message to a recipient goes out from."""
        return sender

    async def fetch(self, provider_id: str) -> Report | None:
        response = await self._get(f"{self._messages}/{quote(provider_id, safe='')}.json")
        if response.is_success:
            return read(_Message, response).report(self.prefix)
        error = refusal(response, self._clock.now())
        if error.provider_code == _NO_SUCH_MESSAGE:  # not any 404: a proxy's proves nothing
            return None
        raise error

    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        sender, service = self.sent_from(sender, recipient), self._config.messaging_service_sid
        wanted: dict[str, str | int] = {"To": f"{self.prefix}{recipient}", "PageSize": PAGE_SIZE}
        if service is None:  # a service may put another of its senders in
            wanted["From"] = f"{self.prefix}{sender}"
        uri = f"{self._messages}.json?{urlencode(wanted)}"
        reports: list[Report] = []
        for _ in range(MOST_PAGES):
            page = read(_Page, self._succeeded(await self._get(uri)))
            reports += [
                message.report(self.prefix)
                for message in page.messages
                if service is None
                or message.sender == f"{self.prefix}{sender}"
                or message.messaging_service_sid == service
            ]
            if page.next_page_uri is None:
                return [report for report in reports if _is_since(report, since)]
            uri = page.next_page_uri
        # A part of the list must not pass for the whole: what is missing may have been sent.
        raise OutcomeUnknown("Twilio lists more messages between the two than can be read.")

    async def verify(self) -> Account:
        if self._config.api_key_sid:  # most keys may not ask for the account
            self._succeeded(await self._get(f"{self._messages}.json?PageSize=1"))
            return Account()
        response = await self._get(f"{self._account}.json")
        account = read(_Account, self._succeeded(response))
        notes = [_TRIAL] if account.type == "Trial" else []
        if account.status != "active":
            notes.append(f"Its status is {account.status}: look at it in Twilio's console.")
        return Account(name=account.friendly_name, notes=tuple(notes))

    async def _get(self, uri: str, base_url: str | None = None) -> httpx2.Response:
        with transport_errors("Twilio"):
            return await self._http.get(f"{base_url or self._base_url}{uri}", auth=self._auth)

    def _succeeded(self, response: httpx2.Response) -> httpx2.Response:
        if not response.is_success:
            raise refusal(response, self._clock.now())
        return response


def _rfc2822(value: object) -> object:
    return parsedate_to_datetime(value) if isinstance(value, str) else value


class Answer(BaseModel):
    """What is read of one of Twilio's answers."""

    model_config = ConfigDict(hide_input_in_errors=True)  # it holds numbers and texts


class _Taken(Answer):
    """What is read of the answer to a send."""

    sid: str = Field(min_length=1)
    status: str = ""
    error_code: int | None = None


class _Account(Answer):
    """What is read of the account itself."""

    friendly_name: str | None = None
    status: str = Field(pattern="^[a-z]{1,32}$")
    type: str | None = None


class _Message(Answer):
    """What is read of a message that was asked for."""

    sid: str = Field(min_length=1)
    status: str
    sender: str | None = Field(None, alias="from")
    recipient: str | None = Field(None, alias="to")
    body: str | None = None
    num_media: int | None = None
    messaging_service_sid: str | None = None
    date_created: Annotated[AwareDatetime | None, BeforeValidator(_rfc2822)] = None
    error_code: int | None = None
    price: Decimal | None = None  # below zero, as -0.00750; null until Twilio knows it
    price_unit: str | None = Field(None, pattern="^[A-Za-z]{3}$")

    def report(self, prefix: str) -> Report:
        """Return it in the hub's words."""
        cost_micros, currency = self._cost()
        return Report(
            provider_id=self.sid,
            sender=(self.sender or "").removeprefix(prefix),
            recipient=(self.recipient or "").removeprefix(prefix),
            status=STATUSES.get(self.status),
            vendor_status=self.status,
            body=self.body,
            media_count=self.num_media,
            created_at=self.date_created and self.date_created.astimezone(UTC),
            error_code=None if self.error_code is None else str(self.error_code),
            cost_micros=cost_micros,
            currency=currency,
        )

    def _cost(self) -> tuple[int, str] | tuple[None, None]:
        if self.price is None or self.price_unit is None:
            return None, None
        return round(abs(self.price) * MICROS), self.price_unit.upper()


class _Page(Answer):
    messages: list[_Message]
    # A path and nothing else, as the credentials go where it leads.
    next_page_uri: str | None = Field(None, pattern=r"^/2010-04-01/")


A = TypeVar("A", bound=Answer)


def read(model: type[A], response: httpx2.Response) -> A:
    """Return an answer; OutcomeUnknown if it is not of its form."""
    try:
        return model.model_validate_json(response.content)
    except (ValidationError, OverflowError) as error:  # the latter of a year of many digits
        raise OutcomeUnknown("Twilio's answer cannot be read.") from error


def _is_since(report: Report, since: datetime) -> bool:
    """Tell whether a message was taken since then, as far as Twilio's whole seconds can tell."""
    return report.created_at is None or report.created_at >= since.replace(microsecond=0)
