"""A real database for every test, of each kind."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from plugins.postgres.tests.server import Server
from trunkline.loading import load_plugins
from trunkline.sdk import Database, DatabaseContext, SystemClock


class NoLog:
    def info(self, event: str, **facts: object) -> None: ...

    warning = error = info


@pytest.fixture
async def db(
    database_kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Database]:
    """An open, empty database."""
    context = DatabaseContext(data_dir=tmp_path, clock=SystemClock(), log=NoLog())
    with ExitStack() as stack:
        url = "sqlite:///trunkline.db"
        if database_kind == "postgres":
            server: Server = request.getfixturevalue("postgres")
            url = stack.enter_context(server.database())
        async with load_plugins().databases[url.partition(":")[0]].open(url, context) as database:
            yield database
