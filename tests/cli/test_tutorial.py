"""What the page "Write an adapter" tells to type works as it stands, in an empty folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import clean_environment

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/write-an-adapter/index.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OURS = ("hub", "plugins/demo", "plugins/local-storage", "plugins/sqlite")


def run(*command: object) -> None:
    """Run a step of the preparations."""
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


def provide(shop: Path) -> None:
    """Put what the page installs into `shop`: our wheels, and the others as they are pinned."""
    uv = [sys.executable, "-m", "uv", "-q"]
    build = ROOT / "requirements/build.txt"
    for source in OURS:
        run(*uv, "build", "--wheel", ROOT / source, "-o", shop, "--build-constraint", build)
    (hub,) = shop.glob("trunkline-*.whl")
    run(*uv, "venv", "-p", sys.executable, "--seed", shop / "env")
    download = [shop / "env/bin/python", "-m", "pip", "-q", "download", "-d", shop, "-c"]
    ours = [f"trunkline[starter,testing] @ {hub.as_uri()}", *shop.glob("trunkline_*.whl")]
    pins = (ROOT / "requirements/uv.txt").read_text() + build.read_text()
    run(*download, ROOT / "constraints.txt", *ours, *re.findall(r"^\S+==\S+", pins, re.MULTILINE))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the page is for a POSIX shell")
def test_an_adapter_is_begun_checked_and_built_with_the_commands_of_the_page(
    tmp_path: Path,
) -> None:
    (tmp_path / "here").mkdir()
    provide(tmp_path / "shop")
    python = tmp_path / "bin/python3"  # the page's `python3` is the one that runs the tests
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    environ = clean_environment()
    environ.pop("PYTHONPATH", None)
    environ |= {
        "HOME": str(tmp_path),
        "PATH": os.pathsep.join([str(python.parent), environ["PATH"]]),
        # uv reads a list here, which a space in the checkout's path would end.
        "UV_BUILD_CONSTRAINT": str(shutil.copy(ROOT / "requirements/build.txt", tmp_path)),
        "PIP_NO_INDEX": "1",  # nobody else's trunkline
        "PIP_FIND_LINKS": str(tmp_path / "shop"),
    }

    done = subprocess.run(
        ["bash", "-ex"],
        input="\n".join(BLOCK.findall(PAGE.read_text())),
        check=False, cwd=tmp_path / "here", env=environ, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("acme conforms.") == 2
