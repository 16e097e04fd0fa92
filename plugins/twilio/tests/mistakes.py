"""Mistakes in the Twilio adapter, one per class."""

import hmac
import time
import uuid
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from trunkline.sdk import (
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
    Received,
    Rejected,
    Report,
    Reported,
    RetryLater,
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
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except OutcomeUnknown as error:
            raise RetryLater(str(error)) from error


class RetriesByItself(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except ProviderError:
            return await super().send(sms)


class TakesEverySuccessForATakenText(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except OutcomeUnknown:
            return Receipt(provider_id=f"SM{'0' * 32}")


class CallsATakenTextDelivered(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        receipt = await super().send(sms)
        return replace(receipt, status=DeliveryStatus.DELIVERED)


class CallsAnEmptyAccountARefusedText(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except OutOfCredit as error:
            raise Rejected(str(error)) from error


class CallsABadTokenARefusedText(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except AuthFailed as error:
            raise Rejected(str(error)) from error


class TellsTheToken(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except AuthFailed as error:
            raise AuthFailed(f"Refused: {self.config.auth_token.get_secret_value()}") from error


class TellsTheHeader(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except AuthFailed as error:
            credentials = f"{self.config.account_sid}:{self.config.auth_token.get_secret_value()}"
            header = b64encode(credentials.encode()).decode()
            raise AuthFailed(f"Refused: Basic {header}") from error


class PassesTwiliosMessageOn(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except Rejected as error:
            raise Rejected(f"The 'To' number {sms.recipient} is not valid.") from error


class LogsTheText(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        self.context.log.info("sms.sending", body=sms.body)
        return await super().send(sms)


class BlocksTheLoop(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        time.sleep(0.15)  # noqa: ASYNC251 - the mistake
        return await super().send(sms)


class ForgetsTheStatusUrl(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        return await super().send(replace(sms, status_url=""))


class ForgetsHowLongToWait(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        try:
            return await super().send(sms)
        except RetryLater as error:
            raise RetryLater(str(error)) from error


class DropsTheMedia(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        return await super().send(replace(sms, media=()))


class SendsOneMediumOnly(Mistaken):
    async def send(self, sms: OutboundSms) -> Receipt:
        return await super().send(replace(sms, media=sms.media[:1]))


# --- looking up -----------------------------------------------------------------------------------


class TakesEvery404ForNone(Mistaken):
    async def fetch(self, provider_id: str) -> Report | None:
        try:
            return await super().fetch(provider_id)
        except ProviderError:
            return None


class LooksADeliveryIn(Mistaken):
    async def fetch(self, provider_id: str) -> Report | None:
        found = await super().fetch(provider_id)
        assert found is not None
        return replace(found, status=found.status or DeliveryStatus.DELIVERED)


class CostsLessThanNothing(Mistaken):
    async def fetch(self, provider_id: str) -> Report | None:
        found = await super().fetch(provider_id)
        assert found is not None
        return replace(found, cost_micros=-(found.cost_micros or 0))


class FindsNothing(Mistaken):
    async def fetch(self, provider_id: str) -> Report | None:
        return None

    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        return []


class CallsNothingAnError(Mistaken):
    async def fetch(self, provider_id: str) -> Report | None:
        found = await super().fetch(provider_id)
        if found is None:
            raise Rejected("Twilio knows no such text.")
        return found


class TakesOnePageForAll(Mistaken):
    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        return (await super().find(sender, recipient, since))[:1]


class SwapsWhoWroteAndWhoGotIt(Mistaken):
    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        return await super().find(recipient, sender, since)


class ListsTextsOfAnyTime(Mistaken):
    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        return await super().find(sender, recipient, datetime(2000, 1, 1, tzinfo=UTC))


class StopsReadingWithoutSayingSo(Mistaken):
    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        try:
            return await super().find(sender, recipient, since)
        except OutcomeUnknown:
            return []


class GoesWhereTheListLeads(Mistaken):
    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        first = await self._get(f"{self._messages}.json")
        await self._get(first.json()["next_page_uri"])
        return []


class BelievesInFractionsOfASecond(Mistaken):
    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        found = await super().find(sender, recipient, since)
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
        assert isinstance(event, Received | Reported)
        return [replace(event, external_id=event.provider_id)]


class NamesAnEventByItsWholeBody(TwilioWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [replace(event, external_id=str(request.body)) for event in super().parse(request)]


class GuessesAStatus(TwilioWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        (event,) = super().parse(request)
        if isinstance(event, Reported):
            return [replace(event, status=event.status or DeliveryStatus.SENT)]
        return [event]


class CallsSentDelivered(TwilioWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        (event,) = super().parse(request)
        if isinstance(event, Reported) and event.status is DeliveryStatus.SENT:
            return [replace(event, status=DeliveryStatus.DELIVERED)]
        return [event]


class LosesWhatCameAlong(TwilioWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        (event,) = super().parse(request)
        return [replace(event, media=())] if isinstance(event, Received) else [event]


class ClaimsEverything(TwilioWebhooks):
    def claims(self, request: WebhookRequest) -> bool:
        return True
