"""
Measure Trunkline against what bounds it: ``python3 run.py bench [OPTIONS]``.

Every figure that has a gate is a ratio to something measured in the same run, in turn with it, so
that a slow or a busy machine changes neither. Linux only.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from bench import checks, clients, direct, mcp, memory, p1, p2, p3, startup
from bench.databases import durable_postgres
from bench.figures import Figure, Verdict
from bench.run import DATABASES, Run
from trunkline.logs import configure_logging

PARTS: Final[dict[str, Callable[[Run], Iterator[Figure]]]] = {
    "p1": p1.measure,
    "mcp": mcp.measure,
    "direct": direct.measure,
    "p2": p2.measure,
    "p3": p3.measure,
    "startup": startup.measure,
    "memory": memory.measure,
    "checks": checks.measure,
    "clients": clients.measure,
}


def main(argv: Sequence[str]) -> int:
    """Measure, print, and return 1 if anything is over its gate or wrong."""
    options = _options(argv)
    configure_logging("warning")
    wants_postgres = "postgres" in options.db
    with (
        tempfile.TemporaryDirectory(prefix="tl-", dir="/tmp") as home,
        durable_postgres() if wants_postgres else nullcontext() as postgres,
    ):
        if wants_postgres and postgres is None:
            print("PostgreSQL is not installed here and is left out.", flush=True)
            options.db.remove("postgres")
        run = Run(
            quick=options.quick,
            databases=tuple(options.db),
            home=Path(home),
            postgres=postgres,
        )
        figures = list(_measured(run, options.only))
    return int(any(figure.verdict is Verdict.FAIL for figure in figures))


def _measured(run: Run, parts: Sequence[str]) -> Iterator[Figure]:
    for name in parts:
        started = time.monotonic()
        for figure in PARTS[name](run):
            print(_line(figure), flush=True)
            yield figure
        print(f"({name}: {time.monotonic() - started:.0f} s)", flush=True)


def _line(figure: Figure) -> str:
    return f"{figure.name:<52} {figure.measured:<34} {figure.gate:<12} {figure.verdict}"


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--db", type=_list_of(DATABASES), default=list(DATABASES))
    parser.add_argument("--only", type=_list_of(PARTS), default=list(PARTS))
    return parser.parse_args(argv)


def _list_of(known: Collection[str]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        given = text.split(",")
        if unknown := set(given) - set(known):
            raise argparse.ArgumentTypeError(f"{sorted(unknown)} is none of {sorted(known)}")
        return given

    return names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
