"""What texts and WhatsApp messages have in common: Twilio's Messages resource (2010-04-01)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar, TypeVar
from urllib.parse import quote, urlencode

import httpx2
from pydantic import Field

from trunkline.sdk import (
    DeliveryStatus,
    MessageProvider,
    Outbound,
    OutcomeUnknown,
    ProviderContext,
    Receipt,
    Report,
    RetryLater,
    transport_errors,
)
from trunkline_twilio.api import (
    MOST_PAGES,
    PAGE_SIZE,
    Answer,
    Api,
    Moment,
    Page,
    Priced,
    is_since,
    read,
)
from trunkline_twilio.callbacks import with_retries
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.errors import IN_PROGRESS, NOT_FOUND, refusal
from trunkline_twilio.statuses import STATUSES

M = TypeVar("M", bound=Outbound)


class Messages(Api, MessageProvider[M]):
    """One open Twilio account; `prefix` is what stands before an address at Twilio."""

    prefix: ClassVar[str] = ""

    def __init__(self, config: TwilioConfig, context: ProviderContext) -> None:
        super().__init__(config, context)
        self._messages = f"{self._account}/Messages"
        self._sends = httpx2.URL(f"{config.base_url}{self._messages}.json")

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
        if error.provider_code == NOT_FOUND:  # not any 404: a proxy's proves nothing
            return None
        raise error

    async def delete_message(self, provider_id: str) -> None:
        url = f"{self._base_url}{self._messages}/{quote(provider_id, safe='')}.json"
        with transport_errors("Twilio"):
            response = await self._http.delete(url, auth=self._auth)
        if response.is_success:
            return
        error = refusal(response, self._clock.now())
        if error.provider_code == IN_PROGRESS:
            raise RetryLater("Twilio still works on the message.", provider_code=IN_PROGRESS)
        if error.provider_code != NOT_FOUND:
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
                return [report for report in reports if is_since(report, since)]
            uri = page.next_page_uri
        # A part of the list must not pass for the whole: what is missing may have been sent.
        raise OutcomeUnknown("Twilio lists more messages between the two than can be read.")


class _Taken(Answer):
    """What is read of the answer to a send."""

    sid: str = Field(min_length=1)
    status: str = ""
    error_code: int | None = None


class _Message(Priced):
    """What is read of a message that was asked for."""

    sid: str = Field(min_length=1)
    status: str
    sender: str | None = Field(None, alias="from")
    recipient: str | None = Field(None, alias="to")
    body: str | None = None
    num_media: int | None = None
    messaging_service_sid: str | None = None
    date_created: Moment = None
    error_code: int | None = None

    def report(self, prefix: str) -> Report:
        """Return it in the hub's words."""
        cost_micros, currency = self.cost()
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


class _Page(Page):
    messages: list[_Message]
