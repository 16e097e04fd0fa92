"""What the provider of a connection keeps in the database: encrypted, and for itself alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.privacy.keys import Unreadable
from trunkline.core.privacy.sealing import Seals
from trunkline.core.privacy.vault import Place
from trunkline.db.locks import hold
from trunkline.db.schema import connection_secrets
from trunkline.sdk import Clock, Database, EventLog, IdSource, Tx

MOST_BYTES: Final = 65_536
_NAME: Final = re.compile(r"[a-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSecrets:
    """
    The `Secrets` that the provider of one connection is lent.

    Each is read from the database anew, so that what another hub has put counts at once.
    """

    connection: str
    db: Database
    seals: Seals
    clock: Clock
    ids: IdSource
    log: EventLog

    async def get(self, name: str) -> str | None:
        row = await self.db.peek(lambda tx: _find(tx, self.connection, name))
        if row is None:
            return None
        try:
            return self.seals.open(_place(row.id), row.secret).decode()
        except Unreadable:
            self.log.error("secret.unreadable", connection=self.connection, name=name)
            return None

    async def put(self, name: str, value: str) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError("a secret's name has 1 to 64 of the characters a-z, 0-9, _, . and -")
        secret = value.encode()
        if len(secret) > MOST_BYTES:
            raise ValueError(f"a secret has {MOST_BYTES} bytes at most")
        now = self.clock.now()

        def fn(tx: Tx) -> None:
            hold(tx, "secret", DEFAULT_WORKSPACE, self.connection, name)
            row = _find(tx, self.connection, name)
            row_id = row.id if row else self.ids.new("row")
            values = {"secret": self.seals.seal(_place(row_id), secret), "updated_at": now}
            if row is not None:
                tx.execute(
                    sa.update(connection_secrets)
                    .where(*_of(self.connection), connection_secrets.c.name == name)
                    .values(values)
                )
                return
            tx.execute(
                sa.insert(connection_secrets).values(
                    id=row_id,
                    workspace_id=DEFAULT_WORKSPACE,
                    created_at=now,
                    connection=self.connection,
                    name=name,
                    **values,
                )
            )

        await self.db.write(fn)


def forget_secrets(tx: Tx, connection: str) -> None:
    """Delete what the provider of a connection has kept."""
    tx.execute(sa.delete(connection_secrets).where(*_of(connection)))


def _find(tx: Tx, connection: str, name: str) -> sa.Row[tuple[str, bytes]] | None:
    statement = sa.select(connection_secrets.c.id, connection_secrets.c.secret).where(
        *_of(connection), connection_secrets.c.name == name
    )
    return tx.execute(statement).first()


def _of(connection: str) -> Sequence[sa.ColumnElement[bool]]:
    return (
        connection_secrets.c.workspace_id == DEFAULT_WORKSPACE,
        connection_secrets.c.connection == connection,
    )


def _place(row_id: str) -> Place:
    return Place(
        workspace_id=DEFAULT_WORKSPACE,
        table=connection_secrets.name,
        row_id=row_id,
        column="secret",
    )
