"""`trunkline agents`: the registry of agents."""

from pathlib import Path

import click

from trunkline.cli import files
from trunkline.cli.operator import as_json_option, operate, show, table, values_of

_COLUMNS = ("agentId", "status", "addresses", "displayName", "connections")


@click.group()
def agents() -> None:
    """Create, show and change agents."""


@agents.command()
@files
@as_json_option
@click.argument("agent_id", metavar="ID")
@click.argument("values", metavar="[KEY=VALUE]...", nargs=-1)
def create(
    config: Path | None,
    data_dir: Path | None,
    agent_id: str,
    values: tuple[str, ...],
    as_json: bool,
) -> None:
    """
    Create an agent.

    Keys: phone, email, whatsapp, telephony, email_connection, whatsapp_connection, display_name,
    country, callback_url, settle_ms.
    """
    given = values_of(values)
    show(operate(config, data_dir, "agents_create", id=agent_id, values=given), as_json=as_json)


@agents.command("set")
@files
@as_json_option
@click.argument("agent_id", metavar="ID")
@click.argument("values", metavar="KEY=VALUE...", nargs=-1, required=True)
def set_values(
    config: Path | None,
    data_dir: Path | None,
    agent_id: str,
    values: tuple[str, ...],
    as_json: bool,
) -> None:
    """Change an agent's values; an empty value clears one."""
    given = values_of(values)
    show(operate(config, data_dir, "agents_set", id=agent_id, values=given), as_json=as_json)


@agents.command("list")
@files
@as_json_option
def list_agents(config: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """List every agent."""
    table(operate(config, data_dir, "agents_list")["agents"], _COLUMNS, as_json=as_json)


@agents.command("show")
@files
@as_json_option
@click.argument("agent_id", metavar="ID")
def show_agent(config: Path | None, data_dir: Path | None, agent_id: str, as_json: bool) -> None:
    """Show one agent."""
    show(operate(config, data_dir, "agents_show", id=agent_id), as_json=as_json)


@agents.command()
@files
@as_json_option
@click.argument("agent_id", metavar="ID")
def suspend(config: Path | None, data_dir: Path | None, agent_id: str, as_json: bool) -> None:
    """Stop an agent from acting; it keeps its number and still receives."""
    show(operate(config, data_dir, "agents_suspend", id=agent_id), as_json=as_json)


@agents.command()
@files
@as_json_option
@click.argument("agent_id", metavar="ID")
def resume(config: Path | None, data_dir: Path | None, agent_id: str, as_json: bool) -> None:
    """Let a suspended agent act again."""
    show(operate(config, data_dir, "agents_resume", id=agent_id), as_json=as_json)


@agents.command("webhook-secret")
@files
@as_json_option
@click.argument("agent_id", metavar="ID")
def webhook_secret(
    config: Path | None, data_dir: Path | None, agent_id: str, as_json: bool
) -> None:
    """Print what the messages forwarded to an agent's callback URL are signed with."""
    secret = operate(config, data_dir, "agents_webhook_secret", id=agent_id)
    if as_json:
        show(secret, as_json=True)
    else:
        click.echo(secret["secret"])
