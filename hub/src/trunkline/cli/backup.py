"""`trunkline backup`: the database as it is now, in one file."""

import os
from pathlib import Path

import click

from trunkline.cli import files
from trunkline.cli.db import choose, mark_restored
from trunkline.sdk import DatabaseFailed, NotConfigured


@click.command()
@files
@click.argument("path", type=click.Path(path_type=Path))
def backup(config: Path | None, data_dir: Path | None, path: Path) -> None:
    """Write the whole database to the new file PATH, while the hub runs."""
    chosen = choose(config, data_dir)
    if chosen.spec.backup is None:
        raise NotConfigured(f"'{chosen.spec.name}' databases are backed up with their own tools.")
    draft = path.with_name(f"{path.name}.part")
    if path.exists():
        raise click.UsageError(f"{path} is there already; name a new file.")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            chosen.spec.backup(chosen.settings.database.url, chosen.context, draft, mark_restored)
            os.link(draft, path)  # fails if somebody else was quicker, and overwrites nothing
        finally:
            draft.unlink()
    except FileExistsError as taken:
        there = taken.filename2 or taken.filename  # a draft may be another backup's, or its rest
        raise click.UsageError(f"{there} is there already; name a new file.") from None
    except OSError as error:
        raise DatabaseFailed(f"{path} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote {path}, {path.stat().st_size / 1024**2:.1f} MB.")
    click.echo(
        "The master key is not in it, and without that key no text and no token in it is of use. "
        + _where_the_key_is(
            chosen.context.data_dir, from_environment=bool(chosen.settings.encryption_keys)
        )
    )


def _where_the_key_is(data_dir: Path, *, from_environment: bool) -> str:
    where = "CREDENTIALS_ENCRYPTION_KEY" if from_environment else f"{data_dir / 'master.key'}"
    return f"Keep {where} too, in another place."
