"""A database with a million messages: written in bulk, as the hub would have written them."""

import asyncio
import random
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg
import sqlalchemy as sa

from bench.traffic import PHONE, body_of, recipient_of
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.privacy.vault import BodyVault, Place
from trunkline.db.schema import agent_addresses, agent_channels, messages
from trunkline.sdk import Database, Tx

AGENTS: Final = 200
HELD: Final = 10_000
"""So many of the newest messages still have their text."""

_FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)
_APART: Final = timedelta(seconds=20)
_BATCH: Final = 100

Row = tuple[Any, ...]


def agent_of(number: int) -> str:
    """Return the id of an agent."""
    return f"agent-{number}"


def made_at(number: int) -> datetime:
    """Return when message `number` was made."""
    return _FIRST + number * _APART


def id_of(number: int) -> str:
    """Return the id of message `number`, which begins with its time, as all do."""
    return f"msg_{int(made_at(number).timestamp() * 1000):012x}7000{number:016x}"


async def add_agents(db: Database) -> None:
    """Store the agents."""
    rows = [
        {
            "id": f"row_{number:032x}",
            "workspace_id": DEFAULT_WORKSPACE,
            "created_at": _FIRST,
            "agent_id": agent_of(number),
            "status": "active",
            "provisioned_at": _FIRST,
            "updated_at": _FIRST,
        }
        for number in range(AGENTS)
    ]

    addresses = [
        {
            "id": row["id"],
            "workspace_id": DEFAULT_WORKSPACE,
            "created_at": _FIRST,
            "agent_id": row["agent_id"],
            "channel": "sms",
            "address": f"+1415555{number:04d}",
        }
        for number, row in enumerate(rows)
    ]

    def fn(tx: Tx) -> None:
        tx.execute(sa.insert(agent_channels), rows)
        tx.execute(sa.insert(agent_addresses), addresses)

    await db.write(fn)


async def add_messages(url: str, data_dir: Path, size: int) -> None:
    """Store the messages, past the hub: in one transaction, by the fastest way there is."""
    names = [column.name for column in messages.c]
    if url.startswith("sqlite"):
        await asyncio.to_thread(_into_sqlite, data_dir / "trunkline.db", names, size)
        return
    connection = await asyncpg.connect(url)
    try:
        rows = _rows(names, size, lambda at: at)
        await connection.copy_records_to_table("messages", records=rows, columns=names)
        await connection.execute("VACUUM ANALYZE messages")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def hold_bodies(db: Database, vault: BodyVault, size: int) -> None:
    """Put the texts of the newest messages into the vault."""
    newest = range(max(0, size - HELD), size)
    for begin in range(newest.start, newest.stop, _BATCH):
        batch = range(begin, min(begin + _BATCH, newest.stop))
        await db.write(partial(_hold, vault=vault, numbers=batch))


def _hold(tx: Tx, vault: BodyVault, numbers: Sequence[int]) -> None:
    for number in numbers:
        place = Place(workspace_id=DEFAULT_WORKSPACE, table=messages.name, row_id=id_of(number))
        vault.hold(tx, place, recipient_of(number), body_of(number))


def _into_sqlite(path: Path, names: list[str], size: int) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-256000")
        marks = ", ".join("?" * len(names))
        into = f"INSERT INTO messages ({', '.join(names)}) VALUES ({marks})"  # noqa: S608
        connection.executemany(into, _rows(names, size, _as_text))
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _rows(names: list[str], size: int, time: Any) -> Iterator[Row]:
    """Yield the rows, agents at random: the first has one message in forty."""
    chosen = random.Random(7)  # noqa: S311 - the same rows in every run
    unset = dict.fromkeys(names)
    for number in range(size):
        agent = 0 if chosen.random() < 0.02 else chosen.randrange(AGENTS)
        outbound = chosen.random() < 0.7
        person, at = recipient_of(number), time(made_at(number))
        row = {
            **unset,
            "automatic": False,
            "simulated": False,
            "hops": 0,
            "duplicated": False,
            "duplicate_of": None,
            "content_form": 0,
            "id": id_of(number),
            "workspace_id": DEFAULT_WORKSPACE,
            "created_at": at,
            "updated_at": at,
            "agent_id": agent_of(agent),
            "channel": "sms",
            "direction": "outbound" if outbound else "inbound",
            "from_address": PHONE if outbound else person,
            "to_address": person if outbound else PHONE,
            "body_state": "held" if number >= size - HELD else "shredded",
            "connection": "twilio",
            "provider": "twilio",
            "external_id": f"SM{chosen.getrandbits(128):032x}",
            "status": "sent" if outbound else "received",
            "segments": 1 if outbound else None,
            "cost_final": False,
            "acknowledged_at": None if outbound else at,
            "media_count": 0,
            "attempts": 1 if outbound else 0,
        }
        yield tuple(row.values())


def _as_text(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
