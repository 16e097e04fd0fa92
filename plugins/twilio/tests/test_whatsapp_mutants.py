"""The suite of WhatsApp has teeth: it fails each of these mistakes, made in the Twilio adapter."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

import pytest

from plugins.twilio.tests.whatsapp_suite import WhatsAppSuite as Suite
from trunkline.sdk import (
    DeliveryStatus,
    InboundEvent,
    OptedOut,
    OutboundWhatsApp,
    OutcomeUnknown,
    ProviderContext,
    ProviderError,
    Receipt,
    Received,
    ReceivedWhatsApp,
    Rejected,
    Report,
    Reported,
    RetryLater,
    Template,
    TemplateState,
    WebhookRequest,
    WhatsAppContent,
)
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.plugin import WHATSAPP
from trunkline_twilio.webhooks import TwilioWebhooks
from trunkline_twilio.whatsapp import TwilioWhatsApp

# --- sending --------------------------------------------------------------------------------------


class SaysALostMessageMayBeSentAgain(TwilioWhatsApp):
    async def send(self, message: OutboundWhatsApp) -> Receipt:
        try:
            return await super().send(message)
        except OutcomeUnknown as error:
            raise RetryLater(str(error)) from error


class WritesToNumbersOnly(TwilioWhatsApp):
    async def send(self, message: OutboundWhatsApp) -> Receipt:
        digits = "".join(letter for letter in message.recipient if letter.isdecimal())
        return await super().send(replace(message, recipient=f"+{digits}"))


class ForgetsWhatStandsBeforeAnAddress(TwilioWhatsApp):
    prefix = ""


class SendsWhatATemplateComesTo(TwilioWhatsApp):
    def content(self, message: OutboundWhatsApp) -> Mapping[str, str]:
        return {**super().content(message), "Body": message.body}


class SendsATemplateAsText(TwilioWhatsApp):
    def content(self, message: OutboundWhatsApp) -> Mapping[str, str]:
        return {"Body": message.body}


class ForgetsTheValues(TwilioWhatsApp):
    def content(self, message: OutboundWhatsApp) -> Mapping[str, str]:
        return super().content(replace(message, template_values={}))


class WritesValuesByHand(TwilioWhatsApp):
    def content(self, message: OutboundWhatsApp) -> Mapping[str, str]:
        pairs = ",".join(f'"{name}":"{value}"' for name, value in message.template_values.items())
        return {**super().content(message), "ContentVariables": f"{{{pairs}}}"}


class SendsTheFirstMediumAndDropsTheRest(TwilioWhatsApp):
    async def send(self, message: OutboundWhatsApp) -> Receipt:
        return await super().send(replace(message, media=message.media[:1]))


class GivesAnEmptyStatusUrl(TwilioWhatsApp):
    async def send(self, message: OutboundWhatsApp) -> Receipt:
        return await super().send(replace(message, status_url=message.status_url or "None"))


class TellsTheNumber(TwilioWhatsApp):
    async def send(self, message: OutboundWhatsApp) -> Receipt:
        try:
            return await super().send(message)
        except Rejected as error:
            raise Rejected(f"{message.recipient} is not on WhatsApp.") from error


class CallsEveryRefusalAnOptOut(TwilioWhatsApp):
    async def send(self, message: OutboundWhatsApp) -> Receipt:
        try:
            return await super().send(message)
        except Rejected as error:
            raise OptedOut(str(error), provider_code=error.provider_code) from error


# --- looking up -----------------------------------------------------------------------------------


class ShowsAddressesAsTwilioHasThem(TwilioWhatsApp):
    async def fetch(self, provider_id: str) -> Report | None:
        found = await super().fetch(provider_id)
        return found and replace(found, sender=f"whatsapp:{found.sender}")


class LooksAReadingDownToADelivery(TwilioWhatsApp):
    async def fetch(self, provider_id: str) -> Report | None:
        found = await super().fetch(provider_id)
        is_read = found is not None and found.status is DeliveryStatus.READ
        return replace(found, status=DeliveryStatus.DELIVERED) if found and is_read else found


class FindsNothing(TwilioWhatsApp):
    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        return []


class TakesOnePageForAll(TwilioWhatsApp):
    async def find(self, sender: str, recipient: str, since: datetime) -> list[Report]:
        return (await super().find(sender, recipient, since))[:1]

    async def templates(self) -> list[Template]:
        return (await super().templates())[:1]


class HasNoTemplatesWhereTheyCannotBeListed(TwilioWhatsApp):
    async def templates(self) -> list[Template]:
        try:
            return await super().templates()
        except ProviderError:
            return []


class ApprovesOfEveryTemplate(TwilioWhatsApp):
    async def templates(self) -> list[Template]:
        return [replace(each, state=TemplateState.APPROVED) for each in await super().templates()]


# --- webhooks -------------------------------------------------------------------------------------


class Changes(TwilioWebhooks):
    """Changes every WhatsApp message that it reads."""

    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [
            self.changed(each) if isinstance(each, ReceivedWhatsApp) else each
            for each in super().parse(request)
        ]

    def changed(self, event: ReceivedWhatsApp) -> InboundEvent:
        raise NotImplementedError


class TakesMessagesForTexts(Changes):
    def changed(self, event: ReceivedWhatsApp) -> InboundEvent:
        names = [name for name in Received.__dataclass_fields__ if name != "channel"]
        return Received(**{name: getattr(event, name) for name in names})


class MakesNumbersOfIds(Changes):
    def changed(self, event: ReceivedWhatsApp) -> InboundEvent:
        digits = "".join(letter for letter in event.sender if letter.isdecimal())
        return replace(event, sender=f"+{digits}")


class GuessesWhatItDoesNotKnow(Changes):
    def changed(self, event: ReceivedWhatsApp) -> InboundEvent:
        is_odd = event.content is WhatsAppContent.OTHER
        return replace(event, content=WhatsAppContent.TEXT) if is_odd else event


class LosesWhatItDoesNotKnow(TwilioWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [
            each
            for each in super().parse(request)
            if getattr(each, "content", None) is not WhatsAppContent.OTHER
        ]


class LosesWhatIsAnswered(Changes):
    def changed(self, event: ReceivedWhatsApp) -> InboundEvent:
        return replace(event, quoted_id=None)


class LosesThePick(Changes):
    def changed(self, event: ReceivedWhatsApp) -> InboundEvent:
        return replace(event, choice=None)


class TrimsWhatWasWritten(Changes):
    def changed(self, event: ReceivedWhatsApp) -> InboundEvent:
        return replace(event, body=event.body.strip())


class TakesReadForDelivered(TwilioWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [
            replace(each, status=DeliveryStatus.DELIVERED)
            if isinstance(each, Reported) and each.status is DeliveryStatus.READ
            else each
            for each in super().parse(request)
        ]


class ReportsByTheWrongCode(TwilioWebhooks):
    def parse(self, request: WebhookRequest) -> Sequence[InboundEvent]:
        return [
            replace(each, error_code=each.error_code and "63018")
            if isinstance(each, Reported)
            else each
            for each in super().parse(request)
        ]


Mistake = type[TwilioWhatsApp] | type[TwilioWebhooks]


def suite_of(mistake: Mistake) -> Suite:
    """Return the suite for the adapter with one mistake in it."""
    if issubclass(mistake, TwilioWebhooks):
        mistaken = replace(WHATSAPP, webhook=mistake())
    else:

        @asynccontextmanager
        async def opened(
            config: TwilioConfig, context: ProviderContext
        ) -> AsyncIterator[TwilioWhatsApp]:
            yield mistake(config, context)

        mistaken = replace(WHATSAPP, open=opened)

    class Mutant(Suite):
        spec = mistaken

    return Mutant()


MEANS = Suite.test_a_webhook_tells_what_the_vendors_manual_says_and_all_of_it
WHOLE = Suite.test_a_template_reaches_the_vendor_with_its_values_and_not_as_text
REFUSAL = Suite.test_a_refusal_passes_on_the_code_that_the_vendor_gave
LISTED = Suite.test_the_templates_are_listed_as_the_vendor_has_them

CASES: list[tuple[Mistake, Callable[..., None], list[object]]] = [
    (
        SaysALostMessageMayBeSentAgain,
        Suite.test_only_what_was_surely_not_sent_is_reported_as_safe_to_send_again,
        ["dropped_after"],
    ),
    (
        WritesToNumbersOnly,
        Suite.test_a_person_without_a_number_is_written_to_by_their_id,
        [],
    ),
    (
        ForgetsWhatStandsBeforeAnAddress,
        Suite.test_another_text_to_another_recipient_is_another_request,
        [],
    ),
    (SendsWhatATemplateComesTo, WHOLE, ["by_position"]),
    (SendsATemplateAsText, WHOLE, ["none"]),
    (ForgetsTheValues, WHOLE, ["by_name"]),
    (WritesValuesByHand, WHOLE, ["by_position"]),
    (
        SendsTheFirstMediumAndDropsTheRest,
        Suite.test_more_media_than_the_vendor_takes_are_refused,
        [],
    ),
    (GivesAnEmptyStatusUrl, Suite.test_a_status_url_that_there_is_not_is_not_sent, []),
    (
        TellsTheNumber,
        Suite.test_nothing_private_appears_in_an_error_or_in_the_log,
        ["bad_recipient"],
    ),
    (CallsEveryRefusalAnOptOut, REFUSAL, []),
    (ShowsAddressesAsTwilioHasThem, Suite.test_a_text_that_was_taken_is_found, ["fetch"]),
    (LooksAReadingDownToADelivery, Suite.test_a_text_that_was_taken_is_found, ["fetch"]),
    (
        FindsNothing,
        Suite.test_the_texts_to_a_recipient_are_listed_as_the_vendor_has_them,
        [],
    ),
    (
        TakesOnePageForAll,
        Suite.test_the_texts_to_a_recipient_are_listed_as_the_vendor_has_them,
        [],
    ),
    (TakesOnePageForAll, LISTED, []),
    (
        HasNoTemplatesWhereTheyCannotBeListed,
        Suite.test_templates_that_cannot_be_listed_are_not_none,
        ["server_error"],
    ),
    (ApprovesOfEveryTemplate, LISTED, []),
    (TakesMessagesForTexts, Suite.test_a_message_that_came_is_told_as_one_of_whatsapp, []),
    (MakesNumbersOfIds, MEANS, ["written_by_id"]),
    (GuessesWhatItDoesNotKnow, Suite.test_a_kind_that_the_adapter_does_not_know_is_kept, []),
    (LosesWhatItDoesNotKnow, MEANS, ["poll"]),
    (LosesWhatIsAnswered, MEANS, ["reacted"]),
    (LosesThePick, MEANS, ["picked"]),
    (
        TrimsWhatWasWritten,
        Suite.test_an_inbound_text_comes_whole_and_as_it_was_written,
        ["blanks"],
    ),
    (TakesReadForDelivered, MEANS, ["read"]),
    (ReportsByTheWrongCode, Suite.test_a_closed_window_is_told_by_a_failure_of_its_own, []),
]


@pytest.mark.slow
@pytest.mark.parametrize(("mistake", "test", "arguments"), CASES)
def test_the_suite_fails_an_adapter_that_makes_this_mistake(
    mistake: Mistake, test: Callable[..., None], arguments: Sequence[object]
) -> None:
    test(suite_of(TwilioWhatsApp), *arguments)  # which makes none

    with pytest.raises((AssertionError, pytest.fail.Exception, TypeError)):
        test(suite_of(mistake), *arguments)
