"""`trunkline serve`: the hub."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import click

from trunkline.app import open_hub
from trunkline.applications import RunningHub
from trunkline.cli import files
from trunkline.cli.loop import run
from trunkline.loading import Plugins, PluginState, load_plugins
from trunkline.logs import configure_logging, get_log
from trunkline.serving import bind, directory_lock
from trunkline.serving import serve as serve_hub
from trunkline.settings import Settings, load_settings, secure_data_dir

PATIENCE_S: Final = 30.0
"""How long a database server that starts later than the hub is waited for."""

Prepare = Callable[[RunningHub, Settings], Awaitable[Callable[[], None]]]
"""Runs before the hub answers, with the port it will really have; its result runs once it does."""


@click.command()
@files
@click.option("--host", help="Address to listen on. Default: 127.0.0.1.")
@click.option("--port", type=int, help="Port to listen on. Default: 3100.")
@click.option("--migrate", is_flag=True, help="Migrate a database server's tables if needed.")
def serve(
    config: Path | None, data_dir: Path | None, host: str | None, port: int | None, migrate: bool
) -> None:
    """Serve the hub until SIGTERM or Ctrl-C."""
    settings = load_settings(
        config=config,
        data_dir=data_dir,
        environ=os.environ,
        overrides={"server": {"host": host, "port": port}},
    )

    async def prepare(running: RunningHub, settings: Settings) -> Callable[[], None]:
        server = settings.server
        return lambda: get_log("trunkline").info("hub.serving", host=server.host, port=server.port)

    run(serve_until_stopped(settings, prepare, migrate=migrate))


async def serve_until_stopped(
    settings: Settings, prepare: Prepare, *, migrate: bool, level: str = "info"
) -> None:
    """Serve the hub of a data directory until it is told to stop."""
    configure_logging(level)
    data_dir = settings.server.data_dir
    secure_data_dir(data_dir, get_log("trunkline"))
    # The lock first: of a hub that runs here already, its process says more than its port.
    with directory_lock(data_dir), bind(settings) as listener:
        port = listener.getsockname()[1]
        server = settings.server.model_copy(update={"port": port})
        settings = settings.model_copy(update={"server": server})
        async with open_hub(
            settings, loaded(settings), migrate=migrate, patience_s=PATIENCE_S
        ) as running:
            started = await prepare(running, settings)
            came = await serve_hub(running, listener, data_dir, started)
    get_log("trunkline").info("hub.stopped", signal=came.name)


def loaded(settings: Settings) -> Plugins:
    """Load the plugins and log what did not load; RequiredPluginMissing ends the start."""
    plugins = load_plugins(disabled=settings.plugins.disabled, required=settings.plugins.required)
    log = get_log("trunkline")
    for report in plugins.reports:
        if report.state not in (PluginState.LOADED, PluginState.DISABLED):
            log.error("plugin.not_loaded", plugin=report.name, state=report.state.value)
    return plugins
