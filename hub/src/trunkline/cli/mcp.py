"""`trunkline mcp`: one MCP client on stdin and stdout."""

import os
from http import HTTPStatus
from pathlib import Path
from typing import Final

import click

from trunkline.cli import files
from trunkline.cli.loop import run
from trunkline.link import HubLink
from trunkline.loading import stdout_is_stderr
from trunkline.logs import configure_logging
from trunkline.sdk import NotConfigured
from trunkline.settings import load_settings

_ISSUE: Final = (
    "Issue one with `trunkline tokens issue AGENT` and set it in the client's configuration."
)
_ELSEWHERE: Final = (
    "If it is of another hub, name that one's directory: add --data-dir DIR to the arguments, or "
    "TRUNKLINE_DATA_DIR (for the demo's hub DEMO_MODE=true) to the environment."
)


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
    token = os.environ.get("TRUNKLINE_TOKEN", "").strip()
    if not (token.isascii() and token.isprintable() and token):
        raise NotConfigured(f"TRUNKLINE_TOKEN holds no token. {_ISSUE}")

    async def work() -> None:
        async with HubLink(settings, share=True, creates=False) as link:
            answer = await link.request("GET", "/api/v1/tools", token)
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                raise NotConfigured(
                    "TRUNKLINE_TOKEN holds no valid token of the hub in "
                    f"{settings.server.data_dir}. {_ISSUE} {_ELSEWHERE}"
                )
            from trunkline.surfaces.mcp.stdio import serve_stdio

            await serve_stdio(link, token, wire, legacy_only=era == "legacy")

    with stdout_is_stderr() as wire:  # where only the protocol goes, whatever plugins print
        run(work())
