"""`trunkline plugins`: what is installed, and what of it is used."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import click

from trunkline.cli import files
from trunkline.cli.check import check, check_installed
from trunkline.loading import PluginReport, load_plugins
from trunkline.settings import SettingsError, find_file, load_settings, variable_name


@click.group()
def plugins() -> None:
    """Show, enable, disable and check plugins."""


plugins.add_command(check)


@plugins.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@files
def list_(config: Path | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Show every installed plugin: its version, what it offers, its state and why."""
    settings = load_settings(config=config, data_dir=data_dir, environ=os.environ)
    reports = load_plugins(disabled=settings.plugins.disabled).reports
    if as_json:
        click.echo(json.dumps({"plugins": [_as_json(report) for report in reports]}, indent=2))
    elif reports:
        click.echo(_table(reports))
    else:
        click.echo(
            "No plugin is installed. A hub needs a database and a provider, such as "
            "trunkline-sqlite and trunkline-demo: install them."
        )


@plugins.command()
@click.argument("name")
@files
def enable(name: str, config: Path | None, data_dir: Path | None) -> None:
    """Use a plugin again from the next start on."""
    _edit(name, config, data_dir, to_disable=False)


@plugins.command()
@click.argument("name")
@files
def disable(name: str, config: Path | None, data_dir: Path | None) -> None:
    """Leave a plugin out, not even importing it, from the next start on."""
    _edit(name, config, data_dir, to_disable=True)


def _as_json(report: PluginReport) -> dict[str, object]:
    return {
        "name": report.name,
        "distribution": report.dist,
        "version": report.version,
        "state": report.state,
        "detail": report.detail,
        "kinds": report.kinds,
        "providers": report.providers,
        "capabilities": report.capabilities,
    }


def _table(reports: Sequence[PluginReport]) -> str:
    rows = [("NAME", "VERSION", "STATE", "KINDS", "CAPABILITIES", "WHY")]
    for report in reports:
        kinds, capabilities = ", ".join(report.kinds), ", ".join(report.capabilities)
        version, state = report.version, report.state
        rows.append((report.name, version, state, kinds, capabilities, report.detail))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _edit(name: str, config: Path | None, data_dir: Path | None, *, to_disable: bool) -> None:
    """Put a plugin on the list of disabled ones, or take it off; the file's comments stay."""
    import tomlkit  # of the server: `list` and `check` work without

    file = find_file(config, os.environ)
    text = ""
    if file.exists():
        load_settings(config=file, data_dir=data_dir, environ=os.environ)  # or say what is wrong
        text = file.read_text("utf-8")
    document = tomlkit.parse(text)
    table = document.setdefault("plugins", tomlkit.table())
    disabled = table.get("disabled", [])
    if isinstance(disabled, str):  # "a, b" is allowed too
        disabled = [each.strip() for each in disabled.split(",")]
    check_installed(name, disabled)
    if to_disable == (name in disabled):
        click.echo(f"{name} is {'disabled' if to_disable else 'enabled'} already.")
        return
    if to_disable:
        disabled.append(name)
    else:
        disabled.remove(name)
    table["disabled"] = disabled
    try:
        file.write_text(tomlkit.dumps(document), "utf-8")
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}.") from error
    click.echo(
        f"{'Disabled' if to_disable else 'Enabled'} {name} in {file}. Restart the hub to apply it."
    )
    variable = variable_name("plugins.disabled")
    if os.environ.get(variable):
        click.echo(f"But {variable} is set and wins over the file.", err=True)
