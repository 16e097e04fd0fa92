"""The correctness pass on a real hub and on the naive build: silent, until a row is off."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.p1 import Sender, warm_sender
from bench.run import Run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(quick=True, databases=(), home=tmp_path_factory.mktemp("bench"), postgres=None)


@pytest.fixture(scope="module")
def hub(run: Run) -> Iterator[Sender]:
    """A hub on SQLite that sent something."""
    with warm_sender(run, "sqlite") as sender:
        yield sender


def change(run: Run, sql: str) -> None:
    """Run a statement on the hub's file, past the hub."""
    (file,) = Path(run.home).glob("sqlite*/data/trunkline.db")
    connection = sqlite3.connect(file)
    connection.execute(sql)
    connection.commit()
    connection.close()


def test_nothing_is_wrong_after_a_run(hub: Sender) -> None:
    assert hub.server.acknowledged == hub.server.asked > 0
    assert hub.complaints() == []


def test_nothing_is_wrong_after_a_run_of_the_naive_build(run: Run) -> None:
    with warm_sender(run, "naive") as naive:
        assert naive.server.acknowledged == naive.server.asked > 0
        assert naive.complaints() == []


def test_nothing_is_wrong_with_a_hub_without_a_database(run: Run) -> None:
    with warm_sender(run, "null") as null:
        learnt = null.server.acknowledged
        null.send(connections=4, seconds=30, most=100)

        assert null.server.acknowledged == learnt + 100
        assert null.complaints() == []


def test_a_send_under_way_is_noticed(run: Run, hub: Sender) -> None:
    one = "id = (SELECT min(id) FROM messages)"
    change(run, f"UPDATE messages SET status = 'sending' WHERE {one}")
    found = " ".join(hub.complaints())
    change(run, f"UPDATE messages SET status = 'sent' WHERE {one}")

    assert "the rows are {'sending': 1, 'sent': " in found
    assert hub.complaints() == []


def test_a_text_with_another_recipient_is_noticed(run: Run, hub: Sender) -> None:
    one = "id = (SELECT min(id) FROM messages)"
    change(run, f"UPDATE messages SET to_address = to_address || '0' WHERE {one}")
    found = hub.complaints()
    change(run, f"UPDATE messages SET to_address = substr(to_address, 1, 12) WHERE {one}")

    assert "a text went to somebody else than its row says" in found


def test_a_row_that_is_lost_is_noticed(run: Run, hub: Sender) -> None:
    change(run, "DELETE FROM messages WHERE id = (SELECT max(id) FROM messages)")
    found = " ".join(hub.complaints())

    assert "acknowledged, but the rows are" in found
    assert "1 texts that the vendor took have no row" in found
    assert "idempotency keys" in found
