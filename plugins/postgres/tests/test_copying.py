"""Databases are copied by the server's own programs."""

import os
import stat
from pathlib import Path

import pytest

from plugins.postgres.tests.server import Server, query
from trunkline.sdk import Database, DatabaseFailed, NotConfigured
from trunkline_postgres.copies import back_up, restore


@pytest.fixture
def _programs(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{postgres.install / 'bin'}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("_programs")
async def test_a_copy_is_restored_to_an_empty_database(
    db: Database, url: str, postgres: Server, tmp_path: Path
) -> None:
    query(url, "INSERT INTO rows (id) VALUES (1)")
    back_up(url, tmp_path / "copy")
    with postgres.database() as empty:
        restore(empty, tmp_path / "copy")
        assert query(empty, "SELECT id FROM rows") == [{"id": 1}]


@pytest.mark.usefixtures("_programs")
async def test_what_is_there_is_not_restored_over(db: Database, url: str, tmp_path: Path) -> None:
    back_up(url, tmp_path / "copy")
    query(url, "INSERT INTO rows (id) VALUES (7)")

    with pytest.raises(DatabaseFailed, match="already exists"):
        restore(url, tmp_path / "copy")

    assert query(url, "SELECT id FROM rows") == [{"id": 7}]


def test_without_the_programs_the_operator_is_told_what_to_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NotConfigured, match=r"pg_dump is not on PATH.*--format=custom"):
        back_up("postgresql://ann:secret@localhost/x", tmp_path / "copy")
    with pytest.raises(NotConfigured, match="pg_restore is not on PATH"):
        restore("postgresql://ann:secret@localhost/x", tmp_path / "copy")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:se%2Fcret@db.example/x?sslmode=require",
        "postgresql://ann@db.example/x?sslmode=require&password=se%2Fcret",
    ],
)
def test_the_password_does_not_stand_in_the_list_of_processes(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@" "/$PGPASSWORD/" > {tmp_path / "told"}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    back_up(url, tmp_path / "copy")

    told = (tmp_path / "told").read_text()
    assert told.startswith("--dbname=postgresql://ann@db.example/x?sslmode=require ")
    assert told.endswith("/se/cret/\n")
