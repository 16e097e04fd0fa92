"""Looking into a hub's database from outside."""

import re
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

from plugins.postgres.tests.server import query

SQLITE = "sqlite:///trunkline.db"


def read_rows(url: str, data_dir: Path, sql: str, *parameters: object) -> list[dict[str, Any]]:
    """Return what a statement finds in a hub's database; its parameters are question marks."""
    if url != SQLITE:
        numbers = count(1)
        return query(url, re.sub(r"\?", lambda _: f"${next(numbers)}", sql), *parameters)
    with closing(sqlite3.connect(data_dir / "trunkline.db")) as file:
        file.row_factory = sqlite3.Row
        return [dict(row) for row in file.execute(sql, parameters)]
