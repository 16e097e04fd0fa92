"""What runs came to: one table on the terminal and on the page docs/operate/reliability.md."""

import json
import math
import os
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from bench.report import machine
from tests.chaos.crash import SPEAKING, STEPS

PAGE: Final = Path(__file__).parents[2] / "docs/operate/reliability.md"
SERVES_WITHIN_S: Final = 3.0
BUSY: Final = 2.0 * (os.cpu_count() or 1)
"""A load average above which times say more of the machine's other work."""
RANDOM: Final = "killed at random"
FROZEN: Final = "frozen, then woken and killed"
DATABASE: Final = "database crashed"
KINDS: Final = ("lost", "doubled", "false", "stuck", "unresolved", "inbound", "unanswered")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """
    What a run came to.

    Attributes:
        faults: What was done to it, and how often.
        commit: The last one that changed the hub.
        load: The machine's load average at the end.
        starts_s: How long each start of a hub took, until it served; no verdict stands on what a
            busy machine took.
        acknowledged: Sends that were answered; `accepted`: texts that the vendor has.
        unsure: Messages whose outcome was unknown at some time, and `unresolved` those that
            still are.
        arrived: Texts that came in, and `events` all callbacks that were stored.
        violations: What must not be, by kind; see `tests.chaos.audit.judge`.
    """

    flavour: str
    database: str
    hubs: int
    seed: int
    commit: str
    load: float
    faults: dict[str, int]
    starts_s: list[float]
    acknowledged: int
    accepted: int
    unsure: int
    unresolved: int
    arrived: int
    events: int
    violations: dict[str, list[str]]

    @property
    def place(self) -> tuple[str, str, int]:
        """What tells runs apart that are not to be added up."""
        return (self.flavour, self.database, self.hubs)

    @property
    def fair_starts_s(self) -> list[float]:
        """How long each start took on a machine that was not busy."""
        return sorted(self.starts_s) if self.load <= BUSY else []

    @property
    def kills(self) -> int:
        """How often a hub was killed."""
        return sum(times for name, times in self.faults.items() if name in KILLS)


KILLS: Final = frozenset({RANDOM, FROZEN, *STEPS, *SPEAKING})


def record(path: Path, outcome: Outcome) -> None:
    """Append a run to a file of runs."""
    with path.open("a") as file:
        file.write(json.dumps(asdict(outcome)) + "\n")


def recorded(path: Path) -> list[Outcome]:
    """Return the runs of a file."""
    return [Outcome(**json.loads(line)) for line in path.read_text().splitlines()]


def added_up(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return one outcome for all runs of a place."""
    ordered = sorted(outcomes, key=lambda each: each.place)
    return [_sum(list(group)) for _, group in groupby(ordered, key=lambda each: each.place)]


def _sum(outcomes: Sequence[Outcome]) -> Outcome:
    faults: Counter[str] = Counter()
    violations: dict[str, list[str]] = {}
    for each in outcomes:
        faults.update(each.faults)
        for kind, cases in each.violations.items():
            violations.setdefault(kind, []).extend(cases)
    numbers = ("acknowledged", "accepted", "unsure", "unresolved", "arrived", "events")
    flavour, database, hubs = outcomes[0].place
    return Outcome(
        flavour=flavour,
        database=database,
        hubs=hubs,
        seed=outcomes[0].seed,
        commit=outcomes[0].commit,
        load=0.0,
        faults=dict(faults),
        starts_s=[start_s for each in outcomes for start_s in each.fair_starts_s],
        violations=violations,
        **{name: sum(getattr(each, name) for each in outcomes) for name in numbers},
    )


def most_started_within_s(outcome: Outcome) -> float:
    """Return the time within which 95 of 100 starts were over; 0 if none can be judged."""
    ordered = outcome.fair_starts_s
    return ordered[math.ceil(len(ordered) * 0.95) - 1] if ordered else 0.0


def is_kept(outcome: Outcome) -> bool:
    """Tell whether the promise was kept."""
    return not outcome.violations and most_started_within_s(outcome) <= SERVES_WITHIN_S


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """Return what became of everything, a column for each place."""
    return [
        _row("", [f"{each.flavour}, {_database(each)}" for each in outcomes]),
        _row("---", ["---:"] * len(outcomes)),
        _row("kills -9", [each.kills for each in outcomes]),
        _row("sends acknowledged", [each.acknowledged for each in outcomes]),
        _row("texts accepted by the vendor", [each.accepted for each in outcomes]),
        *(_row(f"**{kind}**", [_cases(each, kind) for each in outcomes]) for kind in KINDS[:4]),
        _row("outcome unknown at some time", [each.unsure for each in outcomes]),
        _row("still unknown at the end", [each.unresolved for each in outcomes]),
        _row("callbacks stored", [each.events for each in outcomes]),
        _row("texts arrived", [each.arrived for each in outcomes]),
        _row("**inbound lost or doubled**", [_cases(each, "inbound") for each in outcomes]),
        _row("**without an answer**", [_cases(each, "unanswered") for each in outcomes]),
        _row("starts timed", [len(each.fair_starts_s) for each in outcomes]),
        _row(
            "95 of 100 starts within", [_seconds(most_started_within_s(each)) for each in outcomes]
        ),
        _row("the slowest", [_seconds(max(each.fair_starts_s, default=0)) for each in outcomes]),
    ]


def faults_table(outcomes: Sequence[Outcome]) -> list[str]:
    """Return what was done how often, a column for each place."""
    done = {name for each in outcomes for name in each.faults}
    others = sorted(done - STEPS.keys() - {RANDOM})
    return [
        _row("", [f"{each.flavour}, {_database(each)}" for each in outcomes]),
        _row("---", ["---:"] * len(outcomes)),
        *(
            _row(name, [each.faults.get(name, 0) for each in outcomes])
            for name in (RANDOM, *STEPS, *others)
        ),
    ]


def _row(name: str, cells: Iterable[object]) -> str:
    return f"| {name} | {' | '.join(map(str, cells))} |"


def _database(outcome: Outcome) -> str:
    name = {"sqlite": "SQLite", "postgres": "PostgreSQL"}[outcome.database]
    return f"{outcome.hubs} hubs, {name}" if outcome.hubs > 1 else name


def _seconds(time_s: float) -> str:
    return f"{time_s:.1f} s" if time_s else ""


def _cases(outcome: Outcome, kind: str) -> int:
    return len(outcome.violations.get(kind, []))


def complaints(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield a line for each violation, the first few of each kind."""
    for each in outcomes:
        where = f"{each.flavour}, {_database(each)}, seed {each.seed}"
        for kind, cases in each.violations.items():
            for case in cases[:5]:
                yield f"{where}: {kind}: {case}"
        if most_started_within_s(each) > SERVES_WITHIN_S:
            yield f"{where}: 95 of 100 starts took up to {most_started_within_s(each):.1f} s"


def briefly(outcomes: Sequence[Outcome]) -> str:
    """Return how many messages were lost, doubled and so on, of how many."""
    broken = {kind: sum(_cases(each, kind) for each in outcomes) for kind in KINDS[:4]}
    of = sum(each.acknowledged for each in outcomes)
    return ", ".join(f"{count} {kind}" for kind, count in broken.items()) + f", of {of:,} sends"


def written(command: Sequence[str], outcomes: Sequence[Outcome]) -> str:
    """Return the page."""
    shown = " ".join(shlex.quote(word) for word in command)
    total, loads = added_up(outcomes), [each.load for each in outcomes]
    return _PAGE.format(
        command=f"python3 run.py chaos {shown}",
        commits=", ".join(sorted({each.commit for each in outcomes})),
        machine=machine(),
        loads=f"{min(loads):.0f} to {max(loads):.0f}",
        runs=len(outcomes),
        kills=sum(each.kills for each in total),
        result=briefly(total),
        table="\n".join(table(total)),
        faults="\n".join(faults_table(total)),
    )


_PAGE: Final = """\
<!-- Written by `python3 run.py chaos --write`; do not edit. -->

# What survives

- **Nothing is lost.** What was acknowledged is in the database, whatever happens next.
- **Nothing is doubled.** A message reaches the provider once. One whose outcome nobody knows is
  `unknown` and is not sent again, unless the provider drops a repetition by its key, or says
  that it does not have it.
- **Nothing is claimed falsely.** `sent` means that the provider has it. `delivered` means that the
  provider reported it. A message fails only if it surely was not taken, or the provider says so.
- **Nothing is forgotten.** What is `unknown` is asked about as long as somebody can be asked, and
  then shown to a person.

Proved by {kills} kills of hubs under load: {result}.

## How

Before a provider is asked, the message stands in the database as `sending`, with the attempt;
afterwards its outcome is stored. Whoever finds a `sending` that a dead hub left (its own next
start, or another hub on the same PostgreSQL) makes it `unknown`. The adapter decides what happens
then:

| the adapter declares | what happens to `unknown` |
| --- | --- |
| `key` | It is sent again under the same key, and the provider drops it if it has it. |
| `lookup` | The provider is asked for it. Not found counts only once it cannot come any more. |
| `none` | A callback that names the attempt may tell. Until then a person has to decide. |

What arrives is stored and applied in one transaction before the provider hears 2xx, under a unique
key: a repetition has no effect.

## How it is proved

By runs of one command. The last one was

```console
$ {command}
```

A vendor in a process of its own writes down every text that it accepts and all that it tells the
hub. Hubs, real processes over real HTTP, are asked for up to 50 sends a second by a client that
repeats its question under the same key until there is an answer. Meanwhile they are killed with
SIGKILL, at random and at {steps} named steps, and started again; frozen, and woken after others
have given them up; the database's server is crashed; the vendor answers 429 and 500, breaks off,
accepts late and reports twice or before its answer; the wire delays, trickles, cuts, half-closes
and garbles. After two minutes to settle both sides are compared, message by message. Any
difference is a violation, and the command ends with 1.

This is the sum of {runs} runs of the hub of {commits}, on {machine}, under a load average of
{loads}: where the machine was busy, fewer sends came through between two kills. One start in ten
is from nothing, and timed.

{table}

**Lost**: acknowledged and not there, or said to have gone out and the vendor has no such text.
**Doubled**: accepted more than once. **False**: delivered without a report, failed against the
vendor's word, or a report that was taken and moved nothing. **Stuck**: still queued or under way
after two minutes, or unknown and nobody asks. With `none` nobody can be asked: there the vendor
never heard of most of the messages that are still unknown, and each is shown.

## What was done

{faults}

## What it does not prove

- A power cut. The processes die here, and the disk does not; both databases are run so that they
  acknowledge only what they forced to the disk.
- A provider that breaks its own word: one that takes a key twice, or a text later than it says.
- Two texts to one number at one moment whose outcomes are both unknown, when the provider can only
  be asked by number. If it has one of them, both stay `unknown`, and a person decides. If it has
  both, both are `sent`, and only a report that names the attempt tells more.
""".replace("{steps}", str(len(STEPS)))
