"""The command itself: help, version, exit codes, and nothing imported that is not needed."""

import json
import subprocess
import sys

import click
import pytest

from tests.cli.commands import Shell
from trunkline import cli
from trunkline.core.problems import Missing, NotFound
from trunkline.sdk import NotConfigured, RetryLater
from trunkline.settings import SettingsError


def test_help_names_every_command_without_importing_any() -> None:
    script = (
        "import sys, trunkline.cli\n"
        "sys.argv[1:] = ['--help']\n"
        "try: trunkline.cli.main()\n"
        "finally: print([m for m in sys.modules if m.startswith(('trunkline.', 'pydantic'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )

    *help_text, modules = done.stdout.splitlines()
    assert [name for name in cli.COMMANDS if f"  {name} " not in "\n".join(help_text)] == []
    assert modules == "['trunkline.cli']"


@pytest.mark.parametrize("missing", ["click", "sqlalchemy", "structlog"])
@pytest.mark.parametrize("command", [["serve"], ["db", "check"]])
def test_case_f5_without_the_server_a_command_says_what_to_install(
    missing: str, command: list[str]
) -> None:
    script = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        f"sys.argv[1:] = {command!r}\n"
        "import trunkline.cli; trunkline.cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )

    assert done.stderr == (
        f"Error: The command needs the server, and {missing} of it is not installed: "
        'pip install "trunkline[server]"\n'
    )
    assert done.stdout == ""
    assert done.returncode == 78


def test_listing_the_plugins_imports_neither_server_nor_database(shell: Shell) -> None:
    shell.plugins.add(
        "acmespy",
        """
        import atexit, sys
        heavy = {"uvicorn", "starlette", "mcp", "sqlalchemy", "alembic", "prometheus_client"}
        atexit.register(lambda: print(heavy & set(sys.modules), file=sys.stderr))
        """,
    )

    done = shell.run_whole("plugins", "list", TRUNKLINE_PLUGINS__DISABLED="demo,example,sqlite")

    assert done.stderr == "set()\n"


def test_every_command_takes_the_files_it_works_on_and_is_called_what_the_help_says() -> None:
    def leaves(command: click.Command, name: str) -> list[tuple[str, click.Command]]:
        if not isinstance(command, click.Group):
            return [(name, command)]
        inner = command.commands
        return [leaf for each in inner for leaf in leaves(inner[each], f"{name} {each}")]

    without = []
    for name in cli.COMMANDS:
        command = cli.trunkline.get_command(click.Context(cli.trunkline), name)
        assert command is not None
        assert command.name == name
        for path, leaf in leaves(command, name):
            options = {option for parameter in leaf.params for option in parameter.opts}
            if not {"--config", "--data-dir"} <= options:
                without.append(path)

    assert without == []


@pytest.mark.parametrize(
    "arguments", [["plugin"], ["--nonsense"], ["plugins", "enable"], ["plugins", "list", "x"]]
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], shell: Shell) -> None:
    refused = shell.run(*arguments)

    assert refused.returncode == 2
    assert "Usage: trunkline" in refused.stderr
    assert refused.stdout == ""


def test_the_version_is_the_packages(shell: Shell) -> None:
    done = shell.run_whole("--version")

    assert (done.returncode, done.stdout) == (0, "trunkline 1.0.0\n")


def exit_code(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> object:
    def fails(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli.trunkline, "main", fails)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("Set PORT."), 78),
        (NotConfigured("Install one."), 78),
        (Missing("Install one."), 78),
        (RetryLater("The vendor is busy."), 1),
        (NotFound("No such agent."), 1),
        (click.ClickException("No such thing."), 1),
        (click.UsageError("Not like that."), 2),
    ],
)
def test_an_error_of_ours_is_its_sentence_and_its_exit_code(
    error: Exception,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(monkeypatch, error) == code

    out, err = capsys.readouterr()
    assert (out, err) == ("", f"Error: {error}\n")


def test_an_unexpected_error_is_a_log_line_and_a_sentence_without_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(monkeypatch, ValueError("to +14155550100")) == 1

    out, err = capsys.readouterr()
    line, sentence = err.splitlines()
    assert json.loads(line)["event"] == "command.failed"
    assert json.loads(line)["exception"]["error_type"] == "ValueError"
    assert sentence == ("Error: an unexpected ValueError; the line above says where it was raised.")
    assert out == ""
    assert "4155550100" not in err


def test_being_stopped_is_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(monkeypatch, click.Abort()) == 1
    assert capsys.readouterr().err == "Stopped.\n"
