"""The table that the tests write to."""

from collections.abc import Callable

import sqlalchemy as sa

from trunkline.sdk import Tx

rows = sa.table("rows", sa.column("id", sa.Integer), sa.column("word", sa.Text))


def create_rows(tx: Tx) -> None:
    tx.execute(sa.text("CREATE TABLE rows (id INTEGER PRIMARY KEY, word TEXT)"))


def insert(number: int, word: str = "") -> Callable[[Tx], int]:
    """An operation that stores one row, tells the topic `rows`, and returns the row's id."""

    def insert_row(tx: Tx) -> int:
        tx.execute(sa.insert(rows), {"id": number, "word": word})
        tx.notify("rows", str(number))
        return number

    return insert_row


def ids(tx: Tx) -> list[int]:
    """Every id of `rows`, in order."""
    return list(tx.execute(sa.select(rows.c.id).order_by(rows.c.id)).scalars())
