"""Files that a hub cannot use at its start: a sentence says what to do, and an exit code."""

import ctypes
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.disks import fill, small_disk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes"),
]
AS_ROOT: Final = sys.platform == "linux" and os.geteuid() == 0
_DROP_FROM_BOUND: Final = 24  # PR_CAPBSET_DROP, prctl(2)
_OVERRIDES: Final = (1, 2)  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, capabilities(7)


@dataclass(frozen=True)
class Operator:
    """Somebody whom file modes bind, with a data directory below `home`."""

    home: Path

    @property
    def file(self) -> Path:
        """The database."""
        return self.home / "data" / "trunkline.db"

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "trunkline", *arguments, "--data-dir", str(self.file.parent)],
            check=False, capture_output=True, text=True, timeout=30, cwd=self.home,
            env={"HOME": str(self.home), "PATH": os.environ["PATH"], **environ},
            preexec_fn=_obey_modes if AS_ROOT else None,
        )  # fmt: skip


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data directory that a hub has used."""
    home = Path(tempfile.mkdtemp(prefix="files-", dir="/tmp"))
    try:
        used = Operator(home).run("tokens", "issue", "--admin")
        assert used.returncode == 0, used.stderr
        yield home / "data"
    finally:
        shutil.rmtree(home)


@pytest.fixture
def operator(made: Path) -> Iterator[Operator]:
    """An operator with a copy of that directory."""
    home = Path(tempfile.mkdtemp(prefix="files-", dir="/tmp"))
    try:
        shutil.copytree(made, home / "data")
        yield Operator(home)
    finally:
        for folder in (home, *home.glob("data")):
            folder.chmod(0o700)
        shutil.rmtree(home)


def _obey_modes() -> None:
    """Let root's next program be bound by file modes as anybody is."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in _OVERRIDES:
        if libc.prctl(_DROP_FROM_BOUND, capability, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "the capability stays")


def refusal(operator: Operator) -> tuple[int, str]:
    """Return the exit code and the last sentence of a hub that does not start."""
    done = operator.run("serve", "--port", "0")
    assert "Traceback" not in done.stderr
    assert "unexpected" not in done.stderr
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()[-1].removeprefix("Error: ")


# --- what is wrong --------------------------------------------------------------------------------


def read_only_file(operator: Operator) -> None:
    operator.file.chmod(0o400)


def unreadable_file(operator: Operator) -> None:
    operator.file.chmod(0)


def read_only_folder(operator: Operator) -> None:
    operator.file.parent.chmod(0o500)


def read_only_home(operator: Operator) -> None:
    shutil.rmtree(operator.file.parent)
    operator.home.chmod(0o500)


def unused_read_only_folder(operator: Operator) -> None:
    for file in operator.file.parent.iterdir():
        file.unlink()
    operator.file.parent.chmod(0o500)


def unreadable_key(operator: Operator) -> None:
    (operator.file.parent / "master.key").chmod(0)


def folder_for_a_file(operator: Operator) -> None:
    operator.file.unlink()
    operator.file.mkdir()


def spoilt(start: int, end: int | None) -> Callable[[Operator], None]:
    """Return what overwrites the bytes of the database from `start` to `end`."""

    def spoil(operator: Operator) -> None:
        stored = bytearray(operator.file.read_bytes())
        length = len(stored[start:end])
        stored[start:end] = b"\x07" * length
        operator.file.write_bytes(stored)

    return spoil


def halved(operator: Operator) -> None:
    stored = operator.file.read_bytes()
    operator.file.write_bytes(stored[: len(stored) // 2])


def newer(operator: Operator) -> None:
    with closing(sqlite3.connect(operator.file)) as file:
        file.execute("UPDATE alembic_version SET version_num = '0099'")
        file.commit()


READ_ONLY: Final = "Make the file and its folder writable for the hub's user."
OWN: Final = "Let the hub's user own it and write there, or name another with --data-dir."
DAMAGED: Final = "The database file is damaged. Restore the newest backup."


@pytest.mark.parametrize(
    ("wrong", "code", "step"),
    [
        (read_only_file, 1, READ_ONLY),
        (unreadable_file, 1, "the hub's user may read and write it and its folder."),
        (read_only_folder, 78, "trunkline.db.lock cannot be made (Permission denied)"),
        (read_only_home, 78, OWN),
        (unused_read_only_folder, 78, OWN),
        (unreadable_key, 78, OWN),
        (folder_for_a_file, 1, "the hub's user may read and write it and its folder."),
        pytest.param(spoilt(0, 16), 1, "Correct [database] url, or restore", id="no header"),
        pytest.param(spoilt(100, 4096), 1, DAMAGED, id="no schema"),
        pytest.param(spoilt(8192, None), 1, DAMAGED, id="no pages"),
        (halved, 1, DAMAGED),
        (newer, 78, "install the newer hub that wrote it, or restore a backup from before."),
    ],
)
def test_a_hub_that_cannot_use_its_files_says_what_to_do(
    wrong: Callable[[Operator], None], code: int, step: str, operator: Operator
) -> None:
    wrong(operator)
    exit_code, sentence = refusal(operator)

    assert exit_code == code
    assert step in sentence


def test_a_hub_whose_database_is_locked_says_so_in_time(operator: Operator) -> None:
    with closing(sqlite3.connect(operator.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        exit_code, sentence = refusal(operator)

    assert exit_code == 1
    assert "Find that process and stop it" in sentence


@pytest.mark.parametrize("size_kb", [4, 8, 100])
def test_a_new_hub_on_a_full_disk_says_to_free_some_space(size_kb: int, operator: Operator) -> None:
    shutil.rmtree(operator.file.parent)
    operator.file.parent.mkdir()
    with small_disk(operator.file.parent, size_kb, os.getuid()):
        exit_code, sentence = refusal(operator)

    assert exit_code == 1
    assert "Free some space" in sentence


@pytest.mark.parametrize("stored", [("trunkline.db",), ("trunkline.db", "master.key")])
def test_a_disk_that_is_full_at_the_first_start_or_a_later_one_is_named(
    stored: tuple[str, ...], operator: Operator, made: Path
) -> None:
    with small_disk(operator.file.parent, 1000, os.getuid()):
        for name in stored:
            shutil.copy(made / name, operator.file.parent / name)
        filler = operator.file.parent / "filler"
        fill(filler)
        exit_code, sentence = refusal(operator)

    assert exit_code in (1, 78)
    assert "Free some space" in sentence
