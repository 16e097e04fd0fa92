"""What the writes of every database adapter must do, whoever wrote it."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import pytest
import sqlalchemy as sa

from trunkline.sdk import (
    Database,
    DatabaseContext,
    DatabaseSpec,
    Overloaded,
    SystemClock,
    Tx,
)
from trunkline.testing.fakes import RecordingLog
from trunkline.testing.suite import BaseConformance, longest_stall_s

T = TypeVar("T")

Scenario = Callable[[Database], Awaitable[T]]

TABLES: Final = sa.MetaData()
ROWS: Final = sa.Table(
    "conformance_rows",
    TABLES,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("word", sa.Text, nullable=False),
)
VALUES: Final = sa.Table(
    "conformance_values",
    TABLES,
    sa.Column("number", sa.BigInteger),
    sa.Column("flag", sa.Boolean),
    sa.Column("bytes", sa.LargeBinary),
    sa.Column("text", sa.Text),
    sa.Column("time", sa.DateTime(timezone=True)),
)
_PRIVATE: Final = 14155550199
_LONGEST_STALL_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Place:
    """Where the database of a test lies: its URL, and the hub's data directory."""

    url: str
    data_dir: Path


def create(tx: Tx) -> None:
    """Create the tables of the suite."""
    TABLES.create_all(tx.connection)


def insert(number: int, word: str = "") -> Callable[[Tx], int]:
    """Return a function that stores a row, tells the topic ``rows`` of it and returns its id."""

    def insert_row(tx: Tx) -> int:
        tx.execute(sa.insert(ROWS), {"id": number, "word": word})
        tx.notify("rows", str(number))
        return number

    return insert_row


def ids(tx: Tx) -> list[int]:
    """Return the id of every row, in order."""
    return list(tx.execute(sa.select(ROWS.c.id).order_by(ROWS.c.id)).scalars())


def fails(tx: Tx) -> None:
    """Raise what no database raises."""
    raise LookupError("on purpose")


def then(*steps: Callable[[Tx], Any]) -> Callable[[Tx], Any]:
    """Return one function made of `steps`."""

    def run_steps(tx: Tx) -> Any:
        return [step(tx) for step in steps][-1]

    return run_steps


async def together(db: Database, *fns: Callable[[Tx], Any]) -> list[Any]:
    """Write all of `fns` at once; an error stands in its place."""
    return await asyncio.gather(*map(db.write, fns), return_exceptions=True)


class BaseTransactionConformance(BaseConformance):
    """
    The part of `BaseDatabaseConformance` that is about writes.

    Each test gets a database of its own from the fixture ``url``, which you write.
    """

    kind = "database"
    spec: ClassVar[DatabaseSpec]
    timeout_s: ClassVar[float] = 60.0

    @pytest.fixture
    def place(self, url: str, tmp_path: Path) -> Place:
        """Where the test's database lies."""
        return Place(url, tmp_path)

    def open(self, place: Place) -> AbstractAsyncContextManager[Database]:
        """Open the database as the hub does."""
        log = RecordingLog()
        context = DatabaseContext(data_dir=place.data_dir, clock=SystemClock(), log=log)
        return self.spec.open(place.url, context)

    def play(self, place: Place, scenario: Scenario[T]) -> T:
        """Run `scenario` on the open database, with the suite's tables in it."""

        async def played() -> T:
            async with asyncio.timeout(self.timeout_s), self.open(place) as db:
                await db.write(create)
                return await scenario(db)

        return asyncio.run(played())

    def beside(self, place: Place, scenario: Scenario[T]) -> T:
        """Run `scenario` as another hub on the same database would, while everything else waits."""

        async def played() -> T:
            async with asyncio.timeout(self.timeout_s), self.open(place) as other:
                return await scenario(other)

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, played()).result()

    # --- writing ----------------------------------------------------------------------------------

    def test_what_a_write_answers_can_be_read_from_then_on(self, place: Place) -> None:
        async def scenario(db: Database) -> None:
            async def write_and_look(number: int) -> bool:
                return await db.write(insert(number)) in await db.read(ids)

            assert all(await asyncio.gather(*map(write_and_look, range(30))))

        self.play(place, scenario)

    def test_a_function_that_fails_leaves_nothing_and_its_error_reaches_its_caller_alone(
        self, place: Place
    ) -> None:
        def new_table(tx: Tx) -> None:
            tx.execute(sa.text("CREATE TABLE conformance_half (id INTEGER)"))

        async def scenario(db: Database) -> None:
            half = then(insert(2), new_table, fails)
            outcomes = await together(db, insert(1), half, insert(3))

            assert isinstance(outcomes[1], LookupError)
            assert outcomes[::2] == [1, 3]
            assert await db.read(ids) == [1, 3]
            tables = await db.read(lambda tx: sa.inspect(tx.connection).get_table_names())
            assert "conformance_half" not in tables

        self.play(place, scenario)

    def test_a_reader_never_sees_half_of_a_write(self, place: Place) -> None:
        def two_rows(number: int) -> Callable[[Tx], int]:
            return then(insert(number), insert(-number))

        async def scenario(db: Database) -> None:
            writes = asyncio.gather(*(db.write(two_rows(number)) for number in range(1, 60)))
            while not writes.done():
                assert sum(await db.read(ids)) == 0
                await asyncio.sleep(0)
            await writes

        self.play(place, scenario)

    def test_a_taken_key_is_an_integrity_error_that_shows_no_value(self, place: Place) -> None:
        async def scenario(db: Database) -> None:
            await db.write(insert(_PRIVATE))
            outcomes = await together(db, insert(_PRIVATE), insert(2))

            assert isinstance(outcomes[0], sa.exc.IntegrityError)
            assert str(_PRIVATE) not in f"{outcomes[0]} {outcomes[0].orig}"
            assert outcomes[1] == 2
            assert await db.read(ids) == [2, _PRIVATE]

        self.play(place, scenario)

    def test_of_writes_that_claim_one_key_at_once_one_wins(self, place: Place) -> None:
        async def scenario(db: Database) -> None:
            outcomes = await together(db, *(insert(1, str(number)) for number in range(20)))

            lost = [each for each in outcomes if isinstance(each, sa.exc.IntegrityError)]
            assert (outcomes.count(1), len(lost)) == (1, 19)

        self.play(place, scenario)

    def test_an_error_inside_a_savepoint_costs_only_the_savepoint(self, place: Place) -> None:
        def try_two(tx: Tx) -> None:
            for number in (1, 2):
                with suppress(sa.exc.IntegrityError), tx.connection.begin_nested():
                    insert(number)(tx)

        async def scenario(db: Database) -> None:
            await db.write(insert(1))
            await db.write(then(try_two, insert(3)))

            assert await db.read(ids) == [1, 2, 3]

        self.play(place, scenario)

    @pytest.mark.parametrize("end", ["commit", "rollback"])
    def test_a_function_that_ends_the_transaction_is_refused_and_stores_nothing(
        self, place: Place, end: str
    ) -> None:
        async def scenario(db: Database) -> None:
            (outcome,) = await together(
                db, then(insert(1), lambda tx: getattr(tx.connection, end)())
            )

            assert isinstance(outcome, Exception)
            assert await db.write(insert(2)) == 2
            assert await db.read(ids) == [2]

        self.play(place, scenario)

    def test_a_coroutine_function_is_refused_and_stores_nothing(self, place: Place) -> None:
        async def awaits(tx: Tx) -> None: ...

        async def scenario(db: Database) -> None:
            with pytest.raises(TypeError):
                await db.write(then(insert(1), awaits))
            assert await db.read(ids) == []

        self.play(place, scenario)

    def test_a_caller_that_gives_up_leaves_its_whole_write_or_none(self, place: Place) -> None:
        async def scenario(db: Database) -> None:
            for number in range(1, 21):  # more than there are connections
                write = asyncio.create_task(db.write(then(insert(number), insert(-number))))
                await asyncio.sleep(number % 5 * 0.0005)
                write.cancel()
                with suppress(asyncio.CancelledError):
                    await write

            await db.write(insert(0))
            assert sum(await db.read(ids)) == 0

        self.play(place, scenario)

    # --- many at once -----------------------------------------------------------------------------

    def test_writes_that_add_to_one_row_at_once_all_count(self, place: Place) -> None:
        def add(tx: Tx) -> None:
            tx.execute(sa.update(ROWS).values(word=ROWS.c.word + "x"))

        async def scenario(db: Database) -> None:
            await db.write(insert(1))
            assert await together(db, *[add] * 40) == [None] * 40
            assert await db.read(lambda tx: tx.execute(sa.select(ROWS.c.word)).scalar()) == "x" * 40

        self.play(place, scenario)

    def test_writes_with_one_key_run_one_after_another_in_the_order_they_came(
        self, place: Place
    ) -> None:
        def insert_next(number: int, tx: Tx) -> None:
            assert ids(tx) == list(range(number))
            insert(number)(tx)

        async def scenario(db: Database) -> None:
            def write(number: int) -> Awaitable[None]:
                return db.write(lambda tx: insert_next(number, tx), key="ann")

            await asyncio.gather(*map(write, range(30)))

        self.play(place, scenario)

    def test_writes_are_refused_once_too_many_wait_and_the_others_are_stored(
        self, place: Place
    ) -> None:
        async def scenario(db: Database) -> None:
            outcomes = await together(db, *map(insert, range(10_000)))

            taken = [each for each in outcomes if isinstance(each, int)]
            refused = [each for each in outcomes if isinstance(each, Overloaded)]
            assert len(taken) + len(refused) == len(outcomes)
            assert refused, "10,000 writes waited: a queue without an end fills the memory"
            assert all(math.isfinite(each.retry_after_s) for each in refused)
            assert await db.read(ids) == taken

        self.play(place, scenario)

    def test_many_writes_hold_the_event_loop_only_for_moments(self, place: Place) -> None:
        async def scenario(db: Database) -> float:
            stalls = []
            for first in (0, 200, 400):
                writes = together(db, *map(insert, range(first, first + 200)))
                stalls.append(await longest_stall_s(writes))
            return min(stalls)  # a busy machine stalls now and then, a blocking adapter every time

        stall_s = self.play(place, scenario)

        assert stall_s < _LONGEST_STALL_S, f"the event loop stood still for {stall_s:.3f} s"

    # --- values -----------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("number", 2**63 - 1),
            ("number", -(2**63)),
            ("flag", True),
            ("flag", False),
            ("bytes", bytes(range(256))),
            ("bytes", b""),
            ("text", "Grüße 👋 'quoted' \\ %s :x ? \r\n\t"),
            ("text", ""),
            ("text", "long " * 50_000),
            ("time", datetime(2026, 1, 15, 12, 0, 0, 123456, UTC)),
            ("time", datetime(2026, 7, 1, 0, 0, 0, 1, timezone(timedelta(hours=5, minutes=30)))),
            ("number", None),
            ("text", None),
        ],
        ids=lambda value: repr(value)[:20],
    )
    def test_what_is_stored_comes_back_the_same(
        self, place: Place, column: str, value: object
    ) -> None:
        async def scenario(db: Database) -> object:
            dialect = await db.read(lambda tx: tx.connection.dialect.name)
            if column == "time" and dialect == "sqlite":
                pytest.skip("SQLite has no times; the hub stores text there")
            await db.write(lambda tx: tx.execute(sa.insert(VALUES), {column: value}).close())
            return await db.read(lambda tx: tx.execute(sa.select(VALUES.c[column])).scalar())

        found = self.play(place, scenario)

        assert (found, type(found)) == (value, type(value))
