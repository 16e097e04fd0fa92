"""`trunkline messages`: how messages stand, and what a person decides about one."""

from pathlib import Path
from typing import Final

import click

from trunkline.cli import files
from trunkline.cli.operator import as_json_option, operate, show, table

_COLUMNS: Final = (
    "id",
    "at",
    "agentId",
    "direction",
    "status",
    "flag",
    "connection",
    "reason",
)
_ATTEMPTS: Final = ("number", "state", "begunAt", "finishedAt", "externalId", "providerCode")
_HISTORY: Final = ("at", "status", "source", "moved", "eventId")


@click.group()
def messages() -> None:
    """List messages, look at one, and decide what became of it."""


@messages.command("list")
@files
@as_json_option
@click.option("--flagged", is_flag=True, help="Only those that wait for a person.")
@click.option("--status", help="One status, such as unknown or failed. Default: all.")
@click.option("--limit", type=int, default=50, help="How many, newest first. Default: 50.")
def list_messages(
    config: Path | None,
    data_dir: Path | None,
    flagged: bool,
    status: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List messages, newest first, and how they stand; not what they say."""
    found = operate(config, data_dir, "messages_list", flagged=flagged, status=status, limit=limit)
    table(found["messages"], _COLUMNS, as_json=as_json)


@messages.command("show")
@files
@as_json_option
@click.argument("message_id", metavar="ID")
def show_message(
    config: Path | None, data_dir: Path | None, message_id: str, as_json: bool
) -> None:
    """Show how a message stands, every attempt at it and its history; not what it says."""
    result = dict(operate(config, data_dir, "messages_show", id=message_id))
    if as_json:
        show(result, as_json=True)
        return
    attempts, history = result.pop("attempts"), result.pop("history")
    show(result, as_json=False)
    for rows, columns in ((attempts, _ATTEMPTS), (history, _HISTORY)):
        click.echo()
        table(rows, columns, as_json=False)


@messages.command()
@files
@as_json_option
@click.argument("message_id", metavar="ID")
@click.option("--sent", is_flag=True, help="You found that it was sent.")
@click.option("--not-sent", is_flag=True, help="You found that it was not sent.")
@click.option("--opted-out", is_flag=True, help="Its sender wants no more texts.")
@click.option("--not-opted-out", is_flag=True, help="Its sender wants something else.")
def resolve(
    config: Path | None,
    data_dir: Path | None,
    message_id: str,
    sent: bool,
    not_sent: bool,
    opted_out: bool,
    not_opted_out: bool,
    as_json: bool,
) -> None:
    """
    Decide about a message that waits for a person.

    Of one whose outcome is unknown, whether it was sent: if it was not, it is tried again, unless
    its time has passed or its text is gone. Of an inbound one that may ask for no more texts,
    whether its sender has opted out: that closes the number.
    """
    if sum((sent, not_sent, opted_out, not_opted_out)) != 1:
        raise click.UsageError("Give one of --sent, --not-sent, --opted-out and --not-opted-out.")
    found = {"sent": sent} if sent or not_sent else {"optedOut": opted_out}
    done = operate(config, data_dir, "messages_resolve", id=message_id, **found)
    show(done, as_json=as_json)


@messages.command()
@files
@as_json_option
@click.argument("message_id", metavar="ID")
def retry(config: Path | None, data_dir: Path | None, message_id: str, as_json: bool) -> None:
    """Let the next attempt at a queued message begin now."""
    show(operate(config, data_dir, "messages_retry", id=message_id), as_json=as_json)
