"""`trunkline db`: the revision of the database's tables."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import click

from trunkline.app import database_spec
from trunkline.cli import files
from trunkline.cli.serve import loaded, run
from trunkline.db import migrate
from trunkline.logs import configure_logging, get_log
from trunkline.sdk import Database, DatabaseContext, SystemClock
from trunkline.serving import directory_lock
from trunkline.settings import load_settings, secure_data_dir


@click.group()
def db() -> None:
    """Show and migrate the tables of the database."""


@db.command()
@files
def current(config: Path | None, data_dir: Path | None) -> None:
    """Show the revision of the database."""

    async def work() -> None:
        async with _opened(config, data_dir) as database:
            click.echo(await database.read(migrate.current) or "empty")

    run(work())


@db.command()
@files
def check(config: Path | None, data_dir: Path | None) -> None:
    """Fail unless the database is at the revision that this hub needs."""

    async def work() -> None:
        async with _opened(config, data_dir) as database:
            await migrate.bring_up_to_date(database, embedded=False, allowed=False)
        click.echo(f"The database is at revision {migrate.HEAD}, as this hub needs it.")

    run(work())


@db.command()
@files
def upgrade(config: Path | None, data_dir: Path | None) -> None:
    """Migrate the database to the revision that this hub needs."""

    async def work() -> None:
        async with _opened(config, data_dir) as database:
            await migrate.bring_up_to_date(database, embedded=False, allowed=True)
        click.echo(f"The database is at revision {migrate.HEAD}.")

    run(work())


@asynccontextmanager
async def _opened(config: Path | None, data_dir: Path | None) -> AsyncIterator[Database]:
    """Open the database of the settings; an embedded one only if no hub has it open."""
    configure_logging("warning")
    settings = load_settings(config=config, data_dir=data_dir, environ=os.environ)
    where, log = settings.server.data_dir, get_log("trunkline")
    secure_data_dir(where, log)
    spec = database_spec(settings, loaded(settings))
    context = DatabaseContext(data_dir=where, clock=SystemClock(), log=log)
    with directory_lock(where) if spec.embedded else nullcontext():
        async with spec.open(settings.database.url, context) as database:
            yield database
