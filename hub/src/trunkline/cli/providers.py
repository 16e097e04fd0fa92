"""`trunkline providers`: accounts that are registered, whether they hold, and their voices."""

import json
import sys
from pathlib import Path

import click

from trunkline.cli import files
from trunkline.cli.operator import as_json_option, operate, table

_WORDS = {"yes": "ok", "no": "bad", "untold": "look"}


@click.group()
def providers() -> None:
    """Register accounts of providers, ask about them, and list their voices."""


@providers.command("set")
@files
@as_json_option
@click.argument("name")
@click.argument("values", metavar="KEY=VALUE...", nargs=-1, required=True)
@click.option("--provider", help="Whose account it is. Default: the provider called NAME.")
@click.option("--unverified", is_flag=True, help="Do not ask the provider first.")
def set_(
    config: Path | None,
    data_dir: Path | None,
    as_json: bool,
    name: str,
    values: tuple[str, ...],
    provider: str | None,
    unverified: bool,
) -> None:
    """
    Register an account as the connection NAME, or change what was registered of it.

    It is in force at once, on every hub of the database, and is kept encrypted. KEY=- asks for the
    value, or reads a line of standard input for each, so that no secret stands in the shell's
    history; an empty VALUE clears a key. The provider is asked first: what it refuses is not
    stored, and the exit code is 1.
    """
    given = {"connection": name, "values": dict(map(_pair, values)), "unverified": unverified}
    found = operate(config, data_dir, "providers_set", provider=provider, **given)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo(f"{found['connection']} ({found['provider']}): {found['status']}")
        click.echo(found["reason"])
    if found["status"] == "invalid_credentials":
        raise click.exceptions.Exit(1)


def _pair(text: str) -> tuple[str, str | None]:
    """Return a key and its value, which nobody saw if it was asked for."""
    key, divider, value = text.partition("=")
    if not divider:
        raise click.UsageError("Give each value as KEY=VALUE.")
    if value == "-":
        if sys.stdin.isatty():
            value = click.prompt(key, hide_input=True)
        else:
            value = sys.stdin.readline().rstrip("\r\n")
    return key, value or None


@providers.command()
@files
@as_json_option
@click.argument("name")
def remove(config: Path | None, data_dir: Path | None, as_json: bool, name: str) -> None:
    """
    Forget what was registered of a connection; it falls back to what the settings have of it.

    Refused while agents have it, a slot names it, or messages over it are under way.
    """
    found = operate(config, data_dir, "providers_remove", connection=name)
    click.echo(json.dumps(found, indent=2) if as_json else f"{name}: {found['stands']}")


@providers.command("list")
@files
@as_json_option
def list_(config: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """List the connections, how each does, and whether it was registered."""
    found = operate(config, data_dir, "providers_list")["providers"]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    columns = ("connection", "provider", "kinds", "state", "source", "status", "verifiedAt")
    table(found, columns)
    for each in found:
        if each["fault"]:
            click.echo(f"{each['connection']}: {each['fault']}", err=True)


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


@providers.command()
@files
@as_json_option
@click.argument("name")
def voices(config: Path | None, data_dir: Path | None, as_json: bool, name: str) -> None:
    """
    List the voices of a connection that speaks: the id that a text may name, and its languages.

    A voice without languages speaks whatever a text is in.
    """
    found = operate(config, data_dir, "providers_voices", connection=name)
    if found["fault"] is not None:
        raise click.ClickException(f"{name}: {found['fault']}")
    if as_json:
        click.echo(json.dumps(found["voices"], indent=2))
        return
    for each in found["voices"]:
        languages = ", ".join(each["languages"]) or "any language"
        click.echo(f"{each['id']}  {each['name']} ({languages})")
