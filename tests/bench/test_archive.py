"""The bench's archive is a database that the hub can read."""

from pathlib import Path

from bench.archive import add_messages
from tests.databases import SQLITE, read_rows
from tests.processes import command

SIZE = 200


async def test_its_messages_are_such_as_the_hub_writes(tmp_path: Path) -> None:
    command("db", "upgrade", data_dir=tmp_path)
    await add_messages(SQLITE, tmp_path, SIZE)

    rows = read_rows(SQLITE, tmp_path, "SELECT direction, attempts FROM messages")
    assert len(rows) == SIZE
    assert {(row["direction"], row["attempts"]) for row in rows} == {
        ("outbound", 1),
        ("inbound", 0),
    }
