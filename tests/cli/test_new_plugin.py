"""`trunkline new-plugin`: what it writes is an adapter, whole or not at all."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.cli.commands import Shell
from trunkline.cli.new_plugin import OFFERED

ROOT = Path(__file__).parents[2]
HUB = tomllib.loads((ROOT / "hub/pyproject.toml").read_text())
LONGEST = "a" * 24
SENDS = {
    "telephony": ("sms.py", "webhooks.py"),
    "email": ("mail.py", "webhooks.py"),
    "whatsapp": ("messages.py", "webhooks.py"),
    "tts": ("speech.py",),
    "stt": ("recognition.py",),
    "storage": ("objects.py",),
}
"""Of each kind the files of what it does."""


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


def write(shell: Shell, name: str, kind: str = "telephony") -> Path:
    done = shell.run("new-plugin", name, "--kind", kind)
    assert done.returncode == 0, done.stderr
    assert f"trunkline plugins check {name}" in done.stdout
    return shell.folder / f"trunkline-{name}"


@pytest.mark.slow
@pytest.mark.parametrize("tool", [("pytest", "-q"), ("mypy", "--strict", "src", "tests")])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("telephony", "acme"), ("email", "acme"), ("whatsapp", LONGEST)),
        *(("tts", "acme"), ("storage", "acme"), ("stt", "acme")),
    ],
)
def test_what_is_written_passes_the_suite_and_the_type_checker(
    shell: Shell, kind: str, name: str, tool: tuple[str, ...]
) -> None:
    python(write(shell, name, kind), *tool)


@pytest.mark.parametrize("kind", OFFERED)
def test_what_is_written_passes_the_linter_whatever_its_name(shell: Shell, kind: str) -> None:
    for name in ("acme", LONGEST):
        folder = write(shell, name, kind)

        python(folder, "ruff", "check", "--extend-select", "E501,I")
        python(folder, "ruff", "format", "--check")


@pytest.mark.parametrize("kind", OFFERED)
def test_every_mark_is_filled_in(shell: Shell, kind: str) -> None:
    folder = write(shell, "acme", kind)

    written = {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert set(written) == {
        *(".gitignore", ".github/workflows/test.yml", "LICENSE", "README.md", "pyproject.toml"),
        *(f"src/trunkline_acme/{each}.py" for each in ("__init__", "plugin", "config", "wire")),
        *(f"src/trunkline_acme/{each}" for each in (*SENDS[kind], "py.typed")),
        *(f"tests/{each}.py" for each in ("vendor", "test_conformance", "test_manual")),
    }
    assert not [path for path, text in written.items() if re.search(r"\{\{[A-Za-z]", path + text)]
    assert [each.name for each in shell.folder.iterdir()] == ["trunkline-acme"]


@pytest.mark.parametrize("kind", OFFERED)
def test_what_is_written_is_an_evenings_reading(shell: Shell, kind: str) -> None:
    sources = (write(shell, "acme", kind) / "src").rglob("*.py")

    lines = sum(len(source.read_text().splitlines()) for source in sources)
    assert lines < (300 if kind == "telephony" else 400)


def printed(stdout: str) -> list[str]:
    """Return the commands that `new-plugin` prints."""
    return [line.strip() for line in stdout.splitlines() if line.startswith("  ")]


def test_case_d16_what_is_printed_is_what_its_readme_and_its_ci_say(shell: Shell) -> None:
    done = shell.run("new-plugin", "acme")
    folder = shell.folder / "trunkline-acme"

    enter, *commands = printed(done.stdout)
    assert enter == "cd trunkline-acme"
    assert commands == [
        'pip install -e . "trunkline[testing]"',
        "trunkline plugins check acme",
        "pytest",
    ]
    assert "\n".join(commands) in (folder / "README.md").read_text()
    ci = (folder / ".github/workflows/test.yml").read_text()
    assert re.findall(r"- run: (.+)", ci) == commands
    assert 'python: ["3.11", "3.12", "3.13"]' in ci


def test_case_d16_its_sdist_holds_its_tests_and_its_licence(shell: Shell) -> None:
    folder = write(shell, "acme")

    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert project["project"]["license-files"] == ["LICENSE"]
    assert (folder / "LICENSE").read_text() == (ROOT / "hub/LICENSE").read_text()
    for each in (project, HUB):
        assert "tests/**" in each["tool"]["uv"]["build-backend"]["source-include"]


def test_case_d16_its_author_needs_nothing_of_the_server(tmp_path: Path) -> None:
    server = {Requirement(each).name for each in HUB["project"]["optional-dependencies"]["server"]}
    missing = "".join(f"sys.modules[{name!r}] = None\n" for name in sorted(server))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        main = f"import sys\n{missing}from trunkline.cli import main\nmain()"
        return subprocess.run(
            [sys.executable, "-c", main, *words],
            check=False, cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip

    assert "tomlkit" in server
    assert "trunkline plugins check acme" in run("new-plugin", "acme").stdout
    assert "No plugin 'acme' is installed." in run("plugins", "check", "acme").stderr
    assert 'pip install "trunkline[server]"' in run("plugins", "list").stderr


def test_a_folder_that_is_two_words_is_quoted(shell: Shell) -> None:
    (shell.folder / "my plugins").mkdir()

    done = shell.run("new-plugin", "acme", "--into", "my plugins")

    assert printed(done.stdout)[0] == "cd 'my plugins/trunkline-acme'"


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
    assert "'telephony', 'email', 'whatsapp'" in done.stderr
    assert not list(shell.folder.iterdir())
