"""Mistakes in the Twilio adapter, one per class."""

import hmac
import time
import uuid
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from trunkline.sdk import (
    E164,
    AuthFailed,
    BadSignature,
    DeliveryStatus,
    InboundEvent,
    OutboundSms,
    OutcomeUnknown,
    OutOfCredit,
    ProviderContext,
    ProviderError,
    Receipt,
    Rejected,
    RetryLater,
    SmsReceived,
    SmsReport,
    StatusReported,
    WebhookAdapter,
    WebhookRequest,
)
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.sms import Twilio
from trunkline_twilio.webhooks import TwilioWebhooks


class Mistaken(Twilio):
    """Twilio with its context at hand, to make mistakes with."""

    def __init__(self, config: TwilioConfig, context: ProviderContext) -> None:
        super().__init__(config, context)
        self.config, self.context = config, context


# --- sending --------------------------------------------------------------------------------------


class SaysALostTextMayBeSentAgain(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send_sms(sms)
        except OutcomeUnknown as error:
            raise RetryLater(str(error)) from error


class RetriesByItself(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send_sms(sms)
        except ProviderError:
            return await super().send_sms(sms)


class TakesEverySuccessForATakenText(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send_sms(sms)
        except OutcomeUnknown:
            return Receipt(provider_id=f"SM{'0' * 32}")


class CallsATakenTextDelivered(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        receipt = await super().send_sms(sms)
        return replace(receipt, status=DeliveryStatus.DELIVERED)


class CallsAnEmptyAccountARefusedText(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send_sms(sms)
        except OutOfCredit as error:
            raise Rejected(str(error)) from error


class CallsABadTokenARefusedText(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send_sms(sms)
        except AuthFailed as error:
            raise Rejected(str(error)) from error


class TellsTheToken(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send_sms(sms)
        except AuthFailed as error:
            raise AuthFailed(f"Refused: {self.config.auth_token.get_secret_value()}") from error


class TellsTheHeader(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send_sms(sms)
        except AuthFailed as error:
            credentials = f"{self.config.account_sid}:{self.config.auth_token.get_secret_value()}"
            header = b64encode(credentials.encode()).decode()
            raise AuthFailed(f"Refused: Basic {header}") from error


class PassesTwiliosMessageOn(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send_sms(sms)
        except Rejected as error:
            raise Rejected(f"The 'To' number {sms.recipient} is not valid.") from error


class LogsTheText(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        self.context.log.info("sms.sending", body=sms.body)
        return await super().send_sms(sms)


class BlocksTheLoop(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        time.sleep(0.15)  # noqa: ASYNC251 - the mistake
        return await super().send_sms(sms)


class ForgetsTheStatusUrl(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        return await super().send_sms(replace(sms, status_url=""))


class ForgetsHowLongToWait(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send_sms(sms)
        except RetryLater as error:
            raise RetryLater(str(error)) from error


class DropsTheMedia(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        return await super().send_sms(replace(sms, media_urls=()))


class SendsOneMediumOnly(Mistaken):
    async def send_sms(self, sms: OutboundSms) -> Receipt:
        return await super().send_sms(replace(sms, media_urls=sms.media_urls[:1]))


# --- looking up -----------------------------------------------------------------------------------


class TakesEvery404ForNone(Mistaken):
    async def fetch_sms(self, provider_id: str) -> SmsReport | None:
        try:
            return await super().fetch_sms(provider_id)
        except ProviderError:
            return None


class LooksADeliveryIn(Mistaken):
    async def fetch_sms(self, provider_id: str) -> SmsReport | None:
        found = await super().fetch_sms(provider_id)
        assert found is not None
        return replace(found, status=found.status or DeliveryStatus.DELIVERED)


class CostsLessThanNothing(Mistaken):
    async def fetch_sms(self, provider_id: str) -> SmsReport | None:
        found = await super().fetch_sms(provider_id)
        assert found is not None
        return replace(found, cost_micros=-(found.cost_micros or 0))


class FindsNothing(Mistaken):
    async def fetch_sms(self, provider_id: str) -> SmsReport | None:
        return None

    async def list_sms(self, sender: E164, recipient: E164, since: datetime) -> list[SmsReport]:
        return []


class CallsNothingAnError(Mistaken):
    async def fetch_sms(self, provider_id: str) -> SmsReport | None:
        found = await super().fetch_sms(provider_id)
        if found is None:
            raise Rejected("Twilio knows no such text.")
        return found


class TakesOnePageForAll(Mistaken):
    async def list_sms(self, sender: E164, recipient: E164, since: datetime) -> list[SmsReport]:
        return (await super().list_sms(sender, recipient, since))[:1]


class StopsReadingWithoutSayingSo(Mistaken):
    async def list_sms(self, sender: E164, recipient: E164, since: datetime) -> list[SmsReport]:
        try:
            return await super().list_sms(sender, recipient, since)
        except OutcomeUnknown:
            return []


class GoesWhereTheListLeads(Mistaken):
    async def list_sms(self, sender: E164, recipient: E164, since: datetime) -> list[SmsReport]:
        first = await self._get(f"{self._messages}.json")
        await self._get(first.json()["next_page_uri"])
        return []


class BelievesInFractionsOfASecond(Mistaken):
    async def list_sms(self, sender: E164, recipient: E164, since: datetime) -> list[SmsReport]:
        found = await super().list_sms(sender, recipient, since)
        return [each for each in found if each.created_at and each.created_at >= since]


# --- webhooks -------------------------------------------------------------------------------------


class ReturnsFalseForAForgery(TwilioWebhooks):
    def verify(self, request: WebhookRequest, config: TwilioConfig) -> None:
        try:
            super().verify(request, config)
        except BadSignature:
            return False  # type: ignore[return-value] # the mistake


class ComparesText(TwilioWebhooks):
    def verify(self, request: WebhookRequest, config: TwilioConfig) -> None:
        if not hmac.compare_digest("expected", request.headers["x-twilio-signature"]):
            super().verify(request, config)


class RefusesEverything(TwilioWebhooks):
    verify = WebhookAdapter.verify


class LooksAtTheUrlOnly(TwilioWebhooks):
    def verify(self, request: WebhookRequest, config: TwilioConfig) -> None:
        super().verify(replace(request, body=b""), config)


class SkipsWhatItDoesNotKnow(TwilioWebhooks):
    def verify(self, request: WebhookRequest, config: TwilioConfig) -> None:
        known = ("content-type", "x-twilio-signature")
        headers = {name: value for name, value in request.headers.items() if name in known}
        super().verify(replace(request, headers=headers), config)


class MakesUpEventIds(TwilioWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [replace(event, external_id=uuid.uuid4().hex) for event in super().parse(request)]


class NamesAnEventByItsTextOnly(TwilioWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        (event,) = super().parse(request)
        assert isinstance(event, SmsReceived | StatusReported)
        return [replace(event, external_id=event.provider_id)]


class NamesAnEventByItsWholeBody(TwilioWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [replace(event, external_id=str(request.body)) for event in super().parse(request)]


class GuessesAStatus(TwilioWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        (event,) = super().parse(request)
        if isinstance(event, StatusReported):
            return [replace(event, status=event.status or DeliveryStatus.SENT)]
        return [event]


class CallsSentDelivered(TwilioWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        (event,) = super().parse(request)
        if isinstance(event, StatusReported) and event.status is DeliveryStatus.SENT:
            return [replace(event, status=DeliveryStatus.DELIVERED)]
        return [event]


class LosesWhatCameAlong(TwilioWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        (event,) = super().parse(request)
        return [replace(event, media_urls=())] if isinstance(event, SmsReceived) else [event]


class ClaimsEverything(TwilioWebhooks):
    def claims(self, request: WebhookRequest) -> bool:
        return True
