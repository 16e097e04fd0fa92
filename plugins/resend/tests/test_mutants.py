"""The suite has teeth: it fails each of these mistakes, made in the Resend adapter."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from plugins.resend.tests import mistakes
from plugins.resend.tests.mistakes import Mistaken
from plugins.resend.tests.suite import ResendSuite as Suite
from trunkline.sdk import BadSignature, ProviderContext
from trunkline_resend.config import ResendConfig
from trunkline_resend.mail import Resend
from trunkline_resend.plugin import RESEND
from trunkline_resend.webhooks import ResendWebhooks

Mistake = type[Mistaken] | type[ResendWebhooks]


def suite_of(mistake: Mistake) -> Suite:
    """Return the suite for the adapter with one mistake in it."""
    if issubclass(mistake, ResendWebhooks):
        mistaken: Any = replace(RESEND, webhook=mistake())
    else:

        @asynccontextmanager
        async def opened(config: ResendConfig, context: ProviderContext) -> AsyncIterator[Resend]:
            yield mistake(config, context)

        mistaken = replace(RESEND, open=opened)

    class Mutant(Suite):
        spec = mistaken

    return Mutant()


ONE_REQUEST = Suite.test_one_attempt_is_one_request_whatever_comes_of_it
REFUSAL = Suite.test_a_refusal_becomes_the_error_that_says_what_to_do
PRIVATE = Suite.test_nothing_private_appears_in_an_error_or_in_the_log
WHOLE = Suite.test_another_text_to_another_recipient_is_another_request
FORGED = Suite.test_a_forged_webhook_is_refused
AUTHENTIC = Suite.test_an_authentic_webhook_parses_to_the_same_events_every_time
BOUNCES = Suite.test_a_bounce_and_a_complaint_close_an_address_or_do_not

CASES: list[tuple[Mistake, Callable[..., None], list[object]]] = [
    (mistakes.SaysALostMailMayBeSentAgain, REFUSAL, ["server_error"]),
    (
        mistakes.SaysALostMailMayBeSentAgain,
        Suite.test_only_what_was_surely_not_sent_is_reported_as_safe_to_send_again,
        ["dropped_after"],
    ),
    (
        mistakes.SaysALostMailMayBeSentAgain,
        Suite.test_a_refusal_passes_on_the_code_that_the_vendor_gave,  # of one in flight
        [],
    ),
    (mistakes.RetriesByItself, ONE_REQUEST, ["rate_limited"]),
    (mistakes.RetriesByItself, ONE_REQUEST, ["dropped_before"]),
    (
        mistakes.TakesEverySuccessForATakenMail,
        Suite.test_an_acceptance_that_cannot_be_read_is_an_unknown_outcome,
        [b"{}"],
    ),
    (
        mistakes.CallsATakenMailDelivered,
        Suite.test_an_accepted_text_yields_the_providers_id,
        [],
    ),
    (mistakes.CallsEveryRefusalRejected, REFUSAL, ["bad_credentials"]),
    (mistakes.CallsEveryRefusalRejected, REFUSAL, ["rate_limited"]),
    (
        mistakes.ForgetsTheCode,
        Suite.test_a_refusal_passes_on_the_code_that_the_vendor_gave,
        [],
    ),
    (
        mistakes.ForgetsHowLongToWait,
        Suite.test_a_rate_limit_tells_how_long_the_vendor_asked_to_wait,
        [],
    ),
    (mistakes.TellsTheKey, PRIVATE, ["bad_credentials"]),
    (mistakes.PassesResendsMessageOn, PRIVATE, ["bad_recipient"]),
    (mistakes.LogsTheSubject, PRIVATE, ["accepted"]),
    (mistakes.BlocksTheLoop, Suite.test_sending_never_blocks_the_event_loop, []),
    (mistakes.MakesUpAKey, Suite.test_a_key_that_the_vendor_goes_by_reaches_it, []),
    (mistakes.ForgetsTheHiddenCopies, WHOLE, []),
    (
        mistakes.ShowsTheHiddenCopies,
        Suite.test_a_hidden_copy_stands_where_no_recipient_sees_it,
        [],
    ),
    (mistakes.BreaksTheThread, WHOLE, []),
    (mistakes.ForgetsTheHeaders, WHOLE, []),
    (mistakes.SendsTheHtmlAlone, WHOLE, []),
    (mistakes.SendsOneFileOnly, Suite.test_every_medium_reaches_the_vendor_by_its_url, []),
    (
        mistakes.ForgetsWhatFilesAreCalled,
        Suite.test_a_file_keeps_its_name_and_its_type,
        ["name", "media_name"],
    ),
    (
        mistakes.MendsLineBreaks,
        Suite.test_no_field_of_a_mail_begins_another_header,
        ["subject"],
    ),
    (
        mistakes.TakesEveryErrorForNone,
        Suite.test_a_look_up_that_fails_never_proves_that_nothing_was_sent,
        ["fetch", "server_error"],
    ),
    (
        mistakes.CallsNothingAnError,
        Suite.test_a_text_that_the_vendor_does_not_know_is_none,
        ["fetch"],
    ),
    (
        mistakes.LooksADeliveryIn,
        Suite.test_a_status_looked_up_that_the_adapter_does_not_know_is_none,
        [],
    ),
    (
        mistakes.CallsAnEmptyMailWhole,
        Suite.test_what_cannot_be_completed_now_does_not_pass_for_an_empty_mail,
        ["server_error"],
    ),
    (
        mistakes.CallsAnEmptyMailWhole,
        Suite.test_what_cannot_be_read_does_not_complete_a_mail,
        [b"{}"],
    ),
    (
        mistakes.GivesUpOnAMailThatIsThere,
        Suite.test_what_cannot_be_completed_now_does_not_pass_for_an_empty_mail,
        ["rate_limited"],
    ),
    (
        mistakes.BelievesAnybodyThatAMailIsLost,
        Suite.test_not_found_by_somebody_else_never_proves_that_a_mail_is_lost,
        [b"<html>"],
    ),
    (mistakes.ForgetsThatItIsWhole, Suite.test_what_was_only_announced_is_completed, []),
    (mistakes.ReturnsFalseForAForgery, FORGED, ["email_received", "other_body"]),
    (mistakes.ReturnsFalseForAForgery, FORGED, ["status_reported", "unsigned"]),
    (mistakes.RefusesEverything, AUTHENTIC, ["email_received"]),
    (
        mistakes.ForgetsTheTime,
        Suite.test_a_signature_holds_for_as_long_as_the_vendor_says,
        ["status_reported"],
    ),
    (mistakes.MakesUpEventIds, AUTHENTIC, ["status_reported"]),
    (mistakes.GivesEveryEventOneId, Suite.test_different_happenings_have_different_ids, []),
    (
        mistakes.GuessesAStatus,
        Suite.test_a_status_that_the_adapter_does_not_know_moves_nothing,
        [],
    ),
    (mistakes.CallsEveryBounceForEver, BOUNCES, ["bounced_for_now"]),
    (mistakes.CallsEveryBounceForEver, BOUNCES, ["complained"]),
    (mistakes.TellsAMailAsAText, Suite.test_a_mail_that_came_is_told_as_a_mail, []),
    (mistakes.CallsAnAnnouncementWhole, Suite.test_what_was_only_announced_is_completed, []),
    (
        mistakes.ClaimsEverything,
        Suite.test_a_webhook_is_claimed_by_its_headers,
        ["email_received"],
    ),
    (mistakes.ReadsAFileWholeFirst, Suite.test_a_medium_is_read_as_it_comes, []),
    (mistakes.NeverAsksForAFileAnew, Suite.test_a_medium_is_read_whole, []),
    (
        mistakes.TakesABrokenFileForAWholeOne,
        Suite.test_a_medium_of_which_less_came_than_was_announced_is_not_whole,
        [],
    ),
    (
        mistakes.SaysThatAFileIsGoneThatIsNot,
        Suite.test_a_medium_that_cannot_be_read_now_is_not_gone,
        ["server_error"],
    ),
    (
        mistakes.SaysThatAFileIsGoneThatIsNot,
        Suite.test_a_medium_is_gone_by_the_vendors_own_word_alone,
        [b"{}"],
    ),
    (
        mistakes.HandsTheKeyToWhoeverHasTheFile,
        Suite.test_no_other_host_is_handed_the_credentials,
        ["by_its_url"],
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("mistake", "test", "arguments"), CASES)
def test_the_suite_fails_an_adapter_that_makes_this_mistake(
    mistake: Mistake, test: Callable[..., None], arguments: Sequence[object]
) -> None:
    test(suite_of(Mistaken), *arguments)  # which makes none yet

    with pytest.raises((AssertionError, pytest.fail.Exception, BadSignature, TypeError)):
        test(suite_of(mistake), *arguments)
