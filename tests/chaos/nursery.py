"""
Hubs that start in a fifth of the time: forks of a process that has loaded their code.

``python -m tests.chaos.nursery`` reads orders, a JSON object a line, and answers each with the
process id of the hub that it has become. Nothing but code is shared: the hub is the one that
``trunkline serve`` starts, in a process of its own, to be killed like any other.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

CODE: Final = (
    "aiohttp", "asyncpg", "httptools", "tests.chaos.adapters", "tests.chaos.crash",
    "trunkline.app", "trunkline.cli.serve", "trunkline.egress.wire", "trunkline_postgres",
    "trunkline_sqlite", "uvicorn", "uvicorn.lifespan.on", "uvicorn.protocols.http.httptools_impl",
    "uvloop",
)  # fmt: skip


@dataclass(frozen=True)
class Fork:
    """A process that somebody else started and reaps."""

    pid: int

    def poll(self) -> int | None:
        """Return None while it is there; how it ended nobody knows."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return -1
        return None

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended."""
        until = time.monotonic() + (timeout or 60)
        while self.poll() is None:
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(0.005)
        return -1


@dataclass(frozen=True)
class Nursery:
    """Where hubs are forked."""

    process: subprocess.Popen[str]

    def start(self, argv: Sequence[str], environ: Mapping[str, str], log: Path) -> Fork:
        """Start a hub: ``trunkline`` with these arguments, in this environment."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"argv": list(argv), "environ": dict(environ), "log": str(log)}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return Fork(int(self.process.stdout.readline()))


@contextmanager
def nursery(environ: Mapping[str, str]) -> Iterator[Nursery]:
    """Load the code and be ready; `environ` names where the plugins are."""
    program = [sys.executable, "-m", "tests.chaos.nursery"]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(environ)
    ) as process:
        assert process.stdin is not None
        yield Nursery(process)
        process.stdin.close()


def become(order: dict[str, Any]) -> None:
    """Be the hub that is ordered, in a process just forked."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for given, wanted in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(given, wanted)
    os.environ.clear()
    os.environ.update(order["environ"])
    sys.argv = ["trunkline", *order["argv"]]
    from tests.chaos.crash import main

    main()


if __name__ == "__main__":
    for name in CODE:
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps
    for line in sys.stdin:
        if pid := os.fork():
            sys.stdout.write(f"{pid}\n")
            sys.stdout.flush()
        else:
            become(json.loads(line))
            break
