"""
Kill hubs under load and look what became of every message: ``python3 run.py chaos [OPTIONS]``.

Exits with 1 if anything was lost, doubled, claimed falsely or left behind. A run with the same seed
does the same things in the same order, at moments that are the machine's.
"""

import argparse
import asyncio
import logging
import signal
import sys
import tempfile
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from plugins.postgres.tests.server import postgres_server
from tests.chaos.drive import CHANNELS, DURABLE, FLAVOURS, Plan, carry_out
from tests.chaos.report import (
    PAGE,
    Outcome,
    added_up,
    complaints,
    is_kept,
    record,
    recorded,
    table,
    written,
)

PLACES: Final = {"sqlite": ("sqlite", 1), "postgres": ("postgres", 1), "replicas": ("postgres", 3)}


def main(argv: Sequence[str]) -> int:
    """Run, print the table, and return 1 if a promise was broken."""
    options = _options(argv)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # connections break here all the time
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and end the processes first
    outcomes = []
    for place in options.db:
        for flavour in options.flavour:
            for channel in options.channel:
                outcome = _carried_out(channel, flavour, place, options)
                outcomes.append(outcome)
                print(f"{channel}, {flavour}, {place}: {outcome.kills} kills", flush=True)
                for line in complaints([outcome]):
                    print(f"  {line}", flush=True)
                if options.record:
                    record(options.record, outcome)
    if options.record:
        outcomes = recorded(options.record)
    print("\n".join(table(added_up(outcomes))))
    if options.write:
        PAGE.write_text(written(argv, outcomes), "utf-8")
    return int(not all(is_kept(outcome) for outcome in added_up(outcomes)))


def _carried_out(channel: str, flavour: str, place: str, options: argparse.Namespace) -> Outcome:
    database, hubs = PLACES[place]
    plan = Plan(
        flavour=flavour,
        database=database,
        hubs=hubs,
        kills=options.kills,
        seed=options.seed,
        channel=channel,
    )
    with (
        tempfile.TemporaryDirectory(prefix="tl-") as home,
        postgres_server(DURABLE) if database == "postgres" else nullcontext() as server,
    ):
        return asyncio.run(carry_out(plan, Path(home), server))


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run.py chaos", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=30, help="of each flavour and database")
    parser.add_argument("--seed", type=int, default=1)
    choices = (("--flavour", FLAVOURS), ("--db", PLACES), ("--channel", CHANNELS))
    for name, known in ((name, list(known)) for name, known in choices):
        parser.add_argument(name, type=_list_of(known), default=known, help=",".join(known))
    parser.add_argument("--record", type=Path, help="a file of runs to add this one to")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} from the runs")
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
