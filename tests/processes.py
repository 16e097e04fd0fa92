"""Commands and hubs as processes of their own, to be killed."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx2

from tests.nursery import nursery
from tests.unlimited import UNLIMITED

TRUNKLINE = (sys.executable, "-m", "trunkline")
FORKED = hasattr(os, "fork")
"""Whether processes are forks of one that has loaded the code, and not TRUNKLINE."""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def clean_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment with those settings of a hub that are given, and without limits."""
    others = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TRUNKLINE_", "PROVIDER_", "ADMIN_", "PORT"))
    }
    return {**others, **UNLIMITED, **(environ or {})}


def command(
    *args: str,
    data_dir: Path,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> str:
    """Run a command of the command line and return what it printed; it must succeed."""
    where = ["--data-dir", str(data_dir), *(["--config", str(config)] if config else [])]
    done = run([*args, *where], clean_environment(environ))
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(
    argv: Sequence[str], environ: Mapping[str, str], folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``trunkline`` to its end, from a folder, in exactly this environment."""
    if FORKED:
        return nursery().run(argv, environ, folder)
    return subprocess.run(
        [*TRUNKLINE, *argv],
        check=False, cwd=folder, env=environ, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


class EndedAtStart(AssertionError):
    """A hub ended before it was ready; its log says why."""


class Process(Protocol):
    """As much of `subprocess.Popen` as is needed of a hub."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def send_signal(self, sig: int, /) -> None: ...
    def kill(self) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


Start = Callable[[Sequence[str], Mapping[str, str], Path], Process]
"""Starts ``trunkline`` with arguments, in an environment, and lets it log to a file."""


def forked(argv: Sequence[str], environ: Mapping[str, str], log: Path) -> Process:
    """Start a hub quickly."""
    return (nursery().start if FORKED else started)(argv, environ, log)


def started(argv: Sequence[str], environ: Mapping[str, str], log: Path) -> Process:
    """Start a hub as everybody does: from nothing."""
    with log.open("ab") as file:
        return subprocess.Popen([*TRUNKLINE, *argv], stdout=file, stderr=file, env=environ)


@dataclass(frozen=True, kw_only=True)
class HubProcess:
    """A hub in a process of its own."""

    process: Process
    base_url: str

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


@asynccontextmanager
async def hub_process(
    *args: str,
    data_dir: Path,
    port: int,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
    start: Start = forked,
) -> AsyncIterator[HubProcess]:
    """Start a hub, wait until it is ready, and see to it that it ends."""
    where = ["--data-dir", str(data_dir), *(["--config", str(config)] if config else [])]
    log = data_dir.parent / f"{data_dir.name}.log"
    process = start([*args, "--port", str(port), *where], clean_environment(environ), log)
    base_url = f"http://127.0.0.1:{port}"
    try:
        async with httpx2.AsyncClient() as client:
            for _ in range(600):
                if (ended := process.poll()) is not None:
                    raise EndedAtStart(f"it ended with {ended}")
                try:
                    if (await client.get(f"{base_url}/health/ready")).status_code == 200:
                        break
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)
            else:
                raise AssertionError("the hub was never ready")
        yield HubProcess(process=process, base_url=base_url)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@contextmanager
def vendor_process(ledger: Path, **options: object) -> Iterator[str]:
    """Start the vendor's stand-in with options of its own and return its base URL."""
    script = Path(__file__).parent / "chaos" / "vendor.py"
    vendor = [sys.executable, str(script), str(ledger), json.dumps(options)]
    with subprocess.Popen(vendor, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def read_ledger(ledger: Path) -> list[dict[str, Any]]:
    """Return every text the vendor accepted."""
    return [json.loads(line) for line in ledger.read_text().splitlines()]
