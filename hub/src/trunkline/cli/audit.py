"""``trunkline audit``: as the operations are, but that an export is as long as it is."""

import os
from pathlib import Path
from typing import BinaryIO

from trunkline.cli import files
from trunkline.cli.loop import run
from trunkline.cli.operator import OperationRefused
from trunkline.cli.rendered import group
from trunkline.link import HubLink
from trunkline.loading import stdout_is_stderr
from trunkline.logs import configure_logging
from trunkline.settings import load_settings
from trunkline.surfaces.commands import COMMANDS

audit = group("audit")


@audit.command("export", help=COMMANDS["audit_export"].text)
@files
def export(config: Path | None, data_dir: Path | None) -> None:
    configure_logging("warning")
    settings = load_settings(config=config, data_dir=data_dir, environ=os.environ)

    async def work(out: BinaryIO) -> None:
        async with HubLink(settings, share=False, creates=False) as link:
            after: int | None = 0
            while after is not None:
                asked = {"after": after}
                response = await link.request("POST", "/api/v1/tools/audit_export", json=asked)
                told = response.json()
                if not response.is_success:
                    raise OperationRefused(told["detail"])
                out.writelines(f"{line}\n".encode() for line in told["lines"])
                after = told["next"]

    with stdout_is_stderr() as out:  # a hub of this process's own may have plugins that print
        run(work(out))
