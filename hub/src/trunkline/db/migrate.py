"""Which revision a database is at, and how it gets to this hub's. Alembic is imported only then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from trunkline.db.locks import hold
from trunkline.sdk import Database, NotConfigured, Tx

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0017"
"""The newest revision in migrations/versions/."""


def current(tx: Tx) -> str | None:
    """Return the revision of the database, or None if it was never migrated."""
    if not sa.inspect(tx.connection).has_table("alembic_version"):
        return None
    revision: str | None = tx.execute(
        sa.text("SELECT version_num FROM alembic_version")
    ).scalar_one_or_none()
    return revision


def upgrade(tx: Tx) -> None:
    """Migrate to `HEAD` within the transaction: a failure half-way leaves nothing."""
    from alembic import command

    hold(tx, "upgrade")  # hubs that start together: the second finds nothing left to do
    if current(tx) == HEAD:
        return
    config = _config()
    config.attributes["connection"] = tx.connection
    command.upgrade(config, HEAD)


async def bring_up_to_date(db: Database, *, embedded: bool, allowed: bool) -> None:
    """
    Migrate the database if it is behind and that is `embedded` (one process's own) or `allowed`.

    Raises:
        NotConfigured: It is behind and may not be migrated, or was written by a newer hub.
    """
    found = await db.read(current)
    if found == HEAD:
        return
    if found is not None and found not in _revisions():
        raise NotConfigured(
            f"The database is at revision {found} and this hub knows no newer one than {HEAD}: "
            "install the newer hub that wrote it, or restore a backup from before."
        )
    if not (embedded or allowed):
        state = "empty" if found is None else f"at revision {found}"
        raise NotConfigured(
            f"The database is {state} and this hub needs revision {HEAD}: "
            "run `trunkline db upgrade`."
        )
    await db.write(upgrade)


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "trunkline.db:migrations")
    return config


def _revisions() -> set[str]:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config())
    return {script.revision for script in scripts.walk_revisions()}
