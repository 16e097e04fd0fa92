"""
Run the real hub in virtual time, once for each seed: ``python3 run.py simulate [OPTIONS]``.

    --seeds N         run the seeds 0 to N-1 (default 2000)
    --seeds A:B       run the seeds A to B-1
    --seed S          run one seed and print what happened in it
    --channels C,D    on these channels, one seed on each in turn (default sms,email,whatsapp)
    --callbacks N     instead, N sequences of callbacks: shuffled, repeated, before the answer

Exits with 1 if any run broke a promise, and prints its seed, the promise and what happened.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.callbacks import check_sequences
from tests.simulation.channels import LINES
from tests.simulation.runs import Run, run_seed


def main(argv: Sequence[str]) -> int:
    """Run seeds and print what came of them."""
    parser = argparse.ArgumentParser("run.py simulate", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--seeds", type=_seeds, default=range(2000), help="how many, or from:to")
    parser.add_argument("--seed", type=int, help="run this one, and print what happened in it")
    parser.add_argument("--channels", type=lambda text: text.split(","), default=[*LINES])
    parser.add_argument("--callbacks", type=int, metavar="N", help="so many sequences instead")
    options = parser.parse_args(argv)
    if options.callbacks is not None:
        check_sequences(options.callbacks)
        print(f"{options.callbacks} sequences of callbacks: one effect each, no status went back")
        return 0
    if options.seed is not None:
        run = run_seed(options.seed, _channel_of(options.seed, options.channels))
        _tell(run)
        return 1 if run.broken else 0
    began_s, counts, broken = time.monotonic(), Counter[str](), 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        on = [_channel_of(seed, options.channels) for seed in options.seeds]
        for run in pool.map(run_seed, options.seeds, on, chunksize=10):
            counts += run.counts
            if run.broken:
                broken += 1
                _tell(run)
    took_s = time.monotonic() - began_s
    print(f"{len(options.seeds)} seeds in {took_s:.0f} s; {broken} broke a promise")
    for name, count in sorted(counts.items()):
        print(f"  {name}: {count}")
    return 1 if broken else 0


def _channel_of(seed: int, channels: Sequence[str]) -> str:
    return channels[seed % len(channels)]


def _seeds(text: str) -> range:
    first, _, last = text.rpartition(":")
    return range(int(first or 0), int(last))


def _tell(run: Run) -> None:
    print(*run.trace, *(f"seed {run.seed}: {each}" for each in run.broken), sep="\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
