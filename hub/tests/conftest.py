"""Fixtures of the hub's own tests."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .installed import InstalledPlugins


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InstalledPlugins]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    yield InstalledPlugins(tmp_path)

    for name in set(sys.modules) - before:
        if name.startswith("installed_"):
            del sys.modules[name]
