"""`trunkline tokens`: who may call."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from trunkline.cli import files
from trunkline.cli.operator import as_json_option, operate, show, table

_COLUMNS = ("kid", "scope", "agentId", "issuedAt", "lastUsedAt", "revokedAt")


@click.group()
def tokens() -> None:
    """Issue, rotate and revoke tokens."""


@tokens.command()
@files
@as_json_option
@click.argument("agent_id", metavar="[AGENT]", required=False)
@click.option("--admin", is_flag=True, help="Issue an admin token instead of an agent's.")
def issue(
    config: Path | None, data_dir: Path | None, agent_id: str | None, admin: bool, as_json: bool
) -> None:
    """Issue a token and print it: it is shown this once."""
    if admin == (agent_id is not None):
        raise click.UsageError("Name an agent, or give --admin.")
    _print(operate(config, data_dir, "tokens_issue", id=agent_id), as_json=as_json)


@tokens.command()
@files
@as_json_option
@click.argument("agent_id", metavar="AGENT")
def rotate(config: Path | None, data_dir: Path | None, agent_id: str, as_json: bool) -> None:
    """Revoke an agent's tokens and print a new one."""
    _print(operate(config, data_dir, "tokens_rotate", id=agent_id), as_json=as_json)


@tokens.command()
@files
@as_json_option
@click.argument("target", metavar="KID|AGENT")
def revoke(config: Path | None, data_dir: Path | None, target: str, as_json: bool) -> None:
    """Revoke one token by its kid, or all of an agent's."""
    show(operate(config, data_dir, "tokens_revoke", target=target), as_json=as_json)


@tokens.command("list")
@files
@as_json_option
def list_tokens(config: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """List every token, without secrets."""
    table(operate(config, data_dir, "tokens_list")["tokens"], _COLUMNS, as_json=as_json)


def _print(issued: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        show(issued, as_json=True)
    else:
        click.echo(issued["token"])
