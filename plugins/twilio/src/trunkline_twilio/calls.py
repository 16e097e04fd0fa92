"""Calls through Twilio: its Calls resource (2010-04-01)."""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode

import httpx2
from pydantic import Field

from trunkline.sdk import (
    CallReport,
    DeliveryStatus,
    OutboundCall,
    OutcomeUnknown,
    ProviderError,
    Receipt,
    Rejected,
    TelephonyProvider,
)
from trunkline_twilio.api import (
    MOST_PAGES,
    PAGE_SIZE,
    Answer,
    Api,
    Form,
    Moment,
    Page,
    Priced,
    is_since,
    read,
)
from trunkline_twilio.call_failures import OVER, call_refusal
from trunkline_twilio.callbacks import with_retries
from trunkline_twilio.errors import NOT_FOUND
from trunkline_twilio.statuses import CALL_STATUSES, FOUND_OUT_S, answered_by
from trunkline_twilio.twiml import twiml

_LONGEST_TWIML: Final = 4000
"""What `Twiml` takes, in characters ("Call resource", November 2026)."""
_EVENTS: Final = ["initiated", "ringing", "answered", "completed"]


class Calls(Api, TelephonyProvider):
    """One open Twilio account, for calls."""

    async def place_call(self, call: OutboundCall) -> Receipt:
        steps = twiml(call.steps)
        if len(steps) > _LONGEST_TWIML:
            raise Rejected("What is to be done in the call is longer than Twilio's 4,000 letters.")
        form: Form = {
            "To": call.recipient,
            "From": call.sender,
            "Twiml": steps,
            "Timeout": call.ring_s,
            "TimeLimit": call.max_duration_s,
        }
        if call.finds_machine:
            form["MachineDetection"] = "DetectMessageEnd"
        if call.status_url:
            form["StatusCallback"] = with_retries(call.status_url)
            form["StatusCallbackEvent"] = _EVENTS
        taken = read(_Taken, self._answered(await self._post(f"{self._account}/Calls.json", form)))
        status = CALL_STATUSES.get(taken.status)
        return Receipt(
            provider_id=taken.sid, status=status.delivery if status else DeliveryStatus.SENT
        )

    async def fetch_call(self, provider_id: str) -> CallReport | None:
        response = await self._get(self._call(provider_id))
        if response.is_success:
            return read(_Call, response).report()
        error = self._refused(response)
        if error.provider_code == NOT_FOUND:  # not any 404: a proxy's proves nothing
            return None
        raise error

    async def find_calls(self, sender: str, recipient: str, since: datetime) -> list[CallReport]:
        # Not by `StartTime`, which a call that waits in Twilio's queue does not have yet.
        wanted = urlencode({"To": recipient, "From": sender, "PageSize": PAGE_SIZE})
        uri = f"{self._account}/Calls.json?{wanted}"
        reports: list[CallReport] = []
        for _ in range(MOST_PAGES):
            page = read(_Page, self._answered(await self._get(uri)))
            reports += [call.report() for call in page.calls]
            if page.next_page_uri is None:
                return [report for report in reports if is_since(report, since)]
            uri = page.next_page_uri
        # A part of the list must not pass for the whole: what is missing may have been placed.
        raise OutcomeUnknown("Twilio lists more calls between the two than can be read.")

    async def hang_up(self, provider_id: str) -> None:
        # It also gives up a call that nobody has answered, as `canceled` does only then.
        response = await self._post(self._call(provider_id), {"Status": "completed"})
        if response.is_success:
            return
        error = self._refused(response)
        if error.provider_code == NOT_FOUND:
            raise Rejected("Twilio knows no such call.", provider_code=NOT_FOUND)
        if error.provider_code != OVER:
            raise error

    def _call(self, provider_id: str) -> str:
        return f"{self._account}/Calls/{quote(provider_id, safe='')}.json"

    def _answered(self, response: httpx2.Response) -> httpx2.Response:
        if not response.is_success:
            raise self._refused(response)
        return response

    def _refused(self, response: httpx2.Response) -> ProviderError:
        return call_refusal(response, self._clock.now())


class _Taken(Answer):
    """What is read of the answer to who places a call."""

    sid: str = Field(min_length=1)
    status: str = ""


class _Call(Priced):
    """What is read of a call that was asked for."""

    sid: str = Field(min_length=1)
    status: str
    sender: str | None = Field(None, alias="from")
    recipient: str | None = Field(None, alias="to")
    date_created: Moment = None
    duration: int | None = Field(None, ge=0)
    answered_by: str | None = None

    def report(self) -> CallReport:
        """Return it in the hub's words."""
        status, (cost_micros, currency) = CALL_STATUSES.get(self.status), self.cost()
        return CallReport(
            provider_id=self.sid,
            sender=self.sender or "",
            recipient=self.recipient or "",
            status=status.delivery if status else None,
            call_status=status,
            vendor_status=self.status,
            created_at=self.date_created and self.date_created.astimezone(UTC),
            answered_by=answered_by(self.answered_by),
            found_out_s=FOUND_OUT_S if self.answered_by else 0,
            duration_s=self.duration,
            cost_micros=cost_micros,
            currency=currency,
        )


class _Page(Page):
    calls: list[_Call]
