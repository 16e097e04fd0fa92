"""`trunkline mcp`: one MCP client on stdin and stdout."""

import os
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

import click

from trunkline.cli import files
from trunkline.cli.whereabouts import likely_socket
from trunkline.surfaces.mcp.opening import Opening, RunningHub, stdin_of_our_own


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
    token = os.environ.get("TRUNKLINE_TOKEN", "").strip()
    if not (token.isascii() and token.isprintable() and token):
        from trunkline.cli.stdio import ISSUE
        from trunkline.sdk import NotConfigured

        raise NotConfigured(f"TRUNKLINE_TOKEN holds no token. {ISSUE}")
    legacy_only = era == "legacy"
    with stdin_of_our_own() as stdin:
        lines = _open(config, data_dir, token, stdin, legacy_only=legacy_only)
        if lines is not None:
            from trunkline.cli.stdio import serve  # a second or two, which few clients wait

            serve(config, data_dir, token, stdin, lines, legacy_only=legacy_only)


def _open(
    config: Path | None, data_dir: Path | None, token: str, stdin: BinaryIO, *, legacy_only: bool
) -> Sequence[bytes] | None:
    """Let the hub that runs answer what comes first; return what is left, None if nothing is."""
    try:
        hub = RunningHub(likely_socket(config, data_dir, os.environ), token)
    except (OSError, ValueError):
        return ()  # what is wrong with the file is told by who reads all settings
    if not hub.knows_token():
        return ()
    try:
        return Opening(hub, legacy_only=legacy_only).serve(stdin, sys.stdout.buffer, _prepare)
    finally:
        hub.close()


def _prepare() -> None:
    """Begin to import what the first call of a tool will need, while the client thinks."""
    name = "trunkline.cli.stdio"
    if name not in sys.modules:
        threading.Thread(target=import_module, args=[name], daemon=True).start()
