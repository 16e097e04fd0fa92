"""`trunkline events`: what became of what providers told."""

from pathlib import Path

import click

from trunkline.cli import files
from trunkline.cli.operator import as_json_option, operate, table

_COLUMNS = ("eventId", "at", "connection", "kind", "state", "messageId", "reason")


@click.group()
def events() -> None:
    """Show what became of providers' webhooks, and replay dead letters."""


@events.command("list")
@files
@as_json_option
@click.option("--state", help="handled, ignored, dead or waiting. Default: all.")
@click.option("--limit", type=int, default=50, help="How many. Default: 50.")
def list_events(
    config: Path | None, data_dir: Path | None, as_json: bool, state: str | None, limit: int
) -> None:
    """List the newest events and how they ended."""
    found = operate(config, data_dir, "events_list", state=state, limit=limit)
    table(found["events"], _COLUMNS, as_json=as_json)


@events.command()
@files
@as_json_option
@click.argument("event_id", metavar="[EVENT]", required=False)
@click.option("--dead", is_flag=True, help="Replay every dead letter.")
def replay(
    config: Path | None, data_dir: Path | None, as_json: bool, event_id: str | None, dead: bool
) -> None:
    """
    Take dead letters in again, once their adapter is repaired.

    The exit code is 1 if one of them stays dead.
    """
    if dead == (event_id is not None):
        raise click.UsageError("Name an event, or give --dead.")
    replayed = operate(config, data_dir, "events_replay", id=event_id)["events"]
    table(replayed, ("eventId", "state", "messageId", "outcome"), as_json=as_json)
    if any(event["state"] == "dead" for event in replayed):
        raise click.exceptions.Exit(1)
