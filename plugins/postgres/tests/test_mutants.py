"""The suite's tests of a server have teeth: mistakes made in the PostgreSQL adapter."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from plugins.postgres.tests.server import Server
from trunkline.sdk import Database, DatabaseContext, Listeners, Note, Tx
from trunkline.testing.database import BaseDatabaseConformance as Suite
from trunkline.testing.database import Place
from trunkline_postgres.database import PostgresDatabase, open_database
from trunkline_postgres.plugin import trunkline_register_database

T = TypeVar("T")


class Mistaken(Database):
    """The PostgreSQL adapter, to make mistakes with."""

    def __init__(self, db: PostgresDatabase, context: DatabaseContext) -> None:
        self.db, self.context = db, context
        self.listeners = Listeners()

    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        return await self.db.write(fn, key=key)

    async def read(self, fn: Callable[[Tx], T], *, heavy: bool = False) -> T:
        return await self.db.read(fn, heavy=heavy)

    def listen(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[Note]]:
        return self.db.listen(topic)


class ForgetsTheKey(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        return await self.db.write(fn)


class SeesOthersCommit(Mistaken):
    async def read(self, fn: Callable[[Tx], T], *, heavy: bool = False) -> T:
        return await self.db.write(fn)


class KeepsNoZone(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        class Zoneless(Tx):
            def execute(self, statement: Any, parameters: Any = None) -> Any:
                if parameters and "time" in parameters:
                    parameters = {"time": parameters["time"].replace(tzinfo=UTC, hour=1)}
                return super().execute(statement, parameters)

        return await self.db.write(lambda tx: fn(Zoneless(tx.connection)))


class HearsOnlyItself(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        told: list[Note] = []

        def run(tx: Tx) -> T:
            value = fn(tx)
            told.extend(tx.notes)
            return value

        value = await self.db.write(run)
        for note in told:
            self.listeners.publish(note)
        return value

    @asynccontextmanager
    async def listen(self, topic: str) -> AsyncIterator[AsyncIterator[Note]]:
        with self.listeners.feed(topic) as feed:
            yield feed


class LeavesATrace(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        (self.context.data_dir / "postgres.cache").touch()
        return await self.db.write(fn)


@asynccontextmanager
async def opened(
    mistake: type[Mistaken], url: str, context: DatabaseContext
) -> AsyncIterator[Database]:
    """Open the database with one mistake in it."""
    async with open_database(url, context) as db:
        yield mistake(db, context)


def suite_of(mistake: type[Mistaken]) -> Suite:
    """Return the suite for the adapter with one mistake in it."""
    (postgres,) = trunkline_register_database()

    class Mutant(Suite):
        spec = replace(postgres, open=partial(opened, mistake))
        timeout_s = 5.0

    return Mutant()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mistake", "test", "arguments"),
    [
        (
            ForgetsTheKey,
            Suite.test_writes_with_one_key_run_one_after_another_in_the_order_they_came,
            [],
        ),
        (SeesOthersCommit, Suite.test_a_read_sees_one_moment_however_long_it_takes, [False]),
        (
            KeepsNoZone,
            Suite.test_what_is_stored_comes_back_the_same,
            ["time", datetime(2026, 1, 15, 12, tzinfo=UTC)],
        ),
        (HearsOnlyItself, Suite.test_a_note_arrives_in_every_hub_on_a_server, []),
        (LeavesATrace, Suite.test_a_server_leaves_the_data_directory_alone, []),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_the_suite_fails_an_adapter_that_makes_this_mistake(
    mistake: type[Mistaken],
    test: Callable[..., None],
    arguments: Sequence[object],
    postgres: Server,
    tmp_path: Path,
) -> None:
    with postgres.database() as url:
        test(suite_of(Mistaken), Place(url, tmp_path), *arguments)  # which makes none yet

    with (
        postgres.database() as url,
        pytest.raises((AssertionError, TimeoutError, sa.exc.IntegrityError)),
    ):
        test(suite_of(mistake), Place(url, tmp_path), *arguments)
