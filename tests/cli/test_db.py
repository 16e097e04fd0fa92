"""`trunkline db`, on an SQLite file."""

from pathlib import Path

import pytest

from tests.cli.commands import Shell
from trunkline.serving import directory_lock


@pytest.mark.slow
def test_a_database_is_shown_migrated_and_checked(shell: Shell, tmp_path: Path) -> None:
    where = ("--data-dir", str(tmp_path / "data"))

    empty = shell.run("db", "current", *where)
    behind = shell.run("db", "check", *where)
    upgraded = shell.run("db", "upgrade", *where)
    again = shell.run("db", "upgrade", *where)
    current = shell.run("db", "current", *where)
    checked = shell.run("db", "check", *where)

    assert empty.stdout == "empty\n"
    assert behind.returncode == 78
    assert "trunkline db upgrade" in behind.stderr
    assert (upgraded.returncode, again.returncode, checked.returncode) == (0, 0, 0)
    assert upgraded.stdout == again.stdout
    assert current.stdout.strip() in checked.stdout


@pytest.mark.slow
def test_a_file_that_a_hub_has_open_is_left_to_it(shell: Shell, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)

    with directory_lock(data_dir):
        refused = shell.run("db", "upgrade", "--data-dir", str(data_dir))

    assert refused.returncode == 1
    assert "Another hub" in refused.stderr
    assert not (data_dir / "trunkline.db").exists()
