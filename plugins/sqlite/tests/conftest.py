"""A real database file for every test, and a log that can be read."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plugins.sqlite.tests.table import create_rows
from trunkline.sdk import Database, DatabaseContext, SystemClock
from trunkline_sqlite.plugin import trunkline_register_database


class RecordedLog:
    """Keeps what was logged."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **facts: object) -> None:
        self.events.append((event, facts))

    warning = error = info


@pytest.fixture
def log() -> RecordedLog:
    return RecordedLog()


@pytest.fixture
def context(tmp_path: Path, log: RecordedLog) -> DatabaseContext:
    return DatabaseContext(data_dir=tmp_path, clock=SystemClock(), log=log)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of `db`."""
    return tmp_path / "trunkline.db"


@pytest.fixture
async def db(context: DatabaseContext) -> AsyncIterator[Database]:
    """An open database with the empty table `rows`."""
    (spec,) = trunkline_register_database()
    async with spec.open("sqlite:///trunkline.db", context) as database:
        await database.write(create_rows)
        yield database
