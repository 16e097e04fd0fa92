"""Fixtures of the settings tests."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Start every test in a directory of its own: ./trunkline.toml is read by default."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
