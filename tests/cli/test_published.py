"""What `new-plugin` prints, carried out elsewhere: from a clone, a wheel and an sdist."""

import os
import shlex
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.cli.test_new_plugin import ROOT, printed
from tests.processes import clean_environment

PINS = {"UV_BUILD_CONSTRAINT": "requirements/build.txt", "UV_CONSTRAINT": "constraints.txt"}


class Elsewhere:
    """An environment with nothing in it, and a folder, both outside of the checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._bin = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
        self._environ = clean_environment()
        self._environ.pop("PYTHONPATH", None)
        self._environ["PATH"] = f"{self._bin}{os.pathsep}{self._environ['PATH']}"
        for name, path in PINS.items():  # copied: of several paths a space would be the end
            self._environ[name] = str(shutil.copy(ROOT / path, folder))

    def run(self, *words: object, cwd: Path | None = None) -> str:
        """Run a program of the environment; it must succeed."""
        program, *rest = (str(word) for word in words)
        done = subprocess.run(
            [shutil.which(program, path=self._environ["PATH"]) or program, *rest],
            check=False, cwd=cwd or self.folder, env=self._environ, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def uv(self, *words: object, cwd: Path | None = None) -> str:
        return self.run(sys.executable, "-m", "uv", *words, cwd=cwd)

    def pip(self, verb: str, *words: object, cwd: Path | None = None) -> str:
        """Do what pip does, by uv: in a fraction of the time."""
        return self.uv("pip", verb, "-p", self.folder / "env", *words, cwd=cwd)

    def as_printed(self, line: str, cwd: Path) -> str:
        """Run a line of shell."""
        program, *rest = shlex.split(line)
        return self.pip(*rest, cwd=cwd) if program == "pip" else self.run(program, *rest, cwd=cwd)


@pytest.mark.slow
@pytest.mark.parametrize("source", ["clone", "wheel", "sdist"])
def test_case_d16_what_is_printed_works_from(source: str, tmp_path: Path) -> None:
    stranger = Elsewhere(tmp_path)
    stranger.uv("venv", "-p", sys.executable, "env")
    hub = ROOT / "hub"
    if source != "clone":
        stranger.uv("build", f"--{source}", hub, "-o", "dist")
        (hub,) = (tmp_path / "dist").glob("trunkline-*.[wt]*")
    stranger.pip("install", f"trunkline[testing] @ {hub.as_uri()}")

    _, *commands = printed(stranger.run("trunkline", "new-plugin", "acme"))
    folder = tmp_path / "trunkline-acme"
    said = [stranger.as_printed(line, folder) for line in commands]

    assert said[1].endswith("acme conforms.\n")
    assert " passed" in said[2]
    assert "fastapi" not in stranger.pip("list")
    stranger.uv("build", "--sdist", folder, "-o", "dist")
    with tarfile.open(tmp_path / "dist/trunkline_acme-0.1.0.tar.gz") as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"LICENSE", "tests/vendor.py", "tests/test_conformance.py"} <= names
