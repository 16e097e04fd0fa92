"""What every test here runs on: each event loop, and a machine that trusts nobody."""

import asyncio
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.egress.certificates import certificate


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run each test on each loop that a hub may run on: they tell a connection's end their way."""
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if find_spec("uvloop"):
        import uvloop

        loops["uvloop"] = uvloop.new_event_loop
    return loops


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of an authority that has certified nothing."""
    path = tmp_path_factory.mktemp("tls") / "authority.pem"
    certificate("authority.example", path)
    return path


@pytest.fixture(autouse=True)
def trust_store(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust it alone, which is read faster than a system's authorities."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
