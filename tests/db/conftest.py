"""A real SQLite database for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from trunkline.sdk import Database, DatabaseContext, SystemClock
from trunkline_sqlite.database import open_database


class NoLog:
    def info(self, event: str, **facts: object) -> None: ...

    warning = error = info


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    """An open, empty database."""
    context = DatabaseContext(data_dir=tmp_path, clock=SystemClock(), log=NoLog())
    async with open_database("sqlite:///trunkline.db", context) as database:
        yield database
