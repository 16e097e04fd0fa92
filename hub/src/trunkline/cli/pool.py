"""`trunkline pool`: how many agents there may be."""

from pathlib import Path

import click

from trunkline.cli import files
from trunkline.cli.operator import as_json_option, operate
from trunkline.cli.operator import show as show_result


@click.group()
def pool() -> None:
    """Show and grow the pool of agent slots."""


@pool.command()
@files
@as_json_option
def show(config: Path | None, data_dir: Path | None, as_json: bool) -> None:
    """Show how many slots there are and how many are taken."""
    show_result(operate(config, data_dir, "pool_show"), as_json=as_json)


@pool.command()
@files
@as_json_option
@click.argument("size", metavar="N", type=int)
def grow(config: Path | None, data_dir: Path | None, size: int, as_json: bool) -> None:
    """Make the pool N slots large."""
    show_result(operate(config, data_dir, "pool_grow", size=size), as_json=as_json)
