"""A process that stores rows until it is killed: ``acknowledging.py DIR FIRST``, ids on stdout."""

import asyncio
import itertools
import os
import sys
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from trunkline.sdk import DatabaseContext, SystemClock, Tx
from trunkline_sqlite.database import open_database


class NoLog:
    def info(self, event: str, **facts: object) -> None: ...

    warning = error = info


async def main(data_dir: str, first: str) -> None:
    context = DatabaseContext(data_dir=Path(data_dir), clock=SystemClock(), log=NoLog())
    numbers = itertools.count(int(first))
    async with open_database("sqlite:///trunkline.db", context) as db:
        await db.write(create)

        async def acknowledge() -> None:
            for number in numbers:
                await db.write(partial(store, number))
                os.write(1, b"%d\n" % number)

        await asyncio.gather(*(acknowledge() for _ in range(16)))


def create(tx: Tx) -> None:
    tx.execute(sa.text("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, word TEXT)"))


def store(number: int, tx: Tx) -> None:
    tx.execute(sa.text("INSERT INTO rows VALUES (:id, 'half')"), {"id": number})
    tx.execute(sa.text("UPDATE rows SET word = 'whole' WHERE id = :id"), {"id": number})


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
