"""
Measure Trunkline against what bounds it: ``python3 run.py bench [OPTIONS]``.

Every gate is on a ratio to something that was measured in turn with it, or on a time with much
room. Exits with 1 if a figure is beyond its gate, or if what was stored or answered was wrong.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from bench import checks, clients, direct, engine, mcp, memory, p1, p2, p3, startup
from bench.databases import durable_postgres
from bench.figures import Figure, Verdict
from bench.gates import DATABASES, GATES
from bench.report import PAGE, TITLES, commit, weather, written
from bench.run import Run
from trunkline.logs import configure_logging

PARTS: Final[dict[str, Callable[[Run], Iterator[Figure]]]] = {
    "p1": p1.measure,
    "mcp": mcp.measure,
    "direct": direct.measure,
    "engine": engine.measure,
    "p2": p2.measure,
    "p3": p3.measure,
    "startup": startup.measure,
    "memory": memory.measure,
    "checks": checks.measure,
    "clients": clients.measure,
}


def main(argv: Sequence[str]) -> int:
    """Measure, print, and return 1 if anything is beyond its gate or wrong."""
    if not sys.platform.startswith("linux"):
        sys.exit("The bench reads the processes' figures from /proc, so it needs Linux.")
    options = _options(argv)
    configure_logging("warning")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and end the servers first
    wants_postgres = "postgres" in options.db
    with (
        tempfile.TemporaryDirectory(prefix="tl-") as home,
        durable_postgres() if wants_postgres else nullcontext() as postgres,
    ):
        if wants_postgres and postgres is None:
            print("PostgreSQL is not installed here and is left out.")
            options.db.remove("postgres")
        run = Run(
            quick=options.quick, databases=tuple(options.db), home=Path(home), postgres=postgres
        )
        print(f"Trunkline at {commit()}, the naive build at {commit('bench/naive')}, {_size(run)}")
        figures = {name: list(_measured(run, name)) for name in options.only}
        print(weather(run))
        if options.write:
            PAGE.write_text(written(run, argv, figures), "utf-8")
    found = [figure for part in figures.values() for figure in part]
    missing = GATES.keys() - {figure.name for figure in found}
    if missing:
        print(f"Not measured: {len(missing)} of {len(GATES)} figures with a gate.")
    return int(any(figure.verdict is Verdict.FAIL for figure in found))


def _measured(run: Run, part: str) -> Iterator[Figure]:
    print(f"\n{TITLES[part]} ({part})", flush=True)
    started = time.monotonic()
    for figure in PARTS[part](run):
        line = f"  {figure.name:<62} {figure.measured:<38} {figure.gate:<10} {figure.verdict}"
        print(line.rstrip(), flush=True)
        yield figure
    print(f"  {time.monotonic() - started:.0f} s", flush=True)


def _size(run: Run) -> str:
    quick = " (a quick run: do not rely on it)" if run.quick else ""
    return f"{run.rounds} rounds{quick}"


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run.py bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, less data")
    for name, known in (("--db", list(DATABASES)), ("--only", list(PARTS))):
        parser.add_argument(name, type=_list_of(known), default=known, help=",".join(known))
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} from this run")
    options = parser.parse_args(argv)
    if options.write and (set(options.only) != set(PARTS) or set(options.db) != set(DATABASES)):
        parser.error("--write needs a whole run: leave out --only and --db")
    return options


def _list_of(known: Collection[str]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        given = text.split(",")
        if unknown := set(given) - set(known):
            raise argparse.ArgumentTypeError(f"{sorted(unknown)} is none of {sorted(known)}")
        return given

    return names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
