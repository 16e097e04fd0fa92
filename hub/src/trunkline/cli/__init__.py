"""The command line. A command's module is imported when the command is called, not before."""

import gc
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

from trunkline import __version__

WRONG_CONFIGURATION: Final = 78
"""Exit code ``EX_CONFIG`` of sysexits.h: something must be set or installed first."""

_COLLECT_AFTER: Final = (20_000, 20, 50)
"""
New objects, and collections of the younger generations, before one of the next (`gc`).

Most of what a command makes is modules, and stays: looking for garbage among them as often as
Python does by default took a tenth of a start.
"""


def _end_without(missing: ModuleNotFoundError) -> NoReturn:
    """Tell that the process lacks what the extra ``server`` brings, and exit."""
    package = str(missing.name).partition(".")[0]
    sys.stderr.write(
        f"Error: The command needs the server, and {package} of it is not installed: "
        'pip install "trunkline[server]"\n'
    )
    sys.exit(WRONG_CONFIGURATION)


try:
    import click
except ModuleNotFoundError as missing:
    _end_without(missing)

COMMANDS: Final = {
    "setup": "Set up a hub by questions: providers, credentials, the first token.",
    "serve": "Serve the hub.",
    "demo": "Serve a simulated network: two agents, a handset, a mailbox and WhatsApp.",
    "mcp": "Serve one MCP client on stdin and stdout.",
    "agents": "Create, show and change agents.",
    "templates": "Write, show and remove templates.",
    "tokens": "Issue, rotate and revoke tokens.",
    "forwards": "Show and replay what is forwarded to callback URLs.",
    "events-demo": "Show how an MCP host is woken, on a hub of its own.",
    "subscriptions": "Show and end the subscriptions of MCP hosts.",
    "calls": "Look at phone calls.",
    "alerts": "Show what is wrong, acknowledge it, and try who is told.",
    "approvals": "Show what waits for a person, and decide about it.",
    "consent": "Record, show and take back what people agreed to.",
    "suppressions": "Show who gets nothing more, and lift what a bounce closed.",
    "carriers": "Register with carriers who sends what, and see how that stands.",
    "pool": "Show and grow the pool of agent slots; see to WhatsApp senders that wait.",
    "events": "Show what became of providers' webhooks, and replay dead letters.",
    "usage": "Show what was done and what it cost, and export it.",
    "messages": "List messages, look at one, and decide what became of it.",
    "privacy": "Choose which texts are kept; export and erase contacts.",
    "audit": "Verify and export the record of what was done.",
    "keys": "Show and rotate the keys that everything is encrypted under.",
    "plugins": "Show, enable, disable and check plugins.",
    "new-plugin": "Write an adapter to begin with.",
    "providers": "Register accounts of providers, ask about them, and list their voices.",
    "config": "Show the settings and where each comes from.",
    "doctor": "Examine the hub and say what to do.",
    "backup": "Write the whole database to a file, while the hub runs.",
    "restore": "Fill an empty database from a backup.",
    "db": "Show and migrate the tables of the database.",
}
"""Command to what ``--help`` says of it; `new-plugin` is `new_plugin` in ``cli/new_plugin.py``."""
_RENDERED: Final = (
    *("agents", "templates", "tokens", "forwards", "subscriptions", "suppressions", "calls"),
    *("alerts", "approvals", "carriers", "consent"),
    *("pool", "events", "messages", "privacy", "keys", "usage"),
)
"""Those that are made of the operator's operations, in ``cli/rendered.py``."""

Command = TypeVar("Command", bound=Callable[..., Any])


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"{__name__}.{'rendered' if name in _RENDERED else name}")
        command: click.Command = module.group(name) if name in _RENDERED else getattr(module, name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_Commands)
@click.version_option(__version__, message="%(prog)s %(version)s")
def trunkline() -> None:
    """Trunkline gives AI agents a phone number, an e-mail address and WhatsApp."""


def files(command: Command) -> Command:
    """Give a command the options ``--config`` and ``--data-dir``: `config`, `data_dir`."""
    path = click.Path(path_type=Path)
    config = click.option("--config", type=path, help="Settings file. Default: ./trunkline.toml.")
    data_dir = click.option("--data-dir", type=path, help="Directory of the hub's own files.")
    return config(data_dir(command))


def main() -> NoReturn:
    """Run this process's command and exit: 0 fine, 1 failed, 2 wrong usage, 78 configuration."""
    gc.set_threshold(*_COLLECT_AFTER)
    code = _run()
    leave = getattr(sys.modules.get(f"{__name__}.loop"), "leave", None)
    if leave is not None:  # it may be half imported, by a thread that nobody needs any more
        leave(code)
    sys.exit(code)


def _run() -> int:
    """Run this process's command and return its exit code."""
    try:
        # With "standalone" click would end the process itself, before an error can be told our way.
        return trunkline.main(prog_name="trunkline", standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("Stopped.", err=True)
        return 1
    except ModuleNotFoundError as error:
        _end_without(error)
    except Exception as error:  # noqa: BLE001 - every other error is told in a sentence
        return _told(error)


def _told(error: Exception) -> int:
    """Tell an error on stderr and return its exit code."""
    from trunkline.core.problems import Missing, Problem
    from trunkline.sdk import NotConfigured, TrunklineError

    if isinstance(error, TrunklineError | Problem):
        click.echo(f"Error: {error}", err=True)
        return WRONG_CONFIGURATION if isinstance(error, NotConfigured | Missing) else 1
    from trunkline.logs import get_log

    get_log("cli").error("command.failed", exc_info=error)
    kind = type(error).__name__
    click.echo(f"Error: an unexpected {kind}; the line above says where it was raised.", err=True)
    return 1
