"""Every planted bug is found: a simulation that finds nothing would tell nothing."""

import inspect

import pytest

from tests.simulation import bugs
from tests.simulation.bugs import Bug
from tests.simulation.disk import Trouble
from tests.simulation.runs import run_plan, run_seed
from tests.simulation.test_nth import scenario

WITHIN = 60
"""A bug must be found within so many seeds."""

FOUND: dict[Bug, tuple[int, str]] = {
    bugs.an_unknown_outcome_is_tried_again_blindly: (4, "accepted_once"),
    bugs.a_look_up_takes_whatever_the_same_person_got: (0, "claimed_truly"),
    bugs.a_look_up_goes_by_the_hubs_own_clock: (32, "accepted_once"),
    bugs.a_report_that_comes_early_is_dropped: (0, "reported"),
    bugs.a_failover_follows_an_unknown_outcome: (7, "accepted_once"),
    bugs.a_safe_resend_goes_out_under_another_key: (1, "accepted_once"),
    bugs.a_look_up_is_believed_too_early: (61, "accepted_once"),
    bugs.after_a_crash_what_was_under_way_is_queued_again: (0, "accepted_once"),
    bugs.after_a_crash_nobody_looks: (0, "at_rest"),
    bugs.an_event_counts_again_after_a_while: (8, "heard_once"),
    bugs.a_status_may_move_back: (0, "forward"),
    bugs.a_cancel_comes_through_after_the_attempt_began: (1, "claimed_truly"),
    bugs.a_retry_forgets_the_gate: (2, "allowed"),
    bugs.the_gate_believes_what_it_saw_before_the_transaction: (1, "allowed"),
    bugs.a_stop_is_applied_after_it_was_acknowledged: (0, "allowed"),
    bugs.a_job_is_gone_before_its_work_is_done: (0, "at_rest"),
    bugs.a_job_is_enqueued_beside_the_transaction: (16, "at_rest"),
    bugs.the_call_is_made_before_the_attempt_is_stored: (0, "lost"),
    bugs.a_key_is_free_once_the_outcome_is_unknown: (2, "accepted_once"),
    bugs.retry_after_is_ignored: (2, "patient"),
    bugs.taken_is_called_delivered: (0, "claimed_truly"),
    bugs.a_message_is_tried_after_its_time: (4, "in_time"),
    bugs.a_scheduled_message_goes_out_at_once: (1, "in_time"),
    bugs.a_mail_that_bounced_closes_nothing: (2, "bounced"),
    bugs.the_window_is_never_looked_at: (1, "windows"),
    bugs.the_position_of_a_listener_is_noted_before_what_it_heard: (170, "heard_once"),
    bugs.a_call_does_not_end_with_its_message: (0, "calls"),
    bugs.whatever_was_paid_is_for_the_next_message: (0, "paid_once"),
    bugs.a_call_that_is_found_is_ours: (3, "claimed_truly"),
}
"""Each bug: a seed that finds it at once, and the check that it must not pass."""

UNCONFIRMED: dict[Bug, tuple[int, str]] = {
    bugs.an_attempt_whose_storing_was_not_confirmed_is_forgotten: (4, "at_rest"),
    bugs.a_claim_that_was_not_confirmed_is_forgotten: (12, "jobs"),
}
"""
Those that show where the answer of one operation is lost, which few seeds come to: the operation of
a small day whose loss shows it, and the check.
"""


ELSEWHERE: dict[Bug, str] = {
    bugs.a_mail_that_bounced_closes_nothing: "email",
    bugs.the_window_is_never_looked_at: "whatsapp",
    bugs.the_position_of_a_listener_is_noted_before_what_it_heard: "email",
    bugs.a_call_does_not_end_with_its_message: "voice",
    bugs.whatever_was_paid_is_for_the_next_message: "voice",
    bugs.a_call_that_is_found_is_ours: "voice",
}
"""Those that texts do not show, and the channel that does."""


@pytest.mark.slow
@pytest.mark.parametrize("bug", FOUND, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    first, check = FOUND[bug]
    seeds = [first, *range(WITHIN)]

    with bug():
        assert any(_fails(check, seed, ELSEWHERE.get(bug, "sms")) for seed in seeds)


@pytest.mark.slow
@pytest.mark.parametrize("bug", UNCONFIRMED, ids=lambda bug: bug.__name__)
def test_a_planted_bug_of_a_lost_answer_is_found(bug: Bug) -> None:
    first, check = UNCONFIRMED[bug]
    with bug():
        broken = (
            run_plan(scenario(nth=nth, fault=Trouble.ANSWER_LOST)).broken
            for nth in (first, *range(1, WITHIN))
        )
        assert any(each.startswith(f"{check}: ") for found in broken for each in found)


def _fails(check: str, seed: int, channel: str) -> bool:
    return any(broken.startswith(f"{check}: ") for broken in run_seed(seed, channel).broken)


def test_every_planted_bug_is_looked_for() -> None:
    planted = {
        bug
        for name, bug in inspect.getmembers(bugs, inspect.isfunction)
        if bug.__module__ == bugs.__name__ and not name.startswith("_")
    }

    assert planted == {*FOUND, *UNCONFIRMED}
