"""Plugins that do not load, as an operator meets them: a hub that serves on, and a reason."""

import json
import os
import sys
from pathlib import Path

import pytest

from tests.processes import clean_environment, free_port, hub_process, run

COLLIDING = """
from trunkline_example.plugin import trunkline_register_telephony
"""


def install(site: Path, name: str, code: str, requires: str = "trunkline>=1.0,<2") -> None:
    """Put a distribution with one plugin module into a folder, as an installer would."""
    (site / f"{name}_plugin.py").write_text(code)
    info = site / f"trunkline_{name}-1.0.0.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: trunkline-{name}\nVersion: 1.0.0\n"
    (info / "METADATA").write_text(f"{metadata}Requires-Dist: {requires}\n")
    (info / "entry_points.txt").write_text(f"[trunkline.plugins]\n{name} = {name}_plugin\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of broken plugins that every command finds."""
    site = tmp_path / "site"
    site.mkdir()
    install(site, "broken", "raise SystemExit('no licence')")
    install(site, "future", "raise AssertionError('imported')", requires="trunkline>=7,<8")
    install(site, "second", COLLIDING)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))
    return site


@pytest.mark.slow
async def test_broken_plugins_are_reported_and_the_hub_serves(site: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"

    async with hub_process("demo", data_dir=data_dir, port=free_port()) as hub:
        listed = run(
            ["plugins", "list", "--json", "--data-dir", str(data_dir)], clean_environment()
        )
        states = {each["name"]: each for each in json.loads(listed.stdout)["plugins"]}
        exit_code = hub.stop()

    assert states["demo"]["state"] == states["sqlite"]["state"] == "loaded"
    assert states["broken"]["state"] == "failed"
    assert "SystemExit" in states["broken"]["detail"]
    assert states["future"]["state"] == "incompatible"
    assert "trunkline" in states["future"]["detail"]
    assert states["second"]["state"] == states["example"]["state"] == "failed"
    assert states["second"]["detail"] == states["example"]["detail"]
    assert "'example' and 'second' both offer" in states["second"]["detail"]
    assert exit_code == 0


@pytest.mark.slow
def test_a_required_plugin_that_does_not_load_stops_the_start(site: Path, tmp_path: Path) -> None:
    config = tmp_path / "trunkline.toml"
    config.write_text('[plugins]\nrequired = ["broken"]\n')

    where = ["--config", str(config), "--data-dir", str(tmp_path / "data")]
    done = run(["serve", *where, "--port", "0"], clean_environment())

    assert done.returncode == 78
    assert "broken" in done.stderr
    assert "SystemExit" in done.stderr
    assert "Traceback" not in done.stderr
    assert sys.executable not in done.stderr
