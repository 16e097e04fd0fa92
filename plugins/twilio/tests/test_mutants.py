"""Both suites have teeth: they fail each of these mistakes, made in the Twilio adapter."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from plugins.twilio.tests.mistakes import (
    BelievesInFractionsOfASecond,
    BlocksTheLoop,
    CallsABadTokenARefusedText,
    CallsAnEmptyAccountARefusedText,
    CallsATakenTextDelivered,
    CallsNothingAnError,
    CallsSentDelivered,
    ClaimsEverything,
    ComparesText,
    CostsLessThanNothing,
    DropsTheMedia,
    FindsNothing,
    ForgetsHowLongToWait,
    ForgetsTheStatusUrl,
    GoesWhereTheListLeads,
    GuessesAStatus,
    ListsTextsOfAnyTime,
    LogsTheText,
    LooksADeliveryIn,
    LooksAtTheUrlOnly,
    LosesWhatCameAlong,
    MakesUpEventIds,
    Mistaken,
    NamesAnEventByItsTextOnly,
    NamesAnEventByItsWholeBody,
    PassesTwiliosMessageOn,
    RefusesEverything,
    RetriesByItself,
    ReturnsFalseForAForgery,
    SaysALostTextMayBeSentAgain,
    SendsOneMediumOnly,
    SkipsWhatItDoesNotKnow,
    StopsReadingWithoutSayingSo,
    SwapsWhoWroteAndWhoGotIt,
    TakesEvery404ForNone,
    TakesEverySuccessForATakenText,
    TakesOnePageForAll,
    TellsTheHeader,
    TellsTheToken,
)
from plugins.twilio.tests.suite import TwilioSuite as Suite
from trunkline.sdk import BadSignature, ProviderContext
from trunkline_twilio.config import TwilioConfig
from trunkline_twilio.plugin import TWILIO
from trunkline_twilio.sms import Twilio
from trunkline_twilio.webhooks import TwilioWebhooks

Mistake = type[Mistaken] | type[TwilioWebhooks]


def suite_of(mistake: Mistake) -> Suite:
    """Return the suites for the adapter with one mistake in it."""
    if issubclass(mistake, TwilioWebhooks):
        mistaken = replace(TWILIO, webhook=mistake())
    else:

        @asynccontextmanager
        async def opened(config: TwilioConfig, context: ProviderContext) -> AsyncIterator[Twilio]:
            yield mistake(config, context)

        mistaken = replace(TWILIO, open=opened)

    class Mutant(Suite):
        spec = mistaken

    return Mutant()


ONE_REQUEST = Suite.test_one_attempt_is_one_request_whatever_comes_of_it
REFUSAL = Suite.test_a_refusal_becomes_the_error_that_says_what_to_do
DROP = Suite.test_only_what_was_surely_not_sent_is_reported_as_safe_to_send_again
PRIVATE = Suite.test_nothing_private_appears_in_an_error_or_in_the_log
UNREADABLE = Suite.test_a_success_that_names_no_text_is_none_that_can_be_counted_on
BROKEN_DOWN = Suite.test_a_server_that_broke_down_may_have_taken_the_text
MEDIA = Suite.test_media_go_along_with_a_text_each_by_its_own_url
AUTHENTIC = Suite.test_an_authentic_webhook_parses_to_the_same_events_every_time
FORGED = Suite.test_a_forged_webhook_is_refused
NOTHING_SENT = Suite.test_a_look_up_that_fails_never_proves_that_nothing_was_sent
HAPPENINGS = Suite.test_each_status_of_a_text_is_a_happening_of_its_own_and_a_repetition_is_none

CASES: list[tuple[Mistake, Callable[..., None], list[object]]] = [
    (SaysALostTextMayBeSentAgain, DROP, ["dropped_after"]),
    (SaysALostTextMayBeSentAgain, BROKEN_DOWN, [503]),
    (SaysALostTextMayBeSentAgain, UNREADABLE, [b"<html>OK</html>"]),
    (RetriesByItself, ONE_REQUEST, ["rate_limited"]),
    (RetriesByItself, ONE_REQUEST, ["dropped_before"]),
    (TakesEverySuccessForATakenText, UNREADABLE, [b'{"sid": "SM1", "sta']),
    (CallsATakenTextDelivered, Suite.test_a_receipt_says_no_more_than_twilio_did, ["sent"]),
    (
        CallsAnEmptyAccountARefusedText,
        Suite.test_an_account_without_money_is_for_an_operator_to_pay,
        [20005],
    ),
    (CallsABadTokenARefusedText, REFUSAL, ["bad_credentials"]),
    (TellsTheToken, PRIVATE, ["bad_credentials"]),
    (TellsTheHeader, PRIVATE, ["bad_credentials"]),
    (PassesTwiliosMessageOn, PRIVATE, ["bad_recipient"]),
    (LogsTheText, PRIVATE, ["accepted"]),
    (BlocksTheLoop, Suite.test_sending_never_blocks_the_event_loop, []),
    (ForgetsTheStatusUrl, Suite.test_the_status_url_reaches_the_vendor_unchanged, []),
    (ForgetsHowLongToWait, Suite.test_a_rate_limit_tells_how_long_the_vendor_asked_to_wait, []),
    (DropsTheMedia, MEDIA, []),
    (DropsTheMedia, Suite.test_every_medium_reaches_the_vendor_by_its_url, []),
    (SendsOneMediumOnly, MEDIA, []),
    (
        TakesEvery404ForNone,
        Suite.test_a_404_that_is_not_twilios_does_not_prove_that_nothing_was_sent,
        [b"{}"],
    ),
    (
        LooksADeliveryIn,
        Suite.test_a_text_looked_up_got_no_further_than_twilio_says,
        ["partially_delivered"],
    ),
    (
        LooksADeliveryIn,
        Suite.test_a_status_looked_up_that_the_adapter_does_not_know_is_none,
        [],
    ),
    (TakesEvery404ForNone, NOTHING_SENT, ["fetch", "server_error"]),
    (
        TakesEvery404ForNone,
        Suite.test_a_look_up_that_cannot_be_read_never_proves_that_nothing_was_sent,
        ["fetch", b"{}"],
    ),
    (StopsReadingWithoutSayingSo, NOTHING_SENT, ["list", "dropped_after"]),
    (
        FindsNothing,
        Suite.test_a_text_that_was_taken_is_found,
        ["fetch"],
    ),
    (
        FindsNothing,
        Suite.test_the_texts_to_a_recipient_are_listed_as_the_vendor_has_them,
        [],
    ),
    (CallsNothingAnError, Suite.test_a_text_that_the_vendor_does_not_know_is_none, ["fetch"]),
    (CostsLessThanNothing, Suite.test_the_price_of_a_text_is_a_cost_above_zero, []),
    (
        SwapsWhoWroteAndWhoGotIt,
        Suite.test_a_list_is_of_the_two_addresses_that_were_asked_for,
        [],
    ),
    (ListsTextsOfAnyTime, Suite.test_a_list_is_of_what_was_taken_since_then, []),
    (
        StopsReadingWithoutSayingSo,
        Suite.test_a_page_that_fails_does_not_pass_for_the_end_of_the_list,
        ["server_error"],
    ),
    (TakesOnePageForAll, Suite.test_a_list_is_read_to_its_last_page, []),
    (
        StopsReadingWithoutSayingSo,
        Suite.test_a_list_without_an_end_does_not_pass_for_a_whole_one,
        [],
    ),
    (GoesWhereTheListLeads, Suite.test_a_list_leads_nowhere_but_to_the_api, []),
    (
        BelievesInFractionsOfASecond,
        Suite.test_a_text_taken_in_the_second_asked_for_is_listed_and_an_older_one_is_not,
        [],
    ),
    (ReturnsFalseForAForgery, FORGED, ["sms_received", "other_body"]),
    (ReturnsFalseForAForgery, FORGED, ["status_reported", "unsigned"]),
    (ComparesText, FORGED, ["sms_received", "not_ascii"]),
    (RefusesEverything, AUTHENTIC, ["sms_received"]),
    (LooksAtTheUrlOnly, Suite.test_a_body_that_the_signature_does_not_cover_is_refused, []),
    (
        SkipsWhatItDoesNotKnow,
        Suite.test_an_algorithm_that_is_not_set_up_is_refused_whatever_the_signature,
        ["HMAC_SHA512"],
    ),
    (MakesUpEventIds, AUTHENTIC, ["sms_received"]),
    (NamesAnEventByItsTextOnly, HAPPENINGS, []),
    (NamesAnEventByItsWholeBody, HAPPENINGS, []),
    (GuessesAStatus, Suite.test_a_status_that_the_adapter_does_not_know_moves_nothing, []),
    (
        CallsSentDelivered,
        Suite.test_a_report_moves_a_text_no_further_than_twilio_says,
        ["sent"],
    ),
    (LosesWhatCameAlong, Suite.test_every_medium_that_came_with_a_text_is_passed_on, []),
    (ClaimsEverything, Suite.test_a_webhook_is_claimed_by_its_headers, ["sms_received"]),
]


@pytest.mark.slow
@pytest.mark.parametrize(("mistake", "test", "arguments"), CASES)
def test_the_suites_fail_an_adapter_that_makes_this_mistake(
    mistake: Mistake, test: Callable[..., None], arguments: Sequence[object]
) -> None:
    test(suite_of(Mistaken), *arguments)  # which makes none yet

    with pytest.raises((AssertionError, pytest.fail.Exception, BadSignature, TypeError)):
        test(suite_of(mistake), *arguments)
