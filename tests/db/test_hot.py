"""A hot statement does what SQLAlchemy does with the same statement, and refuses the rest."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import registry

from trunkline.db.hot import Hot
from trunkline.db.types import UtcTime
from trunkline.sdk import Database, Tx

pytestmark = pytest.mark.both(slow=True)

metadata = sa.MetaData()
things = sa.Table(
    "things",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcTime),
    sa.Column("ok", sa.Boolean, nullable=False),
    sa.Column("blob", sa.LargeBinary),
    sa.Column("amount", sa.Integer, nullable=False),
)
defaults = sa.Table("defaults", metadata, sa.Column("id", sa.Integer, default=lambda: 7))

NOON = datetime(2026, 11, 21, 12, 0, 0, 250, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {"id": 1, "at": NOON, "ok": True, "blob": b"\0x", "amount": 5},
    {
        "id": 2,
        "at": NOON.astimezone(timezone(timedelta(hours=-5))) + timedelta(hours=1),
        "ok": False,
        "blob": None,
        "amount": 6,
    },
    {"id": 3, "at": None, "ok": True, "blob": b"", "amount": 7},
]
SELECTS: list[tuple[sa.Select[*tuple[Any, ...]], dict[str, Any]]] = [
    (sa.select(things).where(things.c.id == sa.bindparam("id")), {"id": 1}),
    (sa.select(things).where(things.c.id == sa.bindparam("id")), {"id": 99}),
    (sa.select(things).order_by(things.c.id.desc()).limit(sa.bindparam("limit")), {"limit": 2}),
    (sa.select(things.c.id).where(things.c.at > sa.bindparam("since")), {"since": NOON}),
    (sa.select(things.c.at.label("moment"), things.c.ok.label("fine")), {}),
    (sa.select(things.c.id).where(things.c.ok.is_(True), things.c.amount > 5), {}),
    (sa.select(sa.func.count(), sa.func.max(things.c.at), sa.literal("x")), {}),
    (
        sa.select(things.c.id).where(
            (things.c.id == sa.bindparam("n")) | (things.c.amount == sa.bindparam("n"))
        ),
        {"n": 2},
    ),
]


def by_core(tx: Tx, statement: sa.Executable, values: Any = None) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(statement, values)]


def everything(tx: Tx) -> list[tuple[Any, ...]]:
    return by_core(tx, sa.select(things).order_by(things.c.id))


@pytest.fixture
async def filled(db: Database) -> Database:
    """A database whose table `things` holds `ROWS`."""

    def fill(tx: Tx) -> None:
        metadata.create_all(tx.connection)
        tx.execute(sa.insert(things), ROWS)

    await db.write(fill)
    return db


async def test_an_insert_stores_what_core_stores(filled: Database) -> None:
    hot = Hot(sa.insert(things))

    def insert(tx: Tx) -> list[Any]:
        stored = everything(tx)
        tx.execute(sa.delete(things))
        assert [hot.rowcount(tx, row) for row in ROWS] == [1, 1, 1]
        return [stored, everything(tx)]

    by_core_, by_hot = await filled.write(insert)
    assert by_hot == by_core_
    assert by_hot[1][1] == NOON + timedelta(hours=1)


@pytest.mark.parametrize(("statement", "values"), SELECTS, ids=range(len(SELECTS)))
async def test_a_select_returns_what_core_returns(
    filled: Database, statement: sa.Select[*tuple[Any, ...]], values: dict[str, Any]
) -> None:
    hot = Hot(statement)
    expected = await filled.read(lambda tx: by_core(tx, statement, values))
    for _ in range(2):  # compiled anew, then from its store
        found = await filled.read(lambda tx: hot(tx, values))
        assert found == expected
        assert [type(value) for row in found for value in row] == [
            type(value) for row in expected for value in row
        ]


async def test_an_update_counts_the_rows_it_matched(filled: Database) -> None:
    hot = Hot(
        sa.update(things)
        .where(things.c.amount > sa.bindparam("above"))
        .values(at=sa.bindparam("now"), amount=things.c.amount + 1)
    )
    counts = await filled.write(
        lambda tx: [hot.rowcount(tx, {"above": above, "now": NOON}) for above in (5, 100)]
    )
    assert counts == [2, 0]
    assert [(row[1], row[4]) for row in await filled.read(everything)][1:] == [(NOON, 7), (NOON, 8)]


async def test_returning_gives_converted_rows(filled: Database) -> None:
    hot = Hot(sa.delete(things).where(things.c.id == sa.bindparam("id")).returning(things.c.at))
    assert await filled.write(lambda tx: hot(tx, {"id": 1})) == [(NOON,)]


async def test_an_insert_of_some_columns_leaves_the_others_empty(filled: Database) -> None:
    hot = Hot(sa.insert(things), columns=("id", "ok", "amount"))
    await filled.write(lambda tx: hot.rowcount(tx, {"id": 4, "ok": True, "amount": 0}))
    assert (await filled.read(everything))[3] == (4, None, True, None, 0)


async def test_a_missing_value_is_named(filled: Database) -> None:
    hot = Hot(sa.insert(things))
    with pytest.raises(KeyError, match="amount"):
        await filled.write(lambda tx: hot.rowcount(tx, {"id": 4, "at": None, "ok": 1, "blob": b""}))


async def test_a_wrong_value_is_refused_as_by_core(filled: Database) -> None:
    naive = ROWS[0] | {"id": 4, "at": datetime(2026, 1, 1)}  # noqa: DTZ001  that is the point
    with pytest.raises(ValueError, match="without a zone"):
        await filled.write(lambda tx: Hot(sa.insert(things)).rowcount(tx, naive))


async def test_an_error_is_sqlalchemys_and_shows_no_value(filled: Database) -> None:
    twin = ROWS[0] | {"blob": b"+12025550123"}
    with pytest.raises(sa.exc.IntegrityError) as by_hot:
        await filled.write(lambda tx: Hot(sa.insert(things)).rowcount(tx, twin))
    with pytest.raises(sa.exc.IntegrityError) as core:
        await filled.write(lambda tx: tx.execute(sa.insert(things), twin).rowcount)
    assert str(by_hot.value) == str(core.value)
    assert "+12025550123" not in str(by_hot.value)


async def test_what_it_cannot_do_is_refused_at_first_use(filled: Database) -> None:
    in_list = Hot(sa.select(things).where(things.c.id.in_(sa.bindparam("ids", expanding=True))))
    with pytest.raises(TypeError, match="expand a list"):
        await filled.read(lambda tx: in_list(tx, {"ids": [1]}))
    with_default = Hot(sa.insert(defaults), columns=())
    with pytest.raises(TypeError, match="Python defaults"):
        await filled.write(lambda tx: with_default.rowcount(tx, {}))


def test_other_drivers_get_their_own_placeholders_and_types() -> None:
    hot = Hot(sa.select(things.c.id).where(things.c.at > sa.bindparam("since")).limit(3))
    values = {"since": NOON.astimezone(timezone(timedelta(hours=2)))}

    named = hot._prepare(registry.load("postgresql.psycopg")())
    assert "%(since)s" in named.sql
    assert named.arguments(values) == {"since": NOON, "param_1": 3}

    numbered = hot._prepare(registry.load("postgresql.asyncpg")())
    assert "$1" in numbered.sql
    assert numbered.arguments(values) == (NOON, 3)
