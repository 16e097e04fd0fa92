"""Locks by name, for what no row stands for yet."""

from typing import Final

import sqlalchemy as sa

from trunkline.db.hot import Hot
from trunkline.sdk import Tx

_NUMBER: Final = sa.func.hashtextextended(sa.bindparam("name"), 0)
_HOLD: Final = Hot(sa.select(sa.func.pg_advisory_xact_lock(_NUMBER)))
_SHARE: Final = Hot(sa.select(sa.func.pg_advisory_xact_lock_shared(_NUMBER)))


def hold(tx: Tx, *name: str, shared: bool = False) -> None:
    """
    Wait until no other transaction holds `name`, and hold it until this one ends.

    Who waited sees what the others committed. Those that only share it do not wait for one another.
    An embedded database has one writer at a time, so nobody is there to wait for.
    """
    if tx.connection.dialect.name == "postgresql":
        (_SHARE if shared else _HOLD)(tx, {"name": "|".join(name)})
