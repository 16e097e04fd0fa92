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
    if tx.connection.dialect.name != "postgresql":
        return
    whole = "|".join(name)
    if tx.pipeline is None or not tx.pipeline.begin_with(_literal(whole, shared=shared)):
        (_SHARE if shared else _HOLD)(tx, {"name": whole})


def _literal(name: str, *, shared: bool) -> str:
    """Return the statement with a name in it, whatever characters that has."""
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    text = f"convert_from('\\x{name.encode().hex()}', 'UTF8')"
    return f"SELECT {function}(hashtextextended({text}, 0));"
