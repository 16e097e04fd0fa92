"""`trunkline restore`: an empty database from a backup."""

from contextlib import nullcontext
from pathlib import Path

import click

from trunkline.cli import files
from trunkline.cli.db import choose, mark_restored
from trunkline.cli.loop import run
from trunkline.sdk import NotConfigured
from trunkline.serving import directory_lock


@click.command()
@files
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore(config: Path | None, data_dir: Path | None, path: Path) -> None:
    """
    Fill an empty database from the backup at PATH; no hub may run.

    The next start sends nothing that may have been sent since the backup was made.
    """
    chosen = choose(config, data_dir)
    where, url = chosen.context.data_dir, chosen.settings.database.url
    if chosen.spec.restore is None:
        raise NotConfigured(f"'{chosen.spec.name}' databases are restored with their own tools.")
    if not chosen.settings.encryption_keys and not (where / "master.key").exists():
        raise NotConfigured(
            f"Put the master key that belongs to the backup to {where / 'master.key'} first, or "
            "give it as CREDENTIALS_ENCRYPTION_KEY: with a new one nothing could be read."
        )

    async def mark() -> None:
        async with chosen.spec.open(url, chosen.context) as database:
            await database.write(mark_restored)

    with directory_lock(where) if chosen.spec.embedded else nullcontext():
        chosen.spec.restore(url, chosen.context, path)
        run(mark())
    click.echo(
        f"Restored from {path}. What was due when the backup was made may have been sent since: "
        "the next start calls it unknown and sends none of it again."
    )
