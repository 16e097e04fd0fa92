"""`trunkline config`: the settings in force."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click
from pydantic import BaseModel

from trunkline.cli import files
from trunkline.cli.operator import operate
from trunkline.core.connections.configuring import REGISTERED, configure, is_secret
from trunkline.core.connections.lanes import Bounds
from trunkline.core.connections.registry import Connection
from trunkline.link import NoHub
from trunkline.loading import load_plugins
from trunkline.sdk import TrunklineError, major_units
from trunkline.settings import Settings, load_settings

_HIDDEN: Final = "********"
_NOTHING: Final = "-"
# Of other keys only a loaded adapter knows which are secret.
_NEVER_SECRET: Final = ("provider", "base_url")


@click.group()
def config() -> None:
    """Show the settings and where each comes from."""


@config.command()
@files
def show(config: Path | None, data_dir: Path | None) -> None:
    """
    Show every setting, its value (secrets masked), and where it comes from.

    Of each connection that is every field of its provider, and what is wrong about it.
    """
    settings = load_settings(config=config, data_dir=data_dir, environ=os.environ)
    found = configure(
        load_plugins(disabled=settings.plugins.disabled).providers,
        settings.connection_tables,
        settings.slots.by_kind(),
        os.environ,
        settings.origin_in_table,
    )
    configured = [each for each in found if not each.unasked]
    registered = _registered(config, data_dir)
    in_force = {**dict(_rows(settings)), "server.public_url": settings.public_url}
    rows = [(key, value, settings.origin_of(key)) for key, value in in_force.items()]
    rows += _connection_rows(settings, configured, registered)
    rows += _price_rows(settings)
    key_width, value_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    for key, value, origin in rows:
        click.echo(f"{key:{key_width}}  {value:{value_width}}  {origin}")
    faults = {each.name: each.fault for each in configured}
    faults |= {name: each["fault"] for name, each in registered.items()}
    for name, fault in faults.items():
        if fault:
            click.echo(f"The connection '{name}': {fault}", err=True)
    for name in sorted(settings.prices.keys() - {each.name for each in configured}):
        click.echo(f"[prices.{name}]: there is no connection of that name.", err=True)


def _registered(config: Path | None, data_dir: Path | None) -> dict[str, Mapping[str, Any]]:
    """Return what the hub of the data directory knows of registered connections, by name."""
    try:
        found = operate(config, data_dir, "providers_list")["providers"]
    except NoHub:
        return {}
    except TrunklineError as error:
        click.echo(f"What was registered is not shown: {error}", err=True)
        return {}
    return {each["connection"]: each for each in found if each["source"] != "settings"}


def _rows(settings: Settings) -> Iterator[tuple[str, str]]:
    for name in type(settings).model_fields:
        section = getattr(settings, name)
        if isinstance(section, BaseModel):
            yield from ((f"{name}.{key}", _shown(value)) for key, value in section)
    yield "admin_tokens", ", ".join(_HIDDEN for _ in settings.admin_tokens) or _NOTHING
    yield "encryption_keys", _HIDDEN if settings.encryption_keys else _NOTHING


def _connection_rows(
    settings: Settings,
    configured: Sequence[Connection],
    registered: Mapping[str, Mapping[str, Any]],
) -> Iterator[tuple[str, str, str]]:
    """Return key, value and origin of what each connection has, whether its provider is loaded."""
    by_name = {each.name: each for each in configured}
    for name in {**settings.connection_tables, **by_name, **registered}:
        section = "connections" if name in settings.connections else "providers"
        values, origins = _values(settings.connection_tables.get(name, {}), by_name.get(name))
        if name in registered:
            its = registered[name]
            given = {key: value or _HIDDEN for key, value in its["shown"].items()}
            values = {"provider": its["provider"], **values, **given}
            origins = {**origins, **dict.fromkeys(given, REGISTERED)}
            if its["source"] == REGISTERED:
                section, origins["provider"] = "connections", REGISTERED
        for key, shown in values.items():
            origin = origins.get(key) or settings.origin_in_table(name, key)
            yield f"{section}.{name}.{key}", shown, origin


def _price_rows(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Return key, value and origin of each price in place of an adapter's."""
    for name, prices in settings.prices.items():
        for field in sorted(prices.model_fields_set):
            key = f"prices.{name}.{field}"
            yield key, _price(getattr(prices, field)), settings.origin_of(key)


def _price(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{region} {_price(each)}" for region, each in value.items())
    return f"{major_units(value):f}" if isinstance(value, int) else str(value)


def _values(
    table: Mapping[str, object], connection: Connection | None
) -> tuple[dict[str, str], Mapping[str, str]]:
    """Return the keys of a connection with what may be shown of each, and who set those set."""
    values = {
        key: _shown(value) if key in _NEVER_SECRET else _HIDDEN for key, value in table.items()
    }
    if connection is None:
        return values, {}
    values |= {key: _shown(table[key]) for key in table.keys() & Bounds.model_fields.keys()}
    for field in connection.spec.config.model_fields:
        if connection.config is not None:
            value = getattr(connection.config, field)
            is_hidden = value and is_secret(connection.spec.config, field)
            values[field] = _HIDDEN if is_hidden else _shown(value)
        elif field in connection.sound:
            values[field] = _shown(connection.sound[field])
        elif field not in values:
            values[field] = _HIDDEN if field in connection.origins else _NOTHING
    return values, connection.origins


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(value) or _NOTHING
    if value is None:
        return _NOTHING
    without_user = re.sub(r"://.*@", f"://{_HIDDEN}@", str(value))
    return re.sub(r"(://.*)\?.*", rf"\1?{_HIDDEN}", without_user)
