"""The conformance suite has teeth: it fails each of these mistakes, made in the SQLite adapter."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from plugins.sqlite.tests.mistakes import (
    AnswersBeforeItIsStored,
    AwaitsAfterTheCommit,
    BeginsAnew,
    CallsEveryErrorItsOwn,
    CallsEveryErrorOfAReadItsOwn,
    DropsTheNotesOfReads,
    DropsWhatWaits,
    ForgetsTheKey,
    KeepsHalfOfWhatIsGivenUp,
    KeepsThirtyTwoBits,
    KeepsWhatAFailingFunctionDid,
    KnowsAsciiOnly,
    LeavesNotesOut,
    LetsFunctionsEndTheTransaction,
    Mistaken,
    NeverEndsAListener,
    NeverForgivesAStatement,
    QueuesWithoutAnEnd,
    ReadsWhereItWrites,
    ReadsWithoutASnapshot,
    RunsAgainWhatIsStored,
    ShowsTheUrl,
    ShowsTheValues,
    StoresEachStatementByItself,
    SwallowsAConflict,
    TakesFalseAndEmptyForNothing,
    TellsBeforeItIsStored,
    TellsOfWhatFailed,
    WaitsForTheDiskOnTheLoop,
)
from trunkline.sdk import DatabaseFailed
from trunkline.testing.database import BaseDatabaseConformance as Suite
from trunkline.testing.database import Place
from trunkline_sqlite.plugin import trunkline_register_database

RED = (
    AssertionError,
    DatabaseFailed,
    LookupError,
    TimeoutError,
    asyncio.CancelledError,
    pytest.fail.Exception,
    sa.exc.DBAPIError,
    sa.exc.InvalidRequestError,
)
THE_SAME = Suite.test_what_is_stored_comes_back_the_same

CASES: list[tuple[type[Mistaken], Callable[..., None], list[object]]] = [
    (AnswersBeforeItIsStored, Suite.test_what_a_write_answers_can_be_read_from_then_on, []),
    (
        KeepsWhatAFailingFunctionDid,
        Suite.test_a_function_that_fails_leaves_nothing_and_its_error_reaches_its_caller_alone,
        [],
    ),
    (StoresEachStatementByItself, Suite.test_a_reader_never_sees_half_of_a_write, []),
    (
        CallsEveryErrorItsOwn,
        Suite.test_a_taken_key_is_an_integrity_error_that_shows_no_value,
        [],
    ),
    (ShowsTheValues, Suite.test_a_taken_key_is_an_integrity_error_that_shows_no_value, []),
    (SwallowsAConflict, Suite.test_of_writes_that_claim_one_key_at_once_one_wins, []),
    (
        NeverForgivesAStatement,
        Suite.test_an_error_inside_a_savepoint_costs_only_the_savepoint,
        [],
    ),
    (
        LetsFunctionsEndTheTransaction,
        Suite.test_a_function_that_ends_the_transaction_is_refused_and_stores_nothing,
        ["commit"],
    ),
    (
        LetsFunctionsEndTheTransaction,
        Suite.test_a_function_that_ends_the_transaction_is_refused_and_stores_nothing,
        ["rollback"],
    ),
    (AwaitsAfterTheCommit, Suite.test_a_coroutine_function_is_refused_and_stores_nothing, []),
    (
        KeepsHalfOfWhatIsGivenUp,
        Suite.test_a_caller_that_gives_up_leaves_its_whole_write_or_none,
        [],
    ),
    (RunsAgainWhatIsStored, Suite.test_writes_that_add_to_one_row_at_once_all_count, []),
    (
        ForgetsTheKey,
        Suite.test_writes_with_one_key_run_one_after_another_in_the_order_they_came,
        [],
    ),
    (
        QueuesWithoutAnEnd,
        Suite.test_writes_are_refused_once_too_many_wait_and_the_others_are_stored,
        [],
    ),
    (
        WaitsForTheDiskOnTheLoop,
        Suite.test_many_writes_hold_the_event_loop_only_for_moments,
        [],
    ),
    (KeepsThirtyTwoBits, THE_SAME, ["number", 2**63 - 1]),
    (KeepsThirtyTwoBits, THE_SAME, ["number", -(2**63)]),
    (TakesFalseAndEmptyForNothing, THE_SAME, ["flag", False]),
    (TakesFalseAndEmptyForNothing, THE_SAME, ["bytes", b""]),
    (KnowsAsciiOnly, THE_SAME, ["text", "Grüße"]),
    (
        ReadsWithoutASnapshot,
        Suite.test_a_read_sees_one_moment_however_long_it_takes,
        [False],
    ),
    (ReadsWhereItWrites, Suite.test_a_read_that_writes_is_refused, [False]),
    (DropsTheNotesOfReads, Suite.test_a_read_that_notifies_is_refused, []),
    (
        CallsEveryErrorOfAReadItsOwn,
        Suite.test_what_a_read_raises_reaches_its_caller_and_others_go_on,
        [True],
    ),
    (
        ReadsWithoutASnapshot,
        Suite.test_a_long_read_holds_the_event_loop_only_for_moments,
        [True],
    ),
    (BeginsAnew, Suite.test_what_was_stored_is_there_by_every_scheme_after_opening_again, []),
    (DropsWhatWaits, Suite.test_closing_first_stores_what_waits_and_then_refuses, []),
    (ShowsTheUrl, Suite.test_a_url_that_will_not_do_is_refused_without_showing_its_password, []),
    (TellsBeforeItIsStored, Suite.test_a_note_arrives_when_its_row_can_be_read, []),
    (
        TellsOfWhatFailed,
        Suite.test_every_listener_of_a_topic_hears_what_was_committed_and_in_order,
        [],
    ),
    (LeavesNotesOut, Suite.test_a_listener_that_falls_behind_misses_nothing_unaware, []),
    (NeverEndsAListener, Suite.test_closing_ends_every_listener_after_its_last_note, []),
]
OF_A_SERVER = {
    "test_a_server_leaves_the_data_directory_alone",
    "test_a_note_arrives_in_every_hub_on_a_server",
}
"""Skipped for a file; PostgreSQL's mutants are for them."""


def suite_of(mistake: type[Mistaken]) -> Suite:
    """Return the suite for the adapter with one mistake in it."""
    (sqlite,) = trunkline_register_database()

    class Mutant(Suite):
        spec = replace(sqlite, open=mistake.opened)
        timeout_s = 5.0

    return Mutant()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mistake", "test", "arguments"), CASES, ids=lambda each: getattr(each, "__name__", None)
)
def test_the_suite_fails_an_adapter_that_makes_this_mistake(
    mistake: type[Mistaken],
    test: Callable[..., None],
    arguments: Sequence[object],
    tmp_path: Path,
) -> None:
    (tmp_path / "right").mkdir()
    (tmp_path / "wrong").mkdir()
    url = "sqlite:///trunkline.db"
    test(suite_of(Mistaken), Place(url, tmp_path / "right"), *arguments)  # which makes none yet

    with pytest.raises(RED):
        test(suite_of(mistake), Place(url, tmp_path / "wrong"), *arguments)


def test_every_test_of_the_suite_is_known_to_fail() -> None:
    tests = {name for name in dir(Suite) if name.startswith("test_")}

    failed = {test.__name__ for _, test, _ in CASES} | {"test_the_known_gaps_are_tests"}
    assert tests - failed == OF_A_SERVER
