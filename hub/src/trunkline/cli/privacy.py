"""`trunkline privacy`: what is kept."""

from pathlib import Path

import click

from trunkline.cli import files
from trunkline.cli.operator import as_json_option, operate, show


@click.group()
def privacy() -> None:
    """Choose which texts are kept."""


@privacy.command()
@files
@as_json_option
@click.argument("agent_id", metavar="AGENT")
@click.option("--channel", required=True, help="sms, whatsapp, email or chat.")
@click.option("--days", type=int, required=True, help="For how long; 0 keeps none.")
def keep(
    config: Path | None,
    data_dir: Path | None,
    agent_id: str,
    channel: str,
    days: int,
    as_json: bool,
) -> None:
    """Keep an agent's texts of one channel, encrypted, from now on."""
    kept = operate(config, data_dir, "privacy_keep", id=agent_id, channel=channel, days=days)
    show(kept, as_json=as_json)
