"""A second hub on one file is refused, whatever path it comes by."""

import os
import signal
import subprocess
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from plugins.sqlite.tests.table import ids, insert
from trunkline.sdk import Database, DatabaseContext, DatabaseFailed, NotConfigured
from trunkline_sqlite.database import open_database

HOLDER = """
import asyncio, sys
from pathlib import Path
from trunkline.sdk import DatabaseContext, SystemClock
from trunkline_sqlite.database import open_database

class Log:
    def info(self, event, **facts): pass
    warning = error = info

async def main():
    context = DatabaseContext(data_dir=Path(sys.argv[2]), clock=SystemClock(), log=Log())
    async with open_database(sys.argv[1], context):
        print("open", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def ways(path: Path, folder: Path) -> dict[str, str]:
    """Return URLs that lead to one file."""
    (folder / "linked.db").symlink_to(path)
    (folder / "directory").symlink_to(path.parent, target_is_directory=True)
    return {
        "the same path": f"sqlite:///{path}",
        "a link to it": f"sqlite:///{folder / 'linked.db'}",
        "a link to its folder": f"sqlite:///{folder / 'directory' / path.name}",
        "dots": f"sqlite:///{path.parent}/../{path.parent.name}/{path.name}",
        "a relative one": f"sqlite:///../{path.parent.name}/{path.name}",
    }


async def test_case_e5_a_second_hub_on_the_file_is_refused_by_every_path(
    db: Database, context: DatabaseContext, path: Path
) -> None:
    other = path.parent.parent / f"{path.parent.name}-other"
    other.mkdir()
    for way, url in ways(path, other).items():
        with pytest.raises(DatabaseFailed, match=f"process {os.getpid()}.* Stop it first"):
            async with open_database(url, replace(context, data_dir=other)):
                pytest.fail(way)
    await db.write(insert(1))
    assert await db.read(ids) == [1]


async def test_case_e5_another_process_holds_the_file_until_it_ends_however_it_ends(
    context: DatabaseContext, path: Path
) -> None:
    argv = [sys.executable, "-c", HOLDER, f"sqlite:///{path}", str(path.parent)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(DatabaseFailed, match=f"process {process.pid}"):
            async with open_database("sqlite:///trunkline.db", context):
                pass
        process.send_signal(signal.SIGKILL)
    async with open_database("sqlite:///trunkline.db", context):
        pass


async def test_case_e5_a_file_with_several_names_is_refused(
    context: DatabaseContext, path: Path
) -> None:
    async with open_database("sqlite:///trunkline.db", context):
        pass
    os.link(path, path.with_name("twin.db"))
    for name in ("trunkline.db", "twin.db"):
        with pytest.raises(NotConfigured, match="hard links"):
            async with open_database(f"sqlite:///{name}", context):
                pass


async def test_a_hub_may_open_its_file_twice_and_lets_go_of_it_at_the_last_end(
    context: DatabaseContext, path: Path
) -> None:
    lock = path.with_name("trunkline.db.lock")
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        await first.enter_async_context(open_database("sqlite:///trunkline.db", context))
        await second.enter_async_context(open_database("sqlite:///trunkline.db", context))
        await first.aclose()
        assert lock.exists()
    assert not lock.exists()
