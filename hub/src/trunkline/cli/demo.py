"""`trunkline demo`: a hub that works at once, with a simulated network."""

import os
from collections.abc import Callable
from pathlib import Path

import click

from trunkline.applications import RunningHub
from trunkline.cli import files
from trunkline.cli.loop import run
from trunkline.cli.serve import serve_until_stopped
from trunkline.demonstration import SLOTS, kept_here, prepare, welcome
from trunkline.settings import Settings, load_settings


@click.command()
@files
@click.option("--port", type=int, help="Port to listen on. Default: 3100.")
def demo(config: Path | None, data_dir: Path | None, port: int | None) -> None:
    """Serve a hub with a simulated network: two agents, a handset, a mailbox and WhatsApp."""
    settings = kept_here(
        load_settings(
            config=config,
            data_dir=data_dir,
            environ=os.environ,
            overrides={
                "server": {"port": port, "demo": True},
                "slots": SLOTS,
                "plugins": {"required": ["demo"]},
            },
        )
    )

    async def show(running: RunningHub, settings: Settings) -> Callable[[], None]:
        facts = await prepare(running.hub, settings.public_url, settings.server.data_dir)
        given = {"--config": config, "--data-dir": data_dir}
        files = {option: path for option, path in given.items() if path is not None}
        return lambda: click.echo(welcome(facts, files))

    run(serve_until_stopped(settings, show, migrate=False, level="warning"))
