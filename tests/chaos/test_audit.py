"""The audit of a run finds what it is there to find."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.chaos.audit import Books, is_settled, judge

GOOD = Books(
    statuses={"msg_1": "delivered", "msg_2": "sent", "msg_3": "failed"},
    forgotten=set(),
    unsure={"msg_2"},
    texts={"text one": ["msg_1"], "text two": ["msg_2"], "text three": ["msg_3"]},
    reported={"msg_1": {"sent", "delivered"}, "msg_3": {"undelivered"}},
    heard={"msg_1": {"sent", "delivered"}, "msg_3": {"undelivered"}},
    arrived=Counter({"in-1": 1}),
    taken={"in-1"},
    refused=[],
    events=Counter({"handled": 3, "ignored": 1}),
    repeated=[],
    calls=[],
    paid=Counter(),
)
SENDS = {"one": "msg_1", "two": "msg_2", "three": "msg_3"}


def with_status(message_id: str, status: str) -> Books:
    return replace(GOOD, statuses={**GOOD.statuses, message_id: status})


def test_a_run_in_which_all_went_well_has_no_violation() -> None:
    assert judge(GOOD, SENDS, can_ask=True) == {}
    assert is_settled(GOOD, waits_for_answers=True)


@pytest.mark.parametrize(
    ("kind", "books"),
    [
        ("lost", replace(GOOD, statuses={"msg_1": "delivered", "msg_3": "failed"})),
        ("lost", replace(GOOD, texts={"text one": ["msg_1"], "text three": ["msg_3"]})),
        ("doubled", replace(GOOD, texts={**GOOD.texts, "text two": ["msg_2", "msg_2"]})),
        ("doubled", replace(GOOD, paid=Counter({"msg_1": 2}))),
        ("stuck", replace(GOOD, calls=["call_1 is ringing"])),
        ("doubled", replace(GOOD, texts={**GOOD.texts, "text two": ["msg_2", "msg_4"]})),
        ("false", with_status("msg_2", "delivered")),
        ("false", with_status("msg_2", "failed")),
        ("false", with_status("msg_1", "sent")),
        ("false", with_status("msg_3", "unknown")),
        ("stuck", with_status("msg_2", "queued")),
        ("stuck", with_status("msg_2", "sending")),
        ("stuck", replace(with_status("msg_2", "unknown"), forgotten={"msg_2"})),
        ("unresolved", with_status("msg_2", "unknown")),
        ("inbound", replace(GOOD, arrived=Counter())),
        ("inbound", replace(GOOD, arrived=Counter({"in-1": 2}))),
        ("inbound", replace(GOOD, repeated=["text-msg_1-delivered"])),
        ("inbound", replace(GOOD, events=Counter({"handled": 3, "received": 1}))),
        ("inbound", replace(GOOD, refused=["refused: 403"])),
    ],
)
def test_each_kind_of_violation_is_found(kind: str, books: Books) -> None:
    assert kind in judge(books, SENDS, can_ask=True)


def test_an_unknown_outcome_is_none_where_nobody_can_be_asked() -> None:
    books = with_status("msg_2", "unknown")

    assert judge(books, SENDS, can_ask=False) == {}
    assert is_settled(books, waits_for_answers=False)
    assert not is_settled(books, waits_for_answers=True)
