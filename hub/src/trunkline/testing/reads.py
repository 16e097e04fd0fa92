"""What the reads of every database adapter must do, whoever wrote it."""

import asyncio
import time
from typing import Final

import pytest
import sqlalchemy as sa

from trunkline.sdk import Database, Tx
from trunkline.testing.suite import longest_stall_s
from trunkline.testing.transactions import (
    BaseTransactionConformance,
    Place,
    fails,
    ids,
    insert,
    then,
)

_LONG: Final = sa.text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) "
    "SELECT count(*) FROM n"
)
"""A statement of a tenth of a second and more."""


class BaseReadConformance(BaseTransactionConformance):
    """The part of `BaseDatabaseConformance` that is about reads."""

    @pytest.mark.parametrize("heavy", [False, True])
    def test_a_read_sees_one_moment_however_long_it_takes(self, place: Place, heavy: bool) -> None:
        def read_twice(tx: Tx) -> tuple[list[int], list[int]]:
            before = ids(tx)
            self.beside(place, lambda other: other.write(insert(before[-1] + 1)))
            return before, ids(tx)

        async def scenario(db: Database) -> None:
            await db.write(insert(1))
            before, after = await db.read(read_twice, heavy=heavy)

            assert before == after
            assert len(await db.read(ids)) > len(before)

        self.play(place, scenario)

    @pytest.mark.parametrize("heavy", [False, True])
    def test_a_read_that_writes_is_refused(self, place: Place, heavy: bool) -> None:
        async def scenario(db: Database) -> None:
            with pytest.raises(sa.exc.DBAPIError):
                await db.read(insert(1), heavy=heavy)
            assert await db.read(ids) == []

        self.play(place, scenario)

    def test_a_read_that_notifies_is_refused(self, place: Place) -> None:
        async def scenario(db: Database) -> None:
            with pytest.raises(RuntimeError):
                await db.read(lambda tx: tx.notify("rows", "1"))

        self.play(place, scenario)

    @pytest.mark.parametrize("heavy", [False, True])
    def test_what_a_read_raises_reaches_its_caller_and_others_go_on(
        self, place: Place, heavy: bool
    ) -> None:
        async def scenario(db: Database) -> None:
            for _ in range(20):  # more than there are connections
                with pytest.raises(LookupError, match="on purpose"):
                    await db.read(then(ids, fails), heavy=heavy)
            reads = [db.read(ids, heavy=heavy) for _ in range(20)]
            assert await asyncio.gather(*reads) == [[]] * 20

        self.play(place, scenario)

    @pytest.mark.parametrize("heavy", [False, True])
    def test_a_long_read_holds_the_event_loop_only_for_moments(
        self, place: Place, heavy: bool
    ) -> None:
        def count(tx: Tx) -> int:
            number: int = tx.execute(_LONG).scalar_one()
            return number

        async def scenario(db: Database) -> float:
            shares = []
            for _ in range(3):
                started = time.perf_counter()
                stall_s = await longest_stall_s(db.read(count, heavy=heavy))
                shares.append(stall_s / (time.perf_counter() - started))
            return min(shares)

        share = self.play(place, scenario)

        assert share < 0.5, f"the event loop stood still for {share:.0%} of the read"
