"""The client on stdin and stdout served by the SDK, once its first questions are answered."""

import os
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, Final

from trunkline.cli.loop import run
from trunkline.link import HubLink
from trunkline.loading import stdout_is_stderr
from trunkline.logs import configure_logging
from trunkline.sdk import NotConfigured
from trunkline.settings import load_settings
from trunkline.surfaces.mcp.stdio import serve_stdio

ISSUE: Final = (
    "Issue one with `trunkline tokens issue AGENT` and set it in the client's configuration."
)
_ELSEWHERE: Final = (
    "If it is of another hub, name that one's directory: add --data-dir DIR to the arguments, or "
    "TRUNKLINE_DATA_DIR (for the demo's hub DEMO_MODE=true) to the environment."
)


def serve(
    config: Path | None,
    data_dir: Path | None,
    token: str,
    stdin: BinaryIO,
    opening: Sequence[bytes],
    *,
    legacy_only: bool,
) -> None:
    """Serve the client to its end: by the hub that runs, or as the hub."""
    configure_logging("warning")
    settings = load_settings(config=config, data_dir=data_dir, environ=os.environ)

    async def work() -> None:
        async with HubLink(settings, share=True, creates=False) as link:
            answer = await link.request("GET", "/api/v1/tools", token)
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                raise NotConfigured(
                    "TRUNKLINE_TOKEN holds no valid token of the hub in "
                    f"{settings.server.data_dir}. {ISSUE} {_ELSEWHERE}"
                )
            await serve_stdio(link, token, stdin, wire, legacy_only=legacy_only, opening=opening)

    with stdout_is_stderr() as wire:  # where only the protocol goes, whatever plugins print
        run(work())
