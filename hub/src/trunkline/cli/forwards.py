"""`trunkline forwards`: what is on its way to callback URLs."""

from pathlib import Path

import click

from trunkline.cli import files
from trunkline.cli.operator import as_json_option, operate, show, table

_COLUMNS = ("messageId", "agentId", "state", "tries", "createdAt", "reason")


@click.group()
def forwards() -> None:
    """Show and replay what is forwarded to callback URLs."""


@forwards.command("list")
@files
@as_json_option
@click.option("--state", help="waiting, delivered, acknowledged or dead. Default: all.")
@click.option("--limit", type=int, default=50, help="How many, newest first. Default: 50.")
def list_forwards(
    config: Path | None, data_dir: Path | None, state: str | None, limit: int, as_json: bool
) -> None:
    """List forwards, newest first."""
    found = operate(config, data_dir, "forwards_list", state=state, limit=limit)
    table(found["forwards"], _COLUMNS, as_json=as_json)


@forwards.command()
@files
@as_json_option
@click.argument("message_id", metavar="[MESSAGE]", required=False)
@click.option("--dead", is_flag=True, help="Replay all that were given up, instead of one.")
def replay(
    config: Path | None, data_dir: Path | None, message_id: str | None, dead: bool, as_json: bool
) -> None:
    """Forward a message anew, at once. Its webhook-id stays the same."""
    if dead == (message_id is not None):
        raise click.UsageError("Name a message, or give --dead.")
    show(operate(config, data_dir, "forwards_replay", id=message_id), as_json=as_json)
