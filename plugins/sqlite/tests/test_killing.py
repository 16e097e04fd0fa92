"""A hub that is killed loses nothing that it answered for."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from trunkline.sdk import DatabaseContext, Tx
from trunkline_sqlite.database import open_database

CHILD = Path(__file__).with_name("acknowledging.py")


def killed_after(seconds: float, data_dir: Path, first: int) -> set[int]:
    """Run the child, kill it `seconds` after its first answer; return the ids it answered for."""
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(data_dir), str(first)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    with child.stdout:
        answers = [child.stdout.readline()]
        time.sleep(seconds)
        child.kill()
        answers += child.stdout.readlines()
    child.wait()
    return {int(line) for line in answers if line.endswith(b"\n")}


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
async def test_every_acknowledged_row_is_there_and_whole_after_each_kill(
    context: DatabaseContext, tmp_path: Path
) -> None:
    def stored(tx: Tx) -> set[int]:
        assert tx.execute(sa.text("PRAGMA integrity_check")).scalar_one() == "ok"
        assert tx.execute(sa.text("SELECT count(*) FROM rows WHERE word = 'half'")).scalar() == 0
        return set(tx.execute(sa.text("SELECT id FROM rows")).scalars())

    acknowledged: set[int] = set()
    for round_, seconds in enumerate((0.1, 0.33, 0.52)):
        answers = killed_after(seconds, tmp_path, first=round_ * 1_000_000)
        assert len(answers) > 50
        acknowledged |= answers
        async with open_database("sqlite:///trunkline.db", context) as db:
            assert acknowledged - await db.read(stored, heavy=True) == set()
