"""`trunkline config`: the settings in force."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
from pydantic import BaseModel

from trunkline.cli import files
from trunkline.settings import Settings, load_settings

_HIDDEN: Final = "********"
_NOTHING: Final = "-"
# Of an adapter's other keys only the adapter knows which are secret.
_NEVER_SECRET: Final = ("provider", "base_url")


@click.group()
def config() -> None:
    """Show the settings and where each comes from."""


@config.command()
@files
def show(config: Path | None, data_dir: Path | None) -> None:
    """Show every setting, its value (secrets masked), and where it comes from."""
    settings = load_settings(config=config, data_dir=data_dir, environ=os.environ)
    in_force = {**dict(_rows(settings)), "server.public_url": settings.public_url}
    rows = [(key, value, settings.origin_of(key)) for key, value in in_force.items()]
    key_width, value_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    for key, value, origin in rows:
        click.echo(f"{key:{key_width}}  {value:{value_width}}  {origin}")


def _rows(settings: Settings) -> Iterator[tuple[str, str]]:
    for name in type(settings).model_fields:
        section = getattr(settings, name)
        if isinstance(section, BaseModel):
            yield from ((f"{name}.{key}", _shown(value)) for key, value in section)
    for name, tables in (("providers", settings.providers), ("connections", settings.connections)):
        for connection, table in tables.items():
            for key, value in table.items():
                shown = _shown(value) if key in _NEVER_SECRET else _HIDDEN
                yield f"{name}.{connection}.{key}", shown
    yield "admin_tokens", ", ".join(_HIDDEN for _ in settings.admin_tokens) or _NOTHING
    yield "encryption_key", _HIDDEN if settings.encryption_key else _NOTHING


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(value) or _NOTHING
    if value is None:
        return _NOTHING
    without_user = re.sub(r"://.*@", f"://{_HIDDEN}@", str(value))
    return re.sub(r"(://.*)\?.*", rf"\1?{_HIDDEN}", without_user)
