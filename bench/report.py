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

from bench.figures import Figure, Verdict, digits
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

"""
_BRIEFLY: Final = {
    "sends a second over REST, SQLite": "REST sends, SQLite, 32 connections",
    "sends a second over REST, PostgreSQL": "REST sends, PostgreSQL, 32 connections",
    "sends a second over MCP, SQLite": "MCP sends, SQLite",
    "99 of 100 sends alone are over within": "REST sends, SQLite, 1 connection, p99",
    "callbacks a second, SQLite": "Callbacks, SQLite",
    "a page of an inbox of a million": "Inbox page of the newest, SQLite, p99",
    "a batch of 500 texts to a slow vendor": (
        "Batch of 500 to a vendor of 50 ms until all are sent, SQLite"
    ),
    "start with ten plugins": "Start with 10 plugins until ready",
    "memory after many sends": "Memory of the hub after many sends, SQLite",
}
"""What an operator asks first, and the figure that answers it."""
_METHOD: Final = """\
Each thing is measured beside what bounds it, in turn and in the same run, since seconds say more of
a machine than of a program. A gate stands on the ratio of the two, or on a time with much room.
Below: every figure, [why a gate is not kept](#what-stands-in-the-way), [how to read
it](#how-to-read-it).
"""
_READING: Final = """\
## How to read it

- Of several rounds the median is shown, then the lowest and the highest. A ratio is the median of
  the rounds' ratios.
- **INCONCLUSIVE**: what a figure is compared with more than doubled between two rounds. The
  machine was busy; run it again.
- Load comes from another process on the same machine; each of its connections asks again as soon
  as it is answered.
- Every send has a new text and key: two commits, each on the disk before the next step, and a
  vendor that answers at once. Afterwards the database is compared with what was acknowledged and
  with what the vendor took; a run that differs scores 0.
- The **null database** answers each statement from memory: what is left is the hub.
- The **naive build** is part of a hub as one writes it in an afternoon with FastAPI, SQLAlchemy's
  ORM and an HTTP client for each send; as durable, and checked alike.
"""
_OBSTACLES: Final = """\
## What stands in the way

Where a gate is not kept, this is why (profiles by py-spy, 2026-11-21, on such a machine):

- **PostgreSQL.** A send is seven questions to another process and their answers, a callback up to
  13. Asking and hearing take more of the hub's time than anything else, and the server's processes
  take their turns on the same cores.
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
    circumstances = "\n".join(_circumstances(run, command)) + "\n"
    parts = [_HEAD + briefly(figures), _METHOD, circumstances]
    for part, found in figures.items():
        rows = [
            f"| {each.name} | {each.measured} | {each.gate} | {each.verdict} |" for each in found
        ]
        head = ["| figure | measured | gate | verdict |", "| --- | --- | --- | --- |"]
        parts.append(f"## {TITLES[part]}\n\n" + "\n".join(head + rows) + "\n")
    return "\n".join([*parts, _OBSTACLES, _READING])


def briefly(figures: Mapping[str, Sequence[Figure]]) -> str:
    """Return what an operator asks first, as far as it was measured, and which gates failed."""
    found = {each.name: each for part in figures.values() for each in part}
    rows = [
        f"| {words} | {found[name].measured} |" for words, name in _BRIEFLY.items() if name in found
    ]
    gated = [each for each in found.values() if each.gate]
    failed = [each.name for each in gated if each.verdict is Verdict.FAIL]
    kept = sum(each.verdict is Verdict.PASS for each in gated)
    gates = f"Of {len(gated)} gates {kept} are kept" + (
        f". Not: {'; '.join(failed)}." if failed else "."
    )
    return "\n".join(["| what | measured here |", "| --- | --- |", *rows, "", gates, ""])


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
    """Return what the machine was like during a run, as far as its parts looked."""
    if not run.loads:
        return "what the machine did meanwhile was not looked at"
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
