"""
The root keys of a database, in its own rows: each sealed under a master key.

A master key seals nothing else, so another takes its place by sealing a few rows anew. All SQL of
the roots is here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trunkline.core.engine.marks import find_mark
from trunkline.core.principal import DEFAULT_WORKSPACE
from trunkline.core.privacy.keys import KEY_BYTES, NONCE_BYTES, Keys, decrypt, derive, fingerprint
from trunkline.core.privacy.masters import Masters
from trunkline.db.locks import hold
from trunkline.db.schema import root_keys
from trunkline.sdk import Clock, Database, IdSource, NotConfigured, Tx

_LABEL: Final = "trunkline/v1/roots"
_FORM: Final = b"\x01"
_MARK: Final = "master_key"
"""Whose database it was before there were roots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """
    A root key as it is stored.

    Attributes:
        master_mark: The fingerprint of the master key that it is sealed under.
        seals_from: When hubs began to seal with it; None while some may not know it.
        settled_at: When nothing was left under an older one.
    """

    id: str
    number: int
    master_mark: str
    sealed: bytes
    created_at: datetime
    seals_from: datetime | None
    settled_at: datetime | None

    def open(self, masters: Mapping[str, bytes]) -> bytes | None:
        """Return the key, or None without the master key that it is under."""
        master = masters.get(self.master_mark)
        if master is None:
            return None
        return decrypt(AESGCM(derive(master, _LABEL)), self.sealed, _bind(self.id))


async def open_keys(db: Database, masters: Masters, clock: Clock, ids: IdSource) -> Keys:
    """
    Return the keys of a database; a new one gets its first root.

    Raises:
        NotConfigured: It needs a master key that this hub does not have.
    """
    masters.first_start()
    known, row_id, now = masters.by_mark(), ids.new("row"), clock.now()
    fresh, nonce = ids.secret(KEY_BYTES), ids.secret(NONCE_BYTES)

    def fn(tx: Tx) -> list[Root]:
        hold(tx, "root_keys")
        found = read_roots(tx)
        if found:
            return found
        mark = find_mark(tx, DEFAULT_WORKSPACE, _MARK)
        if mark is None:
            add_root(tx, row_id, 1, fresh, next(iter(known.values())), nonce, now, seals=True)
        elif mark in known:  # all of it was derived from the master key itself
            add_root(tx, row_id, 1, known[mark], known[mark], nonce, now, seals=True)
        return read_roots(tx)

    roots = await db.read(read_roots) or await db.write(fn)
    opened = {root.number: root.open(known) for root in roots}
    first = opened.pop(1, None)
    if first is None or None in opened.values():
        raise NotConfigured(
            "The database was written with another master key. Every hub on it needs the same: "
            "after `trunkline keys rotate`, and for a backup, the one of that time. Put its line "
            "into master.key in the data directory, or give it in CREDENTIALS_ENCRYPTION_KEY."
        )
    keys = Keys(first)
    for number, root in opened.items():
        if root is not None:
            keys.learn(number, root)
    keys.seals_with = sealing_number(roots)
    return keys


def sealing_number(roots: list[Root]) -> int:
    """Return the number of the root that hubs seal with."""
    return max(root.number for root in roots if root.seals_from is not None)


def read_roots(tx: Tx) -> list[Root]:
    """Return every root, the oldest first."""
    rows = tx.execute(
        sa.select(root_keys)
        .where(root_keys.c.workspace_id == DEFAULT_WORKSPACE)
        .order_by(root_keys.c.number)
    )
    return [
        Root(
            id=row.id,
            number=row.number,
            master_mark=row.master_mark,
            sealed=row.wrapped_key,
            created_at=row.created_at,
            seals_from=row.seals_from,
            settled_at=row.settled_at,
        )
        for row in rows
    ]


def add_root(
    tx: Tx,
    row_id: str,
    number: int,
    root: bytes,
    master: bytes,
    nonce: bytes,
    now: datetime,
    *,
    seals: bool,
) -> None:
    """Store a root under a master key; unless it `seals`, nothing does yet."""
    tx.execute(
        sa.insert(root_keys).values(
            id=row_id,
            workspace_id=DEFAULT_WORKSPACE,
            created_at=now,
            number=number,
            master_mark=fingerprint(master),
            wrapped_key=_seal(row_id, root, master, nonce),
            seals_from=now if seals else None,
            settled_at=now if seals else None,
        )
    )


def seal_anew(tx: Tx, root: Root, key: bytes, master: bytes, nonce: bytes) -> None:
    """Put a root under another master key."""
    tx.execute(
        sa.update(root_keys)
        .where(root_keys.c.id == root.id)
        .values(
            wrapped_key=_seal(root.id, key, master, nonce),
            master_mark=fingerprint(master),
        )
    )


def set_root(tx: Tx, root_id: str, **times: datetime) -> None:
    """Note that a root seals, or that it is settled."""
    tx.execute(sa.update(root_keys).where(root_keys.c.id == root_id).values(**times))


def _seal(row_id: str, root: bytes, master: bytes, nonce: bytes) -> bytes:
    cipher = AESGCM(derive(master, _LABEL))
    return _FORM + nonce + cipher.encrypt(nonce, root, _bind(row_id))


def _bind(row_id: str) -> bytes:
    return f"{DEFAULT_WORKSPACE}|root_keys|{row_id}|wrapped_key".encode()
