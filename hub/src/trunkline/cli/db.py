"""`trunkline db`: the revision of the database's tables."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import click
import sqlalchemy as sa

from trunkline.app import database_spec
from trunkline.cli import files
from trunkline.cli.loop import run
from trunkline.cli.serve import loaded
from trunkline.core.engine.marks import RESTORED, set_mark
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.db import migrate
from trunkline.logs import configure_logging, get_log
from trunkline.sdk import Database, DatabaseContext, DatabaseSpec, IdSource, SystemClock, Tx
from trunkline.serving import directory_lock
from trunkline.settings import Settings, load_settings, secure_data_dir


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


@db.command()
@files
def restored(config: Path | None, data_dir: Path | None) -> None:
    """
    Say that the database server was set back to an earlier state, by its own means.

    The next start then sends nothing that may have been sent since. `trunkline restore` says so by
    itself.
    """

    async def work() -> None:
        async with _opened(config, data_dir) as database:
            await database.write(mark_restored)
        click.echo("The next start treats the database as restored.")

    run(work())


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The settings, and the kind of database that they choose."""

    settings: Settings
    spec: DatabaseSpec
    context: DatabaseContext


def choose(config: Path | None, data_dir: Path | None) -> Chosen:
    """Read the settings; NotConfigured if no loaded plugin opens their database."""
    configure_logging("warning")
    settings = load_settings(config=config, data_dir=data_dir, environ=os.environ)
    where, log = settings.server.data_dir, get_log("trunkline")
    secure_data_dir(where, log)
    return Chosen(
        settings=settings,
        spec=database_spec(settings, loaded(settings)),
        context=DatabaseContext(data_dir=where, clock=SystemClock(), log=log),
    )


def mark_restored(tx: Tx) -> None:
    """Let the next start know that the database was set back; one without marks has no need."""
    if migrate.current(tx) is not None and sa.inspect(tx.connection).has_table("engine_marks"):
        clock = SystemClock()
        now = clock.now()
        row_id = IdSource(clock).new("row")
        set_mark(tx, DEFAULT_WORKSPACE, row_id, RESTORED, now.isoformat(), now)


@asynccontextmanager
async def _opened(config: Path | None, data_dir: Path | None) -> AsyncIterator[Database]:
    """Open the database of the settings; an embedded one only if no hub has it open."""
    chosen = choose(config, data_dir)
    with directory_lock(chosen.context.data_dir) if chosen.spec.embedded else nullcontext():
        async with chosen.spec.open(chosen.settings.database.url, chosen.context) as database:
            yield database
