"""What the tests of several folders share: both databases."""

import gc
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from plugins.postgres.tests.server import Server, postgres
from trunkline.loading import load_plugins
from trunkline.sdk import Database, DatabaseContext, SystemClock

__all__ = ["postgres"]


def pytest_xdist_auto_num_workers() -> int:
    """
    Run one test more than there are cores: many of them wait as long as they work.

    Where nobody looks at what is red, time for those that measure some counts for more.
    """
    return (os.cpu_count() or 1) + ("CI" not in os.environ)


def pytest_collection_finish() -> None:
    """Spare the garbage collector what all tests have imported: a sixth of their time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test on SQLite; those where the database decides on PostgreSQL too."""
    if "database_kind" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker
        kinds: list[Any] = ["sqlite"]
        if (both := marked("both")) and not marked("sqlite"):
            slow = [pytest.mark.slow] if both.kwargs.get("slow") else []
            kinds.append(pytest.param("postgres", marks=[pytest.mark.postgres, *slow]))
        metafunc.parametrize("database_kind", kinds, scope="session")


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
