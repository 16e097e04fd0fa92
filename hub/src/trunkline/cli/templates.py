"""What `trunkline templates` takes and prints: texts with variables that agents send by an id."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from trunkline.cli.operator import show, table

_COLUMNS: Final = ("id", "languages", "channels", "variables", "atProviders")
_THEIRS: Final = ("connection", "providerId", "name", "language", "state", "variables", "usedBy")
_LEAST: Final = frozenset({"id", "updatedAt", "state"})
"""What is shown of a template, and is no part of it when it is set."""


def template_of(given: dict[str, Any]) -> dict[str, Any]:
    """Return a template that is given by a file, or by its one text."""
    template_id, file, body = given["id"], given["file"], given["body"]
    if (file is None) == (body is None):
        raise click.UsageError("Name a file, or give --body.")
    if file is not None:
        return {**_read(Path(file)), "id": template_id}
    text = {"language": given["language"], "subject": given["subject"], "body": body}
    return {"texts": [text], "id": template_id}


def show_stored(stored: Mapping[str, Any]) -> None:
    """Print a template in a few lines."""
    show(_row(stored))


def show_template(found: Mapping[str, Any]) -> None:
    """Print a template with its texts."""
    show(_row(found))
    for text in found["texts"]:
        click.echo(f"\n[{text['language']}, {text.get('channel', 'every channel')}]")
        for field in ("subject", "body", "html"):
            if text.get(field):
                click.echo(f"{field}: {text[field]}")


def show_templates(found: Mapping[str, Any]) -> None:
    """Print every template, and what providers have."""
    table([_row(each) for each in found["templates"]], _COLUMNS)
    if found["atProviders"]:
        click.echo("\nAt providers:")
        table([_joined(each) for each in found["atProviders"]], _THEIRS)
    for each in found["notListed"]:
        click.echo(f"{each['connection']} did not list its templates: {each['reason']}", err=True)


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
