"""A server that is away is waited for, and not for ever."""

import time
from pathlib import Path

import pytest

from tests.egress.servers import say_nothing, serving
from trunkline.db.opening import open_patiently
from trunkline.loading import load_plugins
from trunkline.sdk import DatabaseContext, DatabaseFailed, NotConfigured, SystemClock
from trunkline.testing import RecordingLog

PASSWORD = "hunter2-Tamarind"


@pytest.mark.parametrize(
    ("scheme", "url", "patience_s", "error", "waits"),
    [
        ("postgresql", f"postgresql://hub:{PASSWORD}@127.0.0.1:1/hub", 0.8, DatabaseFailed, True),
        ("postgresql", f"postgresql://hub:{PASSWORD}@127.0.0.1:1/hub", 0, DatabaseFailed, False),
        ("postgresql", "postgresql://hub@127.0.0.1:1/hub?sslmode=x", 5, NotConfigured, False),
        ("sqlite", "sqlite:///diary.txt", 5, DatabaseFailed, False),
    ],
)
async def test_only_a_server_that_may_come_back_is_waited_for_and_only_so_long(
    scheme: str, url: str, patience_s: float, error: type[Exception], waits: bool, tmp_path: Path
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
    assert {told.event for told in log.events} == ({"database.away"} if waits else set())
    assert PASSWORD not in str(log.events)


async def test_a_server_that_takes_the_call_and_says_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline_postgres.engine.CONNECT_S", 0.2)
    context = DatabaseContext(data_dir=tmp_path, clock=SystemClock(), log=RecordingLog())
    spec = load_plugins().databases["postgresql"]
    async with serving(say_nothing) as server:
        url = f"postgresql://hub:{PASSWORD}@127.0.0.1:{server.port}/hub"
        started = time.monotonic()
        with pytest.raises(DatabaseFailed, match=r"does not answer .* Start it, or see to the net"):
            async with open_patiently(spec, url, context, 0):
                pass

    assert time.monotonic() - started < 2
