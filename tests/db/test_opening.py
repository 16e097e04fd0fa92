"""A server that is away is waited for, and not for ever."""

import time
from pathlib import Path

import pytest

from trunkline.db.opening import open_patiently
from trunkline.loading import load_plugins
from trunkline.sdk import DatabaseContext, DatabaseFailed, NotConfigured, SystemClock
from trunkline.testing import RecordingLog

PASSWORD = "hunter2-Tamarind"


@pytest.mark.parametrize(
    ("scheme", "url", "patience_s", "error", "tries"),
    [
        ("postgresql", f"postgresql://hub:{PASSWORD}@127.0.0.1:1/hub", 0.8, DatabaseFailed, 3),
        ("postgresql", f"postgresql://hub:{PASSWORD}@127.0.0.1:1/hub", 0, DatabaseFailed, 1),
        ("postgresql", "postgresql://hub@127.0.0.1:1/hub?sslmode=x", 5, NotConfigured, 1),
        ("sqlite", "sqlite:///diary.txt", 5, DatabaseFailed, 1),
    ],
)
async def test_only_a_server_that_may_come_back_is_waited_for_and_only_so_long(
    scheme: str, url: str, patience_s: float, error: type[Exception], tries: int, tmp_path: Path
) -> None:
    (tmp_path / "diary.txt").write_text("a diary, and surely no database\n" * 200)
    log = RecordingLog()
    context = DatabaseContext(data_dir=tmp_path, clock=SystemClock(), log=log)
    spec = load_plugins().databases[scheme]
    started = time.monotonic()
    with pytest.raises(error):
        async with open_patiently(spec, url, context, patience_s):
            pass

    assert time.monotonic() - started < 2
    assert [told.event for told in log.events] == ["database.away"] * (tries - 1)
    assert PASSWORD not in str(log.events)
