"""`trunkline new-plugin`: what it writes is an adapter, whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import Shell

LONGEST = "a" * 24


def python(folder: Path, *arguments: str) -> None:
    """Run a module of this Python in an adapter's folder, as if the adapter were installed."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "src", "MYPYPATH": "src"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def write(shell: Shell, name: str) -> Path:
    done = shell.run("new-plugin", name, "--kind", "telephony")
    assert done.returncode == 0, done.stderr
    assert f"trunkline plugins check {name}" in done.stdout
    return shell.folder / f"trunkline-{name}"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["acme", LONGEST])
def test_what_is_written_passes_the_suite_the_type_checker_and_the_linter(
    shell: Shell, name: str
) -> None:
    folder = write(shell, name)

    python(folder, "pytest", "-q")
    python(folder, "mypy", "--strict", "src", "tests")
    python(folder, "ruff", "check", "--extend-select", "E501,I")
    python(folder, "ruff", "format", "--check")


def test_every_mark_is_filled_in(shell: Shell) -> None:
    folder = write(shell, "acme")

    written = {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert set(written) == {
        "pyproject.toml",
        "README.md",
        *(f"src/trunkline_acme/{each}.py" for each in ("__init__", "plugin", "config", "sms")),
        "src/trunkline_acme/webhooks.py",
        "src/trunkline_acme/py.typed",
        "tests/test_conformance.py",
    }
    assert not [path for path, text in written.items() if "{{" in path + text]
    assert [each.name for each in shell.folder.iterdir()] == ["trunkline-acme"]


def test_what_is_written_is_an_evenings_reading(shell: Shell) -> None:
    sources = (write(shell, "acme") / "src").rglob("*.py")

    assert sum(len(source.read_text().splitlines()) for source in sources) < 300


def test_it_is_written_where_it_is_asked_to_be(shell: Shell) -> None:
    (shell.folder / "mine").mkdir()

    shell.run("new-plugin", "acme", "--kind", "telephony", "--into", "mine")

    assert (shell.folder / "mine/trunkline-acme/pyproject.toml").is_file()


@pytest.mark.parametrize("name", ["Acme", "ac-me", "a", "1acme", "../acme", "a" * 25, ""])
def test_a_name_that_no_package_can_have_is_refused(shell: Shell, name: str) -> None:
    done = shell.run("new-plugin", name, "--kind", "telephony")

    assert done.returncode == 2
    assert "lower-case letters and digits" in done.stderr
    assert not list(shell.folder.iterdir())


def test_a_folder_that_exists_stays_as_it_is(shell: Shell) -> None:
    (shell.folder / "trunkline-acme").mkdir()

    done = shell.run("new-plugin", "acme", "--kind", "telephony")

    assert done.returncode == 1
    assert done.stderr == "Error: trunkline-acme exists already; nothing was written.\n"
    assert not list((shell.folder / "trunkline-acme").iterdir())


def test_a_kind_that_does_not_exist_is_refused_with_those_that_do(shell: Shell) -> None:
    done = shell.run("new-plugin", "acme", "--kind", "pigeon")

    assert done.returncode == 2
    assert "'telephony'" in done.stderr
    assert not list(shell.folder.iterdir())
