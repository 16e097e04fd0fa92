"""A database of its own for every test, on a real server, and a log that can be read."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from plugins.postgres.tests.server import Server, postgres
from plugins.postgres.tests.table import create_rows
from trunkline.sdk import Database, DatabaseContext, SystemClock
from trunkline.testing import RecordingLog
from trunkline_postgres.plugin import trunkline_register_database

__all__ = ["postgres"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave these tests out of ``run.py test --quick``, which needs no server for the rest."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("slow")


@pytest.fixture
def log() -> RecordingLog:
    return RecordingLog()


@pytest.fixture
def context(tmp_path: Path, log: RecordingLog) -> DatabaseContext:
    return DatabaseContext(data_dir=tmp_path, clock=SystemClock(), log=log)


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    """The empty database of this test."""
    with postgres.database() as url:
        yield url


@pytest.fixture
async def db(url: str, context: DatabaseContext) -> AsyncIterator[Database]:
    """An open database with the empty table `rows`."""
    (spec,) = trunkline_register_database()
    async with spec.open(url, context) as database:
        await database.write(create_rows)
        yield database
