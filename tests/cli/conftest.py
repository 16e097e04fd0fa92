"""Fixtures of the command-line tests."""

from pathlib import Path

import pytest

from hub.tests.installed import InstalledPlugins
from tests.cli.commands import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    for name in ("here", "packages"):
        (tmp_path / name).mkdir()
    return Shell(tmp_path / "here", InstalledPlugins(tmp_path / "packages"))
