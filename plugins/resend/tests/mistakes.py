"""Mistakes in the Resend adapter, one per class."""

import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from trunkline.sdk import (
    AuthFailed,
    BadSignature,
    DeliveryStatus,
    InboundEvent,
    Media,
    OutboundEmail,
    OutcomeUnknown,
    ProviderContext,
    ProviderError,
    Receipt,
    Received,
    ReceivedEmail,
    Rejected,
    Report,
    Reported,
    RetryLater,
    WebhookAdapter,
    WebhookRequest,
)
from trunkline_resend.config import ResendConfig
from trunkline_resend.mail import Resend
from trunkline_resend.webhooks import ResendWebhooks


class Mistaken(Resend):
    """Resend with its context at hand, to make mistakes with."""

    def __init__(self, config: ResendConfig, context: ProviderContext) -> None:
        super().__init__(config, context)
        self.config, self.context = config, context


# --- sending --------------------------------------------------------------------------------------


class SaysALostMailMayBeSentAgain(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        try:
            return await super().send(message)
        except OutcomeUnknown as error:
            raise RetryLater(str(error), provider_code=error.provider_code) from error


class RetriesByItself(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        try:
            return await super().send(message)
        except ProviderError:
            return await super().send(message)


class TakesEverySuccessForATakenMail(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        try:
            return await super().send(message)
        except OutcomeUnknown:
            return Receipt(provider_id="made-up")


class CallsATakenMailDelivered(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        return replace(await super().send(message), status=DeliveryStatus.DELIVERED)


class CallsEveryRefusalRejected(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        try:
            return await super().send(message)
        except (AuthFailed, RetryLater) as error:
            raise Rejected(str(error), provider_code=error.provider_code) from error


class ForgetsTheCode(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        try:
            return await super().send(message)
        except Rejected as error:
            raise Rejected(str(error)) from error


class ForgetsHowLongToWait(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        try:
            return await super().send(message)
        except RetryLater as error:
            raise RetryLater(str(error)) from error


class TellsTheKey(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        try:
            return await super().send(message)
        except AuthFailed as error:
            raise AuthFailed(f"Refused: {self.config.api_key.get_secret_value()}") from error


class PassesResendsMessageOn(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        try:
            return await super().send(message)
        except Rejected as error:
            raise Rejected(f"Invalid `to` field: {message.recipient}.") from error


class LogsTheSubject(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        self.context.log.info("mail.sending", subject=message.subject)
        return await super().send(message)


class BlocksTheLoop(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        time.sleep(0.15)  # noqa: ASYNC251 - the mistake
        return await super().send(message)


class MakesUpAKey(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        return await super().send(replace(message, idempotency_key=uuid.uuid4().hex))


class ForgetsTheHiddenCopies(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        return await super().send(replace(message, bcc=()))


class ShowsTheHiddenCopies(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        return await super().send(replace(message, cc=(*message.cc, *message.bcc)))


class BreaksTheThread(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        return await super().send(replace(message, in_reply_to=None, references=()))


class ForgetsTheHeaders(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        return await super().send(replace(message, headers={}))


class SendsTheHtmlAlone(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        return await super().send(replace(message, body=""))


class SendsOneFileOnly(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        return await super().send(replace(message, media=message.media[:1]))


class ForgetsWhatFilesAreCalled(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        media = tuple(replace(each, name=None) for each in message.media)
        return await super().send(replace(message, media=media))


class MendsLineBreaks(Mistaken):
    async def send(self, message: OutboundEmail) -> Receipt:
        subject = " ".join(message.subject.splitlines())
        return await super().send(replace(message, subject=subject))


# --- asking ---------------------------------------------------------------------------------------


class TakesEveryErrorForNone(Mistaken):
    async def fetch(self, provider_id: str) -> Report | None:
        try:
            return await super().fetch(provider_id)
        except ProviderError:
            return None


class CallsNothingAnError(Mistaken):
    async def fetch(self, provider_id: str) -> Report | None:
        found = await super().fetch(provider_id)
        if found is None:
            raise Rejected("Resend knows no such mail.")
        return found


class LooksADeliveryIn(Mistaken):
    async def fetch(self, provider_id: str) -> Report | None:
        found = await super().fetch(provider_id)
        return found and replace(found, status=found.status or DeliveryStatus.DELIVERED)


class CallsAnEmptyMailWhole(Mistaken):
    async def complete(self, event: Received) -> Received:
        try:
            return await super().complete(event)
        except ProviderError:
            return replace(event, incomplete=False)


class GivesUpOnAMailThatIsThere(Mistaken):
    async def complete(self, event: Received) -> Received:
        try:
            return await super().complete(event)
        except ProviderError as error:
            raise Rejected(str(error)) from error


class BelievesAnybodyThatAMailIsLost(Mistaken):
    async def complete(self, event: Received) -> Received:
        try:
            return await super().complete(event)
        except OutcomeUnknown as error:
            if "404" in str(error):
                raise Rejected("It is not there.") from error
            raise


class ForgetsThatItIsWhole(Mistaken):
    async def complete(self, event: Received) -> Received:
        return replace(await super().complete(event), incomplete=True)


# --- webhooks -------------------------------------------------------------------------------------


class ReturnsFalseForAForgery(ResendWebhooks):
    def verify(self, request: WebhookRequest, config: ResendConfig) -> None:
        try:
            super().verify(request, config)
        except BadSignature:
            return False  # type: ignore[return-value] # the mistake


class RefusesEverything(ResendWebhooks):
    verify = WebhookAdapter.verify


class ForgetsTheTime(ResendWebhooks):
    def verify(self, request: WebhookRequest, config: ResendConfig) -> None:
        try:
            super().verify(request, config)
        except BadSignature as error:
            if "five minutes" not in str(error):
                raise


class MakesUpEventIds(ResendWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [replace(event, external_id=uuid.uuid4().hex) for event in super().parse(request)]


class GivesEveryEventOneId(ResendWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [replace(event, external_id="resend") for event in super().parse(request)]


class GuessesAStatus(ResendWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [
            replace(each, status=each.status or DeliveryStatus.SENT)
            if isinstance(each, Reported)
            else each
            for each in super().parse(request)
        ]


class CallsEveryBounceForEver(ResendWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [
            replace(each, error_code="Permanent")
            if isinstance(each, Reported) and each.error_code
            else each
            for each in super().parse(request)
        ]


class TellsAMailAsAText(ResendWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [
            Received(
                external_id=each.external_id,
                provider_id=each.provider_id,
                sender=each.sender,
                recipient=each.recipient,
                body=each.body,
            )
            if isinstance(each, ReceivedEmail)
            else each
            for each in super().parse(request)
        ]


class CallsAnAnnouncementWhole(ResendWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [
            replace(each, incomplete=False) if isinstance(each, Received) else each
            for each in super().parse(request)
        ]


class ClaimsEverything(ResendWebhooks):
    def claims(self, request: WebhookRequest) -> bool:
        return True


# --- files ----------------------------------------------------------------------------------------


class ReadsAFileWholeFirst(Mistaken):
    async def fetch_media(self, media: Media) -> AsyncGenerator[bytes, None]:
        for piece in [piece async for piece in super().fetch_media(media)]:
            yield piece


class NeverAsksForAFileAnew(Mistaken):
    async def fetch_media(self, media: Media) -> AsyncGenerator[bytes, None]:
        async for piece in super().fetch_media(replace(media, url=media.url.partition("#")[0])):
            yield piece


class TakesABrokenFileForAWholeOne(Mistaken):
    async def fetch_media(self, media: Media) -> AsyncGenerator[bytes, None]:
        try:
            async for piece in super().fetch_media(media):
                yield piece
        except OutcomeUnknown:
            return


class SaysThatAFileIsGoneThatIsNot(Mistaken):
    async def fetch_media(self, media: Media) -> AsyncGenerator[bytes, None]:
        try:
            async for piece in super().fetch_media(media):
                yield piece
        except ProviderError as error:
            raise Rejected(str(error)) from error


class HandsTheKeyToWhoeverHasTheFile(Mistaken):
    async def fetch_media(self, media: Media) -> AsyncGenerator[bytes, None]:
        self._http.headers.update(self._headers)
        async for piece in super().fetch_media(media):
            yield piece
