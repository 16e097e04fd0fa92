"""`trunkline templates`: texts with variables that agents send by an id."""

import json
import tomllib
from pathlib import Path
from typing import Any, Final

import click

from trunkline.cli import files
from trunkline.cli.operator import as_json_option, operate, table
from trunkline.cli.operator import show as show_result

_COLUMNS: Final = ("id", "languages", "channels", "variables", "atProviders")
_THEIRS: Final = ("connection", "providerId", "name", "language", "state", "variables", "usedBy")
_LEAST: Final = frozenset({"id", "updatedAt", "state"})
"""What is shown of a template, and is no part of it when it is set."""


@click.group()
def templates() -> None:
    """Write, show and remove templates."""


@templates.command("set")
@files
@as_json_option
@click.argument("template_id", metavar="ID")
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--language", default="en", help="Of a template of one text. Default: en.")
@click.option("--subject", help="Of a template of one text, for mails.")
@click.option("--body", help="Of a template of one text, with its variables as {{name}}.")
def set_template(
    config: Path | None,
    data_dir: Path | None,
    as_json: bool,
    template_id: str,
    file: Path | None,
    language: str,
    subject: str | None,
    body: str | None,
) -> None:
    """
    Store a template, in place of the one with its id.

    FILE holds it as TOML or JSON, in the form that `show --json` prints; --body writes one of a
    single text.
    """
    if (file is None) == (body is None):
        raise click.UsageError("Name a file, or give --body.")
    if file is not None:
        given = _read(file)
    else:
        given = {"texts": [{"language": language, "subject": subject, "body": body}]}
    stored = operate(config, data_dir, "templates_set", **{**given, "id": template_id})
    show_result(stored if as_json else _row(stored), as_json=as_json)


@templates.command("list")
@files
@as_json_option
def list_templates(config: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """List templates, and those that WhatsApp providers have, in the state that they list."""
    found = operate(config, data_dir, "templates_list")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table([_row(each) for each in found["templates"]], _COLUMNS, as_json=False)
    if found["atProviders"]:
        click.echo("\nAt providers:")
        table([_joined(each) for each in found["atProviders"]], _THEIRS, as_json=False)
    for each in found["notListed"]:
        click.echo(f"{each['connection']} did not list its templates: {each['reason']}", err=True)


@templates.command("show")
@files
@as_json_option
@click.argument("template_id", metavar="ID")
def show_template(
    config: Path | None, data_dir: Path | None, as_json: bool, template_id: str
) -> None:
    """Show one template."""
    found = operate(config, data_dir, "templates_show", id=template_id)
    if as_json:
        show_result(found, as_json=True)
        return
    show_result(_row(found), as_json=False)
    for text in found["texts"]:
        click.echo(f"\n[{text['language']}, {text.get('channel', 'every channel')}]")
        for field in ("subject", "body", "html"):
            if text.get(field):
                click.echo(f"{field}: {text[field]}")


@templates.command()
@files
@as_json_option
@click.argument("template_id", metavar="ID")
def remove(config: Path | None, data_dir: Path | None, as_json: bool, template_id: str) -> None:
    """Remove a template; what waits to be sent of it is sent all the same."""
    show_result(operate(config, data_dir, "templates_remove", id=template_id), as_json=as_json)


def _read(file: Path) -> dict[str, Any]:
    """Return what a file says of a template."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"'{file}' cannot be read.") from error
    try:
        given: object = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        kind = "JSON" if file.suffix == ".json" else "TOML"
        raise click.UsageError(f"'{file}' is no {kind}: {error}") from error
    if not isinstance(given, dict):
        raise click.UsageError(f"'{file}' holds no template.")
    for each in given.get("providerTemplates") or ():
        if isinstance(each, dict):
            each.pop("state", None)
    return {name: value for name, value in given.items() if name not in _LEAST}


def _row(found: Any) -> dict[str, Any]:
    """Return a template as a line of a table."""
    texts = found["texts"]
    return {
        "id": found["id"],
        "languages": ", ".join(dict.fromkeys(each["language"] for each in texts)),
        "channels": ", ".join(dict.fromkeys(each.get("channel", "all") for each in texts)),
        "variables": ", ".join(found["variables"]),
        "atProviders": ", ".join(
            f"{each['connection']} {each['language']} {each.get('state', '')}".rstrip()
            for each in found["providerTemplates"]
        ),
    }


def _joined(found: Any) -> dict[str, Any]:
    return {**found, "variables": ", ".join(found["variables"])}
