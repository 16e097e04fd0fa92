"""Database servers that a hub cannot use at its start: it says what to do, or waits for them."""

import asyncio
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from plugins.postgres.tests.server import Server, postgres_server, query
from tests.cli.commands import Shell
from tests.processes import TRUNKLINE, clean_environment, command, free_port, hub_process

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
PASSWORD: Final = "hunter2-Tamarind"
URL: Final = "TRUNKLINE_DATABASE__URL"
LOGIN: Final = "Correct the user, the password or sslmode in [database] url."


@dataclass(frozen=True)
class Servers:
    """A server with a migrated database and roles of all kinds, and its replica."""

    primary: Server
    replica: Server

    def url(self, role: str, database: str) -> str:
        """Return a URL with a password."""
        return self.primary.url(database).replace("postgres@/", f"{role}:{PASSWORD}@/")


def set_up(server: Server, folder: Path) -> None:
    """Make databases of all kinds, and roles who must prove themselves in several ways."""
    for name in ("migrated", "other"):
        query(server.url(), f"CREATE DATABASE {name}")
    data_dir = folder / "data"
    data_dir.mkdir()
    settings = folder / "trunkline.toml"
    settings.write_text(f'[database]\nurl = "{server.url("migrated")}"\n')
    command("db", "upgrade", data_dir=data_dir, config=settings)
    for name in ("newer", "frozen"):
        query(server.url(), f"CREATE DATABASE {name} TEMPLATE migrated")
    query(server.url("newer"), "UPDATE alembic_version SET version_num = '0099'")
    query(server.url(), "ALTER DATABASE frozen SET default_transaction_read_only = on")
    for role in ("asked", "secured", "powerless"):
        query(server.url(), f"CREATE ROLE {role} LOGIN PASSWORD 'another'")
    rules = server.home / "data" / "pg_hba.conf"
    asked = "local all asked scram-sha-256\nlocal all secured reject\n"
    rules.write_text(asked + rules.read_text())
    server.run("pg_ctl", "-D", server.home / "data", "reload")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A server and its replica, for the tests of this module."""
    with postgres_server() as primary, ExitStack() as stack:
        set_up(primary, tmp_path_factory.mktemp("servers"))
        replica = replace(primary, home=primary.home / "replica")
        replica.home.mkdir(mode=0o777)
        replica.home.chmod(0o777)
        target = ("-D", replica.home / "data", "-R", "-c", "fast", "--no-sync")
        primary.run("pg_basebackup", "-h", primary.home, "-U", "postgres", *target)
        replica.start()
        stack.callback(replica.stop, "immediate")
        yield Servers(primary, replica)


def refusal(shell: Shell, url: str, *arguments: str) -> tuple[int, str]:
    """Return the exit code and the last sentence of a command that fails; no password is in it."""
    done = shell.run(*arguments, "--data-dir", str(shell.folder / "data"), **{URL: url})
    assert not [word for word in ("Traceback", "unexpected", PASSWORD) if word in done.stderr]
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()[-1].removeprefix("Error: ")


@pytest.mark.parametrize(
    ("url_of", "step"),
    [
        pytest.param(lambda all_: all_.url("asked", "migrated"), LOGIN, id="wrong password"),
        pytest.param(lambda all_: all_.url("secured", "migrated"), LOGIN, id="not without TLS"),
        pytest.param(lambda all_: all_.url("nobody", "migrated"), LOGIN, id="no such user"),
        pytest.param(
            lambda all_: all_.url("postgres", "none"), "Create it, or correct the name", id="none"
        ),
        pytest.param(
            lambda all_: all_.primary.url("frozen"), "Point [database] url to the primary", id="ro"
        ),
        pytest.param(
            lambda all_: all_.replica.url("migrated"),
            "Point [database] url to the primary",
            id="replica",
        ),
        pytest.param(
            lambda all_: all_.primary.url("other"), "run `trunkline db upgrade`", id="empty"
        ),
        pytest.param(
            lambda all_: all_.primary.url("newer"), "install the newer hub that wrote it", id="new"
        ),
    ],
)
def test_a_hub_that_cannot_use_a_server_says_what_to_do(
    url_of: Callable[[Servers], str], step: str, servers: Servers, shell: Shell
) -> None:
    exit_code, sentence = refusal(shell, url_of(servers), "serve", "--port", "0")

    assert exit_code == 78
    assert step in sentence


@pytest.mark.parametrize("role", ["powerless"])
def test_a_role_that_may_make_no_tables_is_told_so(
    role: str, servers: Servers, shell: Shell
) -> None:
    exit_code, sentence = refusal(shell, servers.url(role, "other"), "db", "upgrade")

    assert exit_code == 1
    assert "make and use tables in its schema" in sentence


@pytest.mark.parametrize("place", ["127.0.0.1:1/hub", "nowhere.invalid/hub"])
def test_a_command_does_not_wait_for_a_server_that_is_away(place: str, shell: Shell) -> None:
    url = f"postgresql://hub:{PASSWORD}@{place}"
    exit_code, sentence = refusal(shell, url, "db", "check")

    assert exit_code == 1
    assert "Start it, or see to the network in between." in sentence


# --- servers that start later ---------------------------------------------------------------------


async def test_a_hub_waits_for_a_server_that_starts_later(tmp_path: Path) -> None:
    data_dir, config, log = tmp_path / "data", tmp_path / "trunkline.toml", tmp_path / "data.log"

    async def start_once_it_is_missed(server: Server) -> None:
        for _ in range(400):
            if log.exists() and log.read_text().count('"database.away"') >= 2:
                break
            await asyncio.sleep(0.05)
        await asyncio.to_thread(server.start)

    with postgres_server() as server:
        config.write_text(f'[database]\nurl = "{server.url()}"\n')
        command("db", "upgrade", data_dir=data_dir, config=config)
        server.stop()
        starting = asyncio.create_task(start_once_it_is_missed(server))
        serving = hub_process("serve", data_dir=data_dir, port=free_port(), config=config)
        async with serving as hub:
            await starting
            assert hub.stop() == 0

    assert log.read_text().count('"database.away"') >= 2
    assert "Traceback" not in log.read_text()


def test_a_hub_that_waits_can_be_stopped(tmp_path: Path) -> None:
    place = {URL: f"postgresql://hub:{PASSWORD}@127.0.0.1:1/hub"}
    with subprocess.Popen(
        [*TRUNKLINE, "serve", "--port", "0", "--data-dir", str(tmp_path / "data")],
        stderr=subprocess.PIPE, text=True, env={**clean_environment(), **place},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert '"database.away"' in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=10)

    assert process.returncode == 1
    assert log.splitlines()[-1] == "Stopped."
    assert not [word for word in ("Traceback", PASSWORD) if word in log]
