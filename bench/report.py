"""The page docs/operate/performance.md, written from a run."""

import os
import platform
import shlex
import sqlite3
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench.figures import Figure, digits
from bench.processes import ROOT
from bench.run import Run
from plugins.postgres.tests.server import query

PAGE: Final = ROOT / "docs/operate/performance.md"
TITLES: Final = {
    "p1": "Sends over REST",
    "mcp": "Sends over MCP",
    "direct": "What the hub adds to a slow vendor",
    "engine": "Work that waits",
    "p2": "Callbacks",
    "p3": "A million messages",
    "startup": "Start",
    "memory": "Memory",
    "checks": "Checks of each request",
    "clients": "The HTTP client that adapters are lent",
}
_LIBRARIES: Final = (
    "uvicorn", "uvloop", "httptools", "starlette", "pydantic", "SQLAlchemy", "asyncpg", "aiohttp",
    "mcp", "fastapi",
)  # fmt: skip
_HEAD: Final = """\
<!-- Written by `python3 run.py bench --write`; do not edit. -->

# How fast a hub is

Seconds say more of a machine than of a program. So each thing is measured beside what bounds it,
in turn and in the same run: a send beside the same hub without a database, a callback beside a
server that only answers. A gate stands on the ratio of the two, or on a time with much room. The
figures without a gate are there to be read.
"""
_READING: Final = """\
## How to read it

- Of several rounds the median is shown, then the lowest and the highest. A ratio is the median of
  the rounds' ratios.
- **INCONCLUSIVE**: what a figure is compared with more than doubled between two rounds. The
  machine was busy; run it again.
- Load comes from a process of its own on the same machine. Each of its connections asks again as
  soon as it is answered, so a slow answer also delays the next question, and times under overload
  would be longer than p99 says.
- Every send has a new text and a key of its own. It is stored with its attempt, its history and
  its encrypted text, handed to the vendor, and stored again: two commits, each on the disk before
  the next step. The vendor is a process that answers at once.
- After each run of sends or callbacks the database is compared with what was acknowledged and
  with what the vendor took: as many rows, none under way, none missing, the right texts. A run
  that fails this scores 0.
- The **null database** answers each of the hub's statements from memory, without running it. What
  is left is the hub.
- The **naive build** does part of a hub's work, as one writes it in an afternoon with FastAPI,
  SQLAlchemy's ORM and an HTTP client for each send. It is as durable, and is checked as the hub
  is. Much of its time goes into opening that client anew.
- A page of an inbox is timed with all that the hub does for it: its statements, and decrypting
  the texts that are still held.
"""
_OBSTACLES: Final = """\
## What stands in the way

Where a gate is not kept, this is why (profiles by py-spy, 2026-11-21, on such a machine):

- **PostgreSQL.** A send is 20 statements and 8 commands around them, a callback 9 and 4, and each
  is a question to another process and its answer. Three fifths of the hub's time go into asking
  and hearing; the server's processes take their turns on the same cores. Fewer questions would
  need statements that do several things at once, written for PostgreSQL alone.
- **MCP.** Three tenths of a call are the SDK's handling of it, a quarter is the vendor's request, a
  sixth the database.
- **Callbacks.** The bare server does nothing with what it hears. The hub checks the signature and
  reads the form (a sixth of its time), looks the agent up (a twelfth), applies and stores the
  report in up to six statements (a third), and logs it (an eighth). Nothing large is left.
- **A slow vendor.** A single connection already waits 5 to 6 ms beyond the vendor's 50: after each
  pause the processor comes to the hub's code anew, and a send that takes 0.9 ms of its time under
  load takes 3.7 ms alone (measured in one process, 1 and 32 sends at a time). Two commits are 0.7
  ms of that. Sixteen connections also wait for one another.
"""


def written(run: Run, command: Sequence[str], figures: Mapping[str, Sequence[Figure]]) -> str:
    """Return the page."""
    parts = [_HEAD, "\n".join(_circumstances(run, command)) + "\n"]
    for part, found in figures.items():
        rows = [
            f"| {each.name} | {each.measured} | {each.gate} | {each.verdict} |" for each in found
        ]
        head = ["| figure | measured | gate | verdict |", "| --- | --- | --- | --- |"]
        parts.append(f"## {TITLES[part]}\n\n" + "\n".join(head + rows) + "\n")
    return "\n".join([*parts, _OBSTACLES, _READING])


def _circumstances(run: Run, command: Sequence[str]) -> Iterator[str]:
    shown = " ".join(shlex.quote(word) for word in command)
    yield f"```console\n$ python3 run.py bench {shown}\n```\n"
    if run.quick:
        yield "A quick run: fewer and shorter rounds, and less data. Do not rely on it.\n"
    yield f"- Trunkline at commit {commit()}, the naive build at {commit('bench/naive')}"
    yield f"- {machine()}"
    yield f"- Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}{_postgres(run)}"
    yield "- " + ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    yield f"- {run.rounds} rounds; {weather(run)}"


def weather(run: Run) -> str:
    """Return what the machine was like during a run."""
    return (
        f"load average {_range(run.loads, '')}; overwriting 8 KiB and forcing it to the disk "
        f"(fdatasync) took {_range(run.fdatasync_p50_ms, ' ms')} at p50 and "
        f"{_range(run.fdatasync_p99_ms, ' ms')} at p99"
    )


def commit(path: str = ".") -> str:
    """Return the last commit that changed a path, and whether the checkout differs from it."""
    asked = ["git", "log", "-1", "--format=%h", "--", path]
    changed = ["git", "status", "--porcelain", "--untracked-files=no", "--", path]
    found, differs = (
        subprocess.run(each, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
        for each in (asked, changed)
    )
    return f"{found} with changes" if differs else found


def machine() -> str:
    """Return what this machine is."""
    facts = Path("/proc/cpuinfo").read_text()
    models = [line.partition(": ")[2] for line in facts.splitlines() if "model name" in line]
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} cores ({model}), {memory_gib:.0f} GiB, {platform.system()}"


def _postgres(run: Run) -> str:
    if run.postgres is None:
        return ""
    (row,) = query(run.postgres.url(), "SHOW server_version")
    return f", PostgreSQL {row['server_version']}"


def _range(values: Sequence[float], unit: str) -> str:
    median = statistics.median(values)
    return f"{digits(median)}{unit} ({digits(min(values))} to {digits(max(values))})"
