"""What is wrong with a record, judged without a hub; and the file of what was signed."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trunkline.audit_verifier import GENESIS, RESTORED, Checkpoint, Row
from trunkline.core.audit.chain import Chain
from trunkline.core.audit.repository import Head
from trunkline.core.audit.witness import Witness, line_of
from trunkline.core.privacy.keys import Keys
from trunkline.db.types import utc_text

CHAIN = Chain(Keys(bytes(range(32))))
AT = datetime(2026, 12, 1, tzinfo=UTC)


def minute(number: int) -> datetime:
    return AT + timedelta(minutes=number)


def record(*events: str, after: Head = (0, GENESIS), at: int = 0) -> list[Row]:
    """Return rows, one a minute."""
    rows: list[Row] = []
    for number, event in enumerate(events, at):
        about = (f"row_{number}", utc_text(minute(number)), event, "hub", "it", "{}")
        rows.append(CHAIN.sealed(Row(0, "default", *about, b"", b""), after))
        after = (rows[-1].seq, rows[-1].row_hash)
    return rows


def signed(rows: list[Row], seq: int, at: int) -> Checkpoint:
    """Sign how far a record goes, at a minute."""
    return CHAIN.sign("default", (seq, rows[seq - 1].row_hash), minute(at))


def faults(rows: list[Row], *checkpoints: Checkpoint) -> list[tuple[str, int]]:
    """Return the kinds of what is wrong, and where."""
    judged = CHAIN.record()
    for each in checkpoints:
        judged.take_checkpoint(each)
    judged.take_rows(rows)
    return [(kind, seq) for kind, seq, _ in judged.end()]


def test_a_record_is_as_it_was_written() -> None:
    rows = record(*"abcd")

    assert faults(rows, signed(rows, 2, 2), signed(rows, 4, 4)) == []
    assert faults([], *()) == []


def test_what_a_restored_backup_lost_is_no_fault_and_all_else_is() -> None:
    rows = record(*"abcd")
    lost = signed(rows, 4, 4)
    kept = rows[:2]
    head = (2, kept[-1].row_hash)
    since = [*kept, *record(RESTORED, "x", "y", after=head, at=10)]

    assert faults(since, signed(rows, 2, 2), lost) == []
    assert faults(since, signed(since, 5, 12), lost) == []
    # What was signed after the restore, and is gone, was not lost by it.
    assert faults(since[:4], signed(since, 5, 12)) == [("cut", 5)]
    # Nor was what comes before the row that tells of it.
    other = record("a", "changed")
    mark = record(RESTORED, after=(2, other[-1].row_hash), at=10)
    assert faults([*other, *mark], signed(rows, 2, 2)) == [("rebuilt", 2)]
    # A row that says so and is not the hub's says nothing.
    forged = [*kept, since[2]._replace(actor="me")]
    assert faults(forged, lost) == [("changed", 3), ("cut", 4)]


def test_rows_with_numbers_of_their_own_are_found() -> None:
    rows = record(*"abcd")
    before = [rows[0]._replace(seq=-1), *rows]

    assert ("unlinked", -1) in faults(before)
    assert faults([*rows, rows[3]]) == [("unlinked", 4)]
    assert faults([rows[0], *rows[3:]]) == [("missing", 2)]
    assert faults(rows[1:]) == [("missing", 1)]


def test_a_record_under_another_key_is_wrong_in_every_row() -> None:
    rows, stranger = record(*"abc"), Chain(Keys(os.urandom(32)))
    after: Head = (0, GENESIS)
    theirs = []
    for row in rows:
        theirs.append(stranger.sealed(row, after))
        after = (theirs[-1].seq, theirs[-1].row_hash)
    made = stranger.sign("default", after, minute(3))
    passed_off = made._replace(public_key=CHAIN.public_key)

    assert [kind for kind, _ in faults(theirs)] == ["changed"] * 3
    assert faults(rows, made) == [("forged", 3)]
    assert faults(rows, passed_off) == [("forged", 3)]
    assert faults(rows, signed(rows, 3, 3)._replace(seq=2)) == [("forged", 2)]


def test_of_many_faults_a_hundred_are_told_and_all_counted() -> None:
    rows = [row._replace(actor="nobody") for row in record(*"a" * 130)]
    judged = CHAIN.record()
    judged.take_rows(rows)

    assert (len(judged.end()), judged.fault_count) == (100, 130)


# --- the file -------------------------------------------------------------------------------------


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(tmp_path / "signed.jsonl")


def test_what_is_added_to_the_file_is_read_from_it(witness: Witness) -> None:
    rows = record(*"abc")
    assert witness.read() == ([], [])
    witness.add([signed(rows, 1, 1)])
    witness.add([signed(rows, 2, 2), signed(rows, 3, 3)])

    assert witness.read() == ([signed(rows, number, number) for number in (1, 2, 3)], [])


def test_a_line_that_broke_off_and_was_written_again_does_not_count(witness: Witness) -> None:
    rows = record(*"ab")
    witness.add([signed(rows, 1, 1)])
    torn = json.dumps(line_of(signed(rows, 2, 2)))[:60]
    with witness.path.open("a") as file:
        file.write(torn)
    assert witness.read()[1] == [2]
    witness.add([signed(rows, 2, 2)])

    assert witness.read() == ([signed(rows, 1, 1), signed(rows, 2, 2)], [])


@pytest.mark.parametrize(
    "line", ["x", "[]", "{}", "1", '{"checkpoint": "1"}', '{"checkpoint": 1, "rowHash": "z"}']
)
def test_a_line_that_somebody_spoilt_is_told(witness: Witness, line: str) -> None:
    rows = record(*"ab")
    witness.add([signed(rows, 1, 1)])
    with witness.path.open("a") as file:
        file.write(f"{line}\n")
    witness.add([signed(rows, 2, 2)])

    assert witness.read() == ([signed(rows, 1, 1), signed(rows, 2, 2)], [2])


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        Witness(tmp_path / "nowhere" / "signed.jsonl").add([])
