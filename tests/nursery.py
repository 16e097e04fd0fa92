"""
Processes of `trunkline` that start in a tenth of the time: forks of one that has loaded its code.

``python -m tests.nursery`` reads orders, a JSON object a line, and answers each with the id of the
process that it has become. Nothing but code is shared: the process has arguments, environment,
directory, standard streams, and an end of its own, and may be killed like any other.
"""

import atexit
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, Final, NoReturn

ROOT: Final = Path(__file__).parents[1]
CODE: Final = (
    "aiohttp", "alembic.command", "anyio._backends._asyncio", "asyncpg", "encodings.idna",
    "httpcore2", "httptools", "mcp.client.stdio", "mcp.server", "platformdirs",
    "sqlalchemy.ext.compiler", "tests.chaos.adapters", "tests.chaos.crash", "truststore",
    "trunkline.app", "trunkline.cli.backup", "trunkline.cli.config", "trunkline.cli.db",
    "trunkline.cli.demo", "trunkline.cli.doctor", "trunkline.cli.mcp", "trunkline.cli.plugins",
    "trunkline.cli.rendered", "trunkline.cli.serve", "trunkline.egress.wire",
    "trunkline_demo.provider", "trunkline_postgres.database", "trunkline_sqlite.database",
    "trunkline_twilio.plugin", "uvicorn", "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl", "uvloop",
)  # fmt: skip


@dataclass(frozen=True)
class Fork:
    """A process whose keeper writes its exit code into a file, once it has ended."""

    pid: int
    ended: Path

    def poll(self) -> int | None:
        """Return its exit code as `subprocess` counts, or None while it runs."""
        return int(self.ended.read_text()) if self.ended.exists() else None

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended and return its exit code."""
        until = time.monotonic() + (timeout or 60)
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(0.005)
        return code


@dataclass(frozen=True)
class Nursery:
    """Where processes are forked."""

    process: subprocess.Popen[str]
    folder: Path
    numbers: "count[int]" = field(default_factory=count)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, argv: Sequence[str], environ: Mapping[str, str], log: Path) -> Fork:
        """Start ``trunkline`` with these arguments, in this environment, writing to a log."""
        return self._order(argv, environ, Path.cwd(), (log, log))

    def run(
        self,
        argv: Sequence[str],
        environ: Mapping[str, str],
        folder: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run ``trunkline`` to its end, from a folder; what it printed is text."""
        number = next(self.numbers)
        out, err = (self.folder / f"{number}.{name}" for name in ("out", "err"))
        fork = self._order(argv, environ, folder or Path.cwd(), (out, err))
        try:
            code = fork.wait()
        finally:
            fork.kill()
        return subprocess.CompletedProcess(argv, code, out.read_text(), err.read_text())

    def _order(
        self, argv: Sequence[str], environ: Mapping[str, str], folder: Path, log: tuple[Path, Path]
    ) -> Fork:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        ended = self.folder / f"{next(self.numbers)}.ended"
        order = {
            "argv": list(argv),
            "environ": dict(environ),
            "folder": str(folder.absolute()),
            "log": [str(path.absolute()) for path in log],
            "ended": str(ended),
        }
        with self.lock:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            return Fork(int(self.process.stdout.readline()), ended)


@cache
def nursery() -> Nursery:
    """Return the nursery of this process, which ends with it."""
    folder = Path(tempfile.mkdtemp(prefix="nursery-"))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.nursery"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip

    def close() -> None:
        process.communicate()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(close)
    return Nursery(process, folder)


def become(order: dict[str, Any]) -> NoReturn:
    """Be what is ordered, in a process just forked."""
    out, err = (
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for path in order["log"]
    )
    nothing = os.open(os.devnull, os.O_RDONLY)
    for given, wanted in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(given, wanted)
        os.close(given)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    added = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:1] = [order["folder"], *added]  # as if the interpreter had just started there
    sys.argv = ["trunkline", *order["argv"]]
    module = import_module("tests.chaos.crash" if "CHAOS_STEP" in os.environ else "trunkline.cli")
    try:
        module.main()
    except SystemExit as end:
        _end(end.code)
    except BaseException:  # noqa: BLE001 - told as the interpreter tells it
        sys.excepthook(*sys.exc_info())
        _end(1)
    _end(0)


def _end(code: object) -> NoReturn:
    """End as an interpreter does, but for tidying up each module: that takes half a second."""
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else bool(code))


def keep(order: dict[str, Any]) -> NoReturn:
    """Fork, tell the process id, wait, and write down how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        become(order)
    sys.stdout.write(f"{pid}\n")
    sys.stdout.flush()
    _, status = os.waitpid(pid, 0)
    written = Path(f"{order['ended']}.new")
    written.write_text(str(os.waitstatus_to_exitcode(status)))
    written.rename(order["ended"])
    os._exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever presses Ctrl-C means the tests
    for name in CODE:
        import_module(name)
    gc.freeze()  # what all share is not looked through by each
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps the keepers
    for line in sys.stdin:
        if not os.fork():
            keep(json.loads(line))
