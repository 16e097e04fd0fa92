"""What is refused when a database is opened, and that the operator is told what to do."""

import os
import subprocess
import sys
import traceback

import pytest

from plugins.postgres.tests.server import Server, query
from plugins.postgres.tests.table import create_rows
from plugins.postgres.tests.wire import Wire
from trunkline.sdk import Database, DatabaseContext, DatabaseFailed, NotConfigured
from trunkline_postgres.database import open_database

PASSWORD = "hunter2"


@pytest.fixture(scope="module")
def guarded(postgres: Server) -> str:
    """A user who must give a password, unlike the others."""
    name = f"guarded_{os.getpid()}"
    query(postgres.url(), f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    return name


async def refusal(url: str, context: DatabaseContext) -> Exception:
    """Return the error that opening `url` ends in; it says nothing of a password."""
    with pytest.raises((NotConfigured, DatabaseFailed)) as refused:
        async with open_database(url, context):
            pass
    assert PASSWORD not in "".join(traceback.format_exception(refused.value))
    return refused.value


def user(url: str, name: str, password: str = "") -> str:
    """Return `url` for another user."""
    return url.replace("postgres@/", f"{name}:{password}@/" if password else f"{name}@/")


async def test_the_server_knows_the_hubs_connections_by_name(
    db: Database, postgres: Server
) -> None:
    named = query(
        postgres.url(), "SELECT 1 FROM pg_stat_activity WHERE application_name = 'trunkline'"
    )
    assert named


async def test_a_password_in_the_url_is_used_and_a_wrong_one_is_refused(
    url: str, guarded: str, context: DatabaseContext
) -> None:
    async with open_database(user(url, guarded, PASSWORD), context):
        pass
    error = await refusal(user(url, guarded, f"{PASSWORD}x"), context)
    assert isinstance(error, NotConfigured)
    assert "Correct the user, the password" in str(error)


async def test_an_unknown_user_is_refused(url: str, context: DatabaseContext) -> None:
    error = await refusal(user(url, "nobody", PASSWORD), context)
    assert isinstance(error, NotConfigured)
    assert "Correct the user, the password" in str(error)


async def test_a_missing_database_is_refused(postgres: Server, context: DatabaseContext) -> None:
    error = await refusal(postgres.url("none"), context)
    assert isinstance(error, NotConfigured)
    assert "Create it, or correct the name" in str(error)


async def test_a_server_that_takes_no_writes_is_refused(
    url: str, postgres: Server, context: DatabaseContext
) -> None:
    name = url.partition("@/")[2].partition("?")[0]
    query(postgres.url(), f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    error = await refusal(url, context)
    assert isinstance(error, NotConfigured)
    assert "Point [database] url to the primary" in str(error)


async def test_a_user_who_may_not_connect_is_refused(
    url: str, postgres: Server, context: DatabaseContext
) -> None:
    name = url.partition("@/")[2].partition("?")[0]
    query(postgres.url(), f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    query(postgres.url(), "CREATE ROLE stranger LOGIN")
    error = await refusal(user(url, "stranger"), context)
    assert isinstance(error, NotConfigured)
    assert "lacks a permission" in str(error)


async def test_a_user_who_may_make_no_tables_is_told_so_when_it_tries(
    url: str, postgres: Server, context: DatabaseContext
) -> None:
    query(postgres.url(), "CREATE ROLE reader LOGIN")
    async with open_database(user(url, "reader"), context) as db:
        with pytest.raises(DatabaseFailed, match="make and use tables in its schema"):
            await db.write(create_rows)


async def test_a_server_without_connections_left_may_have_some_later(
    url: str, postgres: Server, context: DatabaseContext
) -> None:
    query(postgres.url(), "CREATE ROLE few LOGIN CONNECTION LIMIT 1")
    error = await refusal(user(url, "few"), context)
    assert isinstance(error, DatabaseFailed)
    assert "no connection left" in str(error)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://hub:{PASSWORD}@127.0.0.1:1/trunkline",
        f"postgresql://hub:{PASSWORD}@/trunkline?host=/nowhere",
        f"postgresql://hub:{PASSWORD}@nowhere.invalid/trunkline",
    ],
)
async def test_a_server_that_is_not_there_may_be_there_later(
    url: str, context: DatabaseContext
) -> None:
    error = await refusal(url, context)
    assert isinstance(error, DatabaseFailed)
    assert "does not answer" in str(error)
    assert "Start it" in str(error)


@pytest.mark.parametrize(
    ("parameter", "says"),
    [
        ("&pgbouncer=true", 'unrecognized configuration parameter "pgbouncer"'),
        ("&channel_binding=require", "remove channel_binding"),
        ("&sslmode=perhaps", "`sslmode` parameter must be one of"),
        ("&sslmode", "cannot be read"),
        ("#fragment", "cannot be read"),
    ],
)
async def test_a_parameter_that_will_not_do_is_named(
    url: str, parameter: str, says: str, context: DatabaseContext
) -> None:
    error = await refusal(url + parameter, context)
    assert isinstance(error, NotConfigured)
    assert says in str(error)


@pytest.mark.parametrize("special", "/@#?[")
async def test_a_password_with_a_bare_special_character_is_explained_and_not_shown(
    special: str, context: DatabaseContext
) -> None:
    url = f"postgresql://hub:{special}{PASSWORD}@127.0.0.1:1/trunkline"
    error = await refusal(url, context)
    assert isinstance(error, NotConfigured)
    assert "/ as %2F" in str(error)


async def test_tls_is_demanded_of_a_server_that_has_none(
    url: str, postgres: Server, context: DatabaseContext
) -> None:
    async with Wire(postgres).laid() as wire:
        error = await refusal(f"{wire.url(url)}?sslmode=require", context)
    assert isinstance(error, NotConfigured)
    assert "offers no TLS" in str(error)


def test_the_entry_point_imports_nothing_heavy() -> None:
    code = (
        "import sys, trunkline_postgres.plugin as p; p.trunkline_register_database();"
        "sys.exit('sqlalchemy' in sys.modules or 'asyncpg' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
