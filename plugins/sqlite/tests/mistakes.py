"""Mistakes that a database adapter may make, each one made in the SQLite adapter."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, TypeVar

import sqlalchemy as sa

from trunkline.sdk import (
    Database,
    DatabaseContext,
    DatabaseFailed,
    Listeners,
    NotConfigured,
    Note,
    Tx,
)
from trunkline_sqlite.database import open_database

T = TypeVar("T")


class Mistaken(Database):
    """The SQLite adapter, to make mistakes with."""

    def __init__(self, db: Database, context: DatabaseContext) -> None:
        self.db = db
        self.file = context.data_dir / "trunkline.db"
        self.listeners = Listeners()
        self.count = 0

    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        return await self.db.write(fn, key=key)

    async def read(self, fn: Callable[[Tx], T], *, heavy: bool = False) -> T:
        return await self.db.read(fn, heavy=heavy)

    def listen(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[Note]]:
        return self.db.listen(topic)

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, context: DatabaseContext) -> AsyncIterator[Database]:
        """Open the database."""
        async with open_database(url, context) as db:
            yield cls(db, context)

    def connection(self, isolation_level: Any = "AUTOCOMMIT") -> sa.Connection:
        """Connect to the file past the adapter."""
        engine = sa.create_engine(f"sqlite:///{self.file}", poolclass=sa.NullPool)
        return engine.connect().execution_options(isolation_level=isolation_level)


# --- writing --------------------------------------------------------------------------------------


class AnswersBeforeItIsStored(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def run(tx: Tx) -> None:
            answer.set_result(fn(tx))

        self.stored = asyncio.create_task(self.db.write(run))
        return await answer


class KeepsWhatAFailingFunctionDid(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        def run(tx: Tx) -> T | Exception:
            try:
                return fn(tx)
            except Exception as error:  # noqa: BLE001 - the mistake
                return error

        value = await self.db.write(run)
        if isinstance(value, Exception):
            raise value
        return value


class StoresEachStatementByItself(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        def run() -> T:
            class Dawdling(Tx):
                def execute(self, statement: Any, parameters: Any = None) -> Any:
                    time.sleep(0.002)
                    return super().execute(statement, parameters)

            with self.connection() as connection:
                return fn(Dawdling(connection))

        return await asyncio.to_thread(run)


class CallsEveryErrorItsOwn(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        try:
            return await self.db.write(fn)
        except sa.exc.SQLAlchemyError as error:
            raise DatabaseFailed("It did not work.") from error


class ShowsTheValues(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        try:
            return await self.db.write(fn)
        except sa.exc.IntegrityError as error:
            raise sa.exc.IntegrityError(None, error.params, Exception(error.params)) from error


class SwallowsAConflict(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        with suppress(sa.exc.IntegrityError):
            return await self.db.write(fn)
        return 1  # type: ignore[return-value] # the mistake


class NeverForgivesAStatement(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        class Unforgiving(Tx):
            fault: Exception | None = None

            def execute(self, statement: Any, parameters: Any = None) -> Any:
                try:
                    return super().execute(statement, parameters)
                except Exception as error:
                    self.fault = error
                    raise

        def run(tx: Tx) -> T:
            unforgiving = Unforgiving(tx.connection)
            value = fn(unforgiving)
            if unforgiving.fault:
                raise unforgiving.fault
            return value

        return await self.db.write(run)


class LetsFunctionsEndTheTransaction(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        with self.connection("SERIALIZABLE") as connection:
            value = fn(Tx(connection))
            connection.commit()
            return value


class AwaitsAfterTheCommit(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        (value,) = await self.db.write(lambda tx: [fn(tx)])
        return await value if asyncio.iscoroutine(value) else value


class KeepsHalfOfWhatIsGivenUp(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        class Half(Tx):
            def execute(self, statement: Any, parameters: Any = None) -> Any:
                if parameters["id"] > 0:
                    return super().execute(statement, parameters)
                return None

        try:
            return await self.db.write(fn)
        except asyncio.CancelledError:
            with suppress(sa.exc.IntegrityError):
                await self.db.write(lambda tx: fn(Half(tx.connection)))
            raise


# --- many at once ---------------------------------------------------------------------------------


class RunsAgainWhatIsStored(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        await self.db.write(fn)
        with suppress(sa.exc.IntegrityError):
            return await self.db.write(fn)
        return None  # type: ignore[return-value]  # a row that is there


class ForgetsTheKey(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        self.count += 1
        await asyncio.sleep(0.002 * (self.count % 3))
        return await self.db.write(fn)


class QueuesWithoutAnEnd(Mistaken):
    gate = asyncio.Semaphore(500)

    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        async with self.gate:
            return await self.db.write(fn)


class WaitsForTheDiskOnTheLoop(Mistaken):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        self.count += 1
        if self.count % 100 == 0:
            time.sleep(0.15)  # noqa: ASYNC251 - the mistake
        return await self.db.write(fn)


# --- values ---------------------------------------------------------------------------------------


class Converts(Mistaken):
    """Stores something else than it is given."""

    def converted(self, value: Any) -> Any:
        raise NotImplementedError

    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        convert = self.converted

        class Converting(Tx):
            def execute(self, statement: Any, parameters: Any = None) -> Any:
                changed = {name: convert(value) for name, value in (parameters or {}).items()}
                return super().execute(statement, changed or None)

        return await self.db.write(lambda tx: fn(Converting(tx.connection)))


class KeepsThirtyTwoBits(Converts):
    def converted(self, value: Any) -> Any:
        return value & 0xFFFFFFFF if isinstance(value, int) else value


class TakesFalseAndEmptyForNothing(Converts):
    def converted(self, value: Any) -> Any:
        return value or None


class KnowsAsciiOnly(Converts):
    def converted(self, value: Any) -> Any:
        return value.encode("ascii", "ignore").decode() if isinstance(value, str) else value


# --- reading --------------------------------------------------------------------------------------


class ReadsWithoutASnapshot(Mistaken):
    async def read(self, fn: Callable[[Tx], T], *, heavy: bool = False) -> T:
        with self.connection() as connection:
            return fn(Tx(connection))


class ReadsWhereItWrites(Mistaken):
    async def read(self, fn: Callable[[Tx], T], *, heavy: bool = False) -> T:
        return await self.db.write(fn)


class DropsTheNotesOfReads(Mistaken):
    async def read(self, fn: Callable[[Tx], T], *, heavy: bool = False) -> T:
        return await self.db.read(lambda tx: fn(Tx(tx.connection)), heavy=heavy)


class CallsEveryErrorOfAReadItsOwn(Mistaken):
    async def read(self, fn: Callable[[Tx], T], *, heavy: bool = False) -> T:
        try:
            return await self.db.read(fn, heavy=heavy)
        except Exception as error:
            raise DatabaseFailed("It did not work.") from error


# --- opening and closing --------------------------------------------------------------------------


class BeginsAnew(Mistaken):
    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, context: DatabaseContext) -> AsyncIterator[Database]:
        (context.data_dir / "trunkline.db").unlink(missing_ok=True)
        async with super().opened(url, context) as db:
            yield db


class DropsWhatWaits(Mistaken):
    def __init__(self, db: Database, context: DatabaseContext) -> None:
        super().__init__(db, context)
        self.writes: set[asyncio.Task[Any]] = set()

    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        write = asyncio.create_task(self.db.write(fn))
        self.writes.add(write)
        return await write

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, context: DatabaseContext) -> AsyncIterator[Database]:
        async with super().opened(url, context) as db:
            yield db
            assert isinstance(db, DropsWhatWaits)
            for write in db.writes:
                write.cancel()


class ShowsTheUrl(Mistaken):
    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, context: DatabaseContext) -> AsyncIterator[Database]:
        try:
            async with super().opened(url, context) as db:
                yield db
        except NotConfigured as error:
            raise NotConfigured(f"{url} will not do.") from error


# --- notes ----------------------------------------------------------------------------------------


class TellsByItself(Mistaken):
    """Tells what `told` gives, when a function ends, and to whom `listen` lets hear it."""

    def told(self, notes: Sequence[Note], error: Exception | None) -> Sequence[Note]:
        raise NotImplementedError

    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        def run(tx: Tx) -> T:
            error = None
            try:
                return fn(tx)
            except Exception as raised:
                error = raised
                raise
            finally:
                for note in self.told(tx.notes, error):
                    self.listeners.publish(note)

        return await self.db.write(run)

    @asynccontextmanager
    async def listen(self, topic: str) -> AsyncIterator[AsyncIterator[Note]]:
        with self.listeners.feed(topic) as feed:
            yield feed


class TellsBeforeItIsStored(TellsByItself):
    async def write(self, fn: Callable[[Tx], T], *, key: str | None = None) -> T:
        notes: list[Note] = []

        def rehearse(tx: Tx) -> None:
            fn(tx)
            notes.extend(tx.notes)
            raise _Undone

        with suppress(_Undone):
            await self.db.write(rehearse)
        for note in notes:
            self.listeners.publish(note)
        await asyncio.sleep(0.05)  # the listeners look for the row
        return await self.db.write(fn)


class _Undone(Exception):
    pass


class TellsOfWhatFailed(TellsByItself):
    def told(self, notes: Sequence[Note], error: Exception | None) -> Sequence[Note]:
        return notes


class LeavesNotesOut(TellsByItself):
    def told(self, notes: Sequence[Note], error: Exception | None) -> Sequence[Note]:
        return notes[-10_000:]


class NeverEndsAListener(TellsByItself):
    def told(self, notes: Sequence[Note], error: Exception | None) -> Sequence[Note]:
        return [] if error else notes
