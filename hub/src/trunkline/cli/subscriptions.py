"""`trunkline subscriptions`: what MCP hosts have subscribed to."""

from pathlib import Path

import click

from trunkline.cli import files
from trunkline.cli.operator import as_json_option, operate, show, table

_COLUMNS = ("subscriptionId", "agentId", "event", "url", "expiresAt", "waiting", "reason")


@click.group()
def subscriptions() -> None:
    """Show and end the subscriptions of MCP hosts."""


@subscriptions.command("list")
@files
@as_json_option
@click.option("--limit", type=int, default=50, help="How many, newest first. Default: 50.")
def list_subscriptions(
    config: Path | None, data_dir: Path | None, limit: int, as_json: bool
) -> None:
    """List living subscriptions, newest first."""
    found = operate(config, data_dir, "subscriptions_list", limit=limit)
    table(found["subscriptions"], _COLUMNS, as_json=as_json)


@subscriptions.command()
@files
@as_json_option
@click.argument("subscription_id", metavar="ID")
def end(config: Path | None, data_dir: Path | None, subscription_id: str, as_json: bool) -> None:
    """End a subscription, and give up what is on its way to it."""
    show(operate(config, data_dir, "subscriptions_end", id=subscription_id), as_json=as_json)
