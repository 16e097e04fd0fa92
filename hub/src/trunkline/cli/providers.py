"""`trunkline providers`: do the connections hold?"""

import json
from pathlib import Path

import click

from trunkline.cli import files
from trunkline.cli.operator import as_json_option, operate

_WORDS = {"yes": "ok", "no": "bad", "untold": "look"}


@click.group()
def providers() -> None:
    """Ask providers whether they know the accounts."""


@providers.command()
@files
@as_json_option
@click.argument("name", metavar="[NAME]", required=False)
def verify(config: Path | None, data_dir: Path | None, as_json: bool, name: str | None) -> None:
    """
    Ask the provider of a connection, or of each, whether it knows the account; nothing is sent.

    Each line is `ok`, `bad`, or `look` (its adapter cannot ask). The exit code is 1 if one is bad.
    """
    found = operate(config, data_dir, "providers_verify", connection=name)["connections"]
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for each in found:
            kind = f" ({each['kind']})" if "kind" in each else ""
            click.echo(f"{_WORDS[each['held']]:4}  {each['connection']}{kind}: {each['sentence']}")
        if not found:
            click.echo("No connection is configured.")
    if any(each["held"] == "no" for each in found):
        raise click.exceptions.Exit(1)
