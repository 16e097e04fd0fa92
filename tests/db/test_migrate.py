"""A database arrives at this hub's tables by migration, wholly or not at all."""

import asyncio
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from trunkline.core.agents.repository import list_agents
from trunkline.core.compliance.repository import suppressed
from trunkline.core.templates.models import ProviderTemplate, Template, TemplateText
from trunkline.core.templates.repository import find_template, put_template
from trunkline.db import migrate
from trunkline.db.migrate import HEAD, bring_up_to_date, current, upgrade
from trunkline.db.schema import messages, metadata
from trunkline.db.types import UtcTime
from trunkline.sdk import Database, NotConfigured, Tx

OLD_MESSAGE = {
    **dict.fromkeys(("id", "workspace_id", "agent_id", "channel", "direction"), "x"),
    **dict.fromkeys(("from_address", "to_address", "body_state", "connection", "provider"), "x"),
    **dict.fromkeys(("created_at", "updated_at"), datetime(2026, 11, 21, tzinfo=UTC)),
    "status": "sent",
    "cost_final": False,
}


def tables(tx: Tx) -> list[str]:
    return sa.inspect(tx.connection).get_table_names()


def at_revision(revision: str) -> Callable[[Tx], None]:
    """An operation that lets the database say that it is at `revision`."""

    def pretend(tx: Tx) -> None:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": revision})

    return pretend


def definitions(tx: Tx) -> set[str]:
    """The SQL of every table and index, as the database keeps it."""
    found = tx.execute(
        sa.text(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name != 'alembic_version'"
        )
    )
    # SQLite quotes the name of a table that a migration had to copy.
    return {" ".join(sql.replace('"', "").split()) for sql in found.scalars()}


def test_the_head_is_the_newest_script() -> None:
    scripts = ScriptDirectory.from_config(migrate._config())
    assert scripts.get_heads() == [HEAD]


async def test_migrating_makes_exactly_the_tables_of_the_schema(db: Database) -> None:
    def differences(tx: Tx) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(tx.connection), metadata))

    await db.write(upgrade)
    assert await db.read(differences, heavy=True) == []


@pytest.mark.sqlite
async def test_migrated_tables_are_defined_word_for_word_as_in_the_schema(db: Database) -> None:
    await db.write(upgrade)
    migrated = await db.read(definitions)

    def made_anew(tx: Tx) -> set[str]:
        metadata.drop_all(tx.connection)
        metadata.create_all(tx.connection)
        return definitions(tx)

    assert migrated == await db.write(made_anew)


async def test_a_new_database_is_migrated_and_knows_its_revision(db: Database) -> None:
    assert await db.read(current) is None
    await bring_up_to_date(db, embedded=True, allowed=False)
    assert await db.read(current) == HEAD
    await bring_up_to_date(db, embedded=True, allowed=False)  # again: nothing to do


async def test_a_server_database_is_migrated_only_when_that_is_allowed(db: Database) -> None:
    with pytest.raises(NotConfigured, match=r"is empty .* run `trunkline db upgrade`"):
        await bring_up_to_date(db, embedded=False, allowed=False)
    assert await db.read(tables) == []
    await bring_up_to_date(db, embedded=False, allowed=True)
    assert await db.read(current) == HEAD


async def test_an_older_server_database_is_named_with_its_revision(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.write(upgrade)
    monkeypatch.setattr(migrate, "HEAD", "0099")
    with pytest.raises(NotConfigured, match=f"at revision {HEAD} and this hub needs revision 0099"):
        await bring_up_to_date(db, embedded=False, allowed=False)


async def test_the_database_of_a_newer_hub_is_left_alone(db: Database) -> None:
    await db.write(upgrade)
    await db.write(at_revision("0099"))
    with pytest.raises(NotConfigured, match=f"revision 0099 .*{HEAD}: install the newer hub"):
        await bring_up_to_date(db, embedded=True, allowed=True)
    assert await db.read(current) == "0099"


async def test_messages_from_before_have_no_media_and_one_attempt(db: Database) -> None:
    def older(tx: Tx) -> None:
        config = migrate._config()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0001")
        tx.execute(sa.insert(messages).values(OLD_MESSAGE))

    await db.write(older)
    await bring_up_to_date(db, embedded=True, allowed=False)
    columns = sa.select(messages.c.media_count, messages.c.attempts, messages.c.deadline_at)
    found = await db.read(lambda tx: [tuple(row) for row in tx.execute(columns)])
    assert found == [(0, 1, None)]


@pytest.mark.both
async def test_messages_from_before_templates_are_there_and_templates_can_be_written(
    db: Database,
) -> None:
    def older(tx: Tx) -> None:
        config = migrate._config()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0008")
        tx.execute(sa.insert(messages).values(OLD_MESSAGE))

    def template(tx: Tx) -> object:
        written = Template(
            id="hello",
            variables=("name",),
            language="en",
            texts=(TemplateText(language="en", body="Hi {{name}}."),),
            provider_templates=(
                ProviderTemplate(
                    connection="a", language="en", provider_id="HX1", values=(("1", "name"),)
                ),
            ),
        )
        at = datetime(2026, 11, 30, tzinfo=UTC)
        assert put_template(tx, "x", "row_1", written, at, most=1)
        assert put_template(tx, "x", "row_2", written, at, most=1)
        assert not put_template(tx, "x", "row_3", replace(written, id="other"), at, most=1)
        return find_template(tx, "x", "hello") == replace(written, updated_at=at)

    await db.write(older)
    await bring_up_to_date(db, embedded=False, allowed=True)
    assert await db.read(lambda tx: tx.execute(sa.select(messages.c.status)).scalar()) == "sent"
    assert await db.write(template)


@pytest.mark.both
async def test_an_agent_keeps_its_connection_from_when_only_texts_had_one(db: Database) -> None:
    def older(tx: Tx) -> None:
        config = migrate._config()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0009")
        for number, telephony in (("1", "'acme'"), ("2", "NULL")):
            tx.execute(
                sa.text(
                    "INSERT INTO agent_channels (id, workspace_id, created_at, agent_id, telephony,"
                    " status, provisioned_at, updated_at) VALUES (:id, 'x', :at, :id, "
                    f"{telephony}, 'active', :at, :at)"
                ).bindparams(sa.bindparam("at", type_=UtcTime)),
                {"id": number, "at": datetime(2026, 11, 30, tzinfo=UTC)},
            )

    await db.write(older)
    await bring_up_to_date(db, embedded=False, allowed=True)
    found = await db.read(lambda tx: list_agents(tx, "x"))
    assert [dict(each.connections) for each in found] == [{"telephony": "acme"}, {}]


async def test_a_migration_that_fails_half_way_leaves_nothing(db: Database) -> None:
    await db.write(lambda tx: metadata.tables["body_keeps"].create(tx.connection))
    with pytest.raises(sa.exc.DBAPIError, match=r"body_keeps\W* already exists"):
        await bring_up_to_date(db, embedded=True, allowed=False)
    assert await db.read(tables) == ["body_keeps"]
    await db.write(lambda tx: metadata.tables["body_keeps"].drop(tx.connection))
    await bring_up_to_date(db, embedded=True, allowed=False)
    assert await db.read(current) == HEAD


@pytest.mark.sqlite
async def test_alembic_is_not_imported_for_a_database_that_is_up_to_date(
    db: Database, tmp_path: Path
) -> None:
    await db.write(upgrade)
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tmp_path.glob("trunkline.db*"):
        shutil.copy(file, copy)  # nobody opens a file that another holds
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START, str(copy), stdout=asyncio.subprocess.PIPE
    )
    answer, _ = await child.communicate()
    assert answer == b"alembic imported: False\n"


START = """
import asyncio, sys
from pathlib import Path
from types import SimpleNamespace
from trunkline.db.migrate import bring_up_to_date
from trunkline.sdk import DatabaseContext, SystemClock
from trunkline_sqlite.database import open_database

async def main():
    here, silent = Path(sys.argv[1]), SimpleNamespace()
    context = DatabaseContext(data_dir=here, clock=SystemClock(), log=silent)
    async with open_database("sqlite:///trunkline.db", context) as db:
        await bring_up_to_date(db, embedded=True, allowed=False)
    print("alembic imported:", "alembic" in sys.modules)

asyncio.run(main())
"""


@pytest.mark.both
async def test_a_number_that_was_closed_stays_so_for_every_sender(db: Database) -> None:
    def before(tx: Tx) -> None:
        config = migrate._config()
        config.attributes["connection"] = tx.connection
        command.upgrade(config, "0003")
        tx.execute(
            sa.text(
                "INSERT INTO suppressions (id, workspace_id, created_at, address, source) "
                "VALUES ('row_1', 'default', CURRENT_TIMESTAMP, '+12025550150', 'stop')"
            )
        )

    await db.write(before)
    await db.write(upgrade)

    assert await db.read(suppressed("default", "+12025550150", "+12025550101", "").ask)
