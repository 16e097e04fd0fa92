"""The table that the tests write to."""

from collections.abc import Callable
from typing import Any

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


def run(sql: str) -> Callable[[Tx], None]:
    """An operation that runs a statement."""

    def run_sql(tx: Tx) -> None:
        tx.execute(sa.text(sql))

    return run_sql


def then(*steps: Callable[[Tx], Any]) -> Callable[[Tx], Any]:
    """One operation made of `steps`."""

    def run_steps(tx: Tx) -> Any:
        return [step(tx) for step in steps][-1]

    return run_steps
