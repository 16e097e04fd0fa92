"""A further channel takes four new files and three edits, and nothing else knows of it."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.house.names import ROOT

HUB: Final = "hub/src/trunkline"
DEMO: Final = "plugins/demo"
FILES: Final = {
    f"{HUB}/sdk/pigeon.py": "sdk",
    f"{HUB}/core/channels/pigeon.py": "channels",
    f"{HUB}/testing/pigeon.py": "testing",
    f"{DEMO}/src/trunkline_demo/pigeon.py": "demo",
}
"""The contract, the rules, the kit and a simulated network, each with what it is written from."""
LINES: Final = {
    f"{HUB}/sdk/kinds.py": {  # the kind
        "from trunkline.sdk.whatsapp import WHATSAPP": "from trunkline.sdk.pigeon import PIGEON",
    },
    f"{DEMO}/pyproject.toml": {  # the hook
        'demo = "trunkline_demo.plugin:DemoPlugin"': 'pigeon = "trunkline_demo.pigeon"',
    },
    f"{HUB}/sdk/__init__.py": {  # the export: where it is from, and that it is one
        "from trunkline.sdk.phone import E164, e164, is_demo_number": (
            "from trunkline.sdk.pigeon import PIGEON, PigeonProvider"
        ),
        '    "Overloaded",': '    "PIGEON", "PigeonProvider",',
    },
}
"""By file each line that is added, with the one before it."""


@dataclass(frozen=True)
class House:
    """A copy of the sources that knows pigeons."""

    root: Path

    def run(self, *words: str, cwd: Path = ROOT, path: str = "") -> str:
        """Run a module of this Python on the copy, and return what it prints."""
        paths = [path, str(self.root / "hub/src"), str(self.root / DEMO / "src"), str(ROOT)]
        done = subprocess.run(
            [sys.executable, "-m", *words],
            check=False,
            cwd=cwd,
            env={
                **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
                "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    root = tmp_path_factory.mktemp("house")
    for part in ("hub/src", f"{DEMO}/src"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / DEMO / "pyproject.toml", root / DEMO)
    for file, source in FILES.items():
        shutil.copy(ROOT / f"tests/house/pigeon/{source}.py.txt", root / file)
    for file, lines in LINES.items():
        text = (root / file).read_text()
        for before, line in lines.items():
            assert text.count(f"{before}\n") == 1
            text = text.replace(f"{before}\n", f"{before}\n{line}\n")
        (root / file).write_text(text)
    _install(root / DEMO)
    return House(root)


def _install(package: Path) -> None:
    """Say what an installer says of a package: its name, its version and its entry points."""
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    entries = project["entry-points"]["trunkline.plugins"].items()
    info = package / "src/trunkline_demo-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: trunkline-demo\nVersion: 1.0.0\n"
        "Requires-Dist: trunkline>=1.0,<2\n"
    )
    lines = "".join(f"{name} = {value}\n" for name, value in entries)
    (info / "entry_points.txt").write_text(f"[trunkline.plugins]\n{lines}")


def changed(house: House) -> Iterator[tuple[str, int]]:
    """Return each file of the copy that differs from ours, and how many lines were added."""
    for path in sorted(house.root.rglob("*")):
        name = path.relative_to(house.root).as_posix()
        if path.is_dir() or "__pycache__" in name or ".dist-info" in name:
            continue
        ours = (ROOT / name).read_text().splitlines() if (ROOT / name).exists() else []
        added = len(path.read_text("utf-8").splitlines()) - len(ours) if path.suffix in _TEXT else 0
        if added:
            yield name, added if ours else 0


_TEXT: Final = (".py", ".toml")


def test_a_further_channel_is_four_files_and_three_edits(house: House) -> None:
    found = dict(changed(house))

    assert {name for name, added in found.items() if not added} == {*FILES}
    assert {name: added for name, added in found.items() if added} == {
        f"{HUB}/sdk/kinds.py": 1,
        f"{DEMO}/pyproject.toml": 1,
        f"{HUB}/sdk/__init__.py": 2,
    }


def test_nothing_else_in_the_house_knows_pigeons() -> None:
    named = [
        path.relative_to(ROOT).as_posix()
        for folder in ("hub/src", f"{DEMO}/src")
        for path in (ROOT / folder).rglob("*.py")
        if "pigeon" in path.read_text("utf-8").lower()
    ]

    assert named == []


@pytest.mark.slow
def test_a_pigeon_is_sent_and_received_by_the_hub(house: House) -> None:
    flights = str(ROOT / "tests/house/pigeon/flight.py")

    assert "1 passed" in house.run("pytest", "-q", "-p", "no:cacheprovider", flights)


@pytest.mark.slow
def test_its_plugin_its_slot_and_its_variable_are_known(house: House, tmp_path: Path) -> None:
    listed = house.run("trunkline", "plugins", "list", cwd=tmp_path)
    shown = house.run("trunkline", "config", "show", cwd=tmp_path)

    assert "pigeon.receive, pigeon.send, pigeon.status" in listed
    assert "slots.pigeon" in shown


@pytest.mark.slow
def test_an_adapter_for_it_is_written_and_conforms(house: House, tmp_path: Path) -> None:
    house.run("trunkline", "new-plugin", "coo", "--kind", "pigeon", cwd=tmp_path)
    folder = tmp_path / "trunkline-coo"

    said = house.run("pytest", "-q", cwd=folder, path=str(folder / "src"))

    assert "failed" not in said
    assert "Pigeons through Coo" in (folder / "README.md").read_text()
