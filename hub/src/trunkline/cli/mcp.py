"""`trunkline mcp`: one MCP client on stdin and stdout."""

import os
from pathlib import Path

import click

from trunkline.cli import files
from trunkline.cli.loop import run
from trunkline.link import HubLink
from trunkline.loading import stdout_is_stderr
from trunkline.logs import configure_logging, get_log
from trunkline.sdk import NotConfigured
from trunkline.settings import load_settings, secure_data_dir


@click.command()
@files
@click.option(
    "--era",
    type=click.Choice(["auto", "legacy"]),
    default="auto",
    show_default=True,
    help="Protocol eras to serve: both, or only the one with a handshake.",
)
def mcp(config: Path | None, data_dir: Path | None, era: str) -> None:
    """Serve one MCP client on stdin and stdout; the token is in TRUNKLINE_TOKEN."""
    configure_logging("warning")
    settings = load_settings(config=config, data_dir=data_dir, environ=os.environ)
    secure_data_dir(settings.server.data_dir, get_log("trunkline"))
    token = os.environ.get("TRUNKLINE_TOKEN", "")

    async def work() -> None:
        async with HubLink(settings, share=True) as link:
            if not token or (await link.request("GET", "/api/v1/tools", token)).status_code != 200:
                raise NotConfigured(
                    "TRUNKLINE_TOKEN is missing or not valid. Issue a token with "
                    "`trunkline tokens issue AGENT` and set it in the client's configuration."
                )
            from trunkline.surfaces.mcp.stdio import serve_stdio

            await serve_stdio(link, token, wire, legacy_only=era == "legacy")

    with stdout_is_stderr() as wire:  # where only the protocol goes, whatever plugins print
        run(work())
