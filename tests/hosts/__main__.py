"""
Show what MCP hosts make of a hub: ``python3 run.py hosts [OPTIONS]``.

Each host is connected by the commands of docs/use/connect-clients.md. Its model is a stand-in on
this machine, which calls tools that the hub refuses. Exits with 1 if a host does not connect, drops
a tool or gives its model something else to read than the refusal; with 2 if no host can be had.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.hosts.hosts import NOT_RUN
from tests.hosts.matrix import demo_hub, rows, table
from tests.hosts.packages import NotInstallable, install


async def main(argv: Sequence[str]) -> int:
    """Run, print the matrix, and return 1 if something in it is wrong."""
    parser = argparse.ArgumentParser(
        prog="run.py hosts", description="What MCP hosts make of a hub."
    )
    parser.add_argument("--only", default="", metavar="NAME", help="hosts whose name holds this")
    options = parser.parse_args(argv)
    try:
        packages = install()
    except NotInstallable as reason:
        print(f"No host was run: {reason}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(
        prefix="trunkline-hosts-", ignore_cleanup_errors=True
    ) as folder:
        async with demo_hub(Path(folder)) as hub:
            found = await rows(hub, packages, Path(folder), options.only)
            print("\n".join(table(hub, found)))
            for host, why in NOT_RUN.items():
                print(f"{host}: not run, {why}")
            complaints = [each for row in found for each in row.complaints(hub)]
            print(
                "\n".join(
                    ["", *complaints, "", *(each for row in found for each in row.remarks(hub))]
                )
            )
    return int(bool(complaints))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
