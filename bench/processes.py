"""The servers that are measured, each a process of its own, ended when its block is left."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bench.adapters import write_distribution
from bench.load import Load, Plan
from bench.traffic import ACCOUNT, AGENT, AUTH_TOKEN, PHONE
from tests.processes import clean_environment, free_port

ROOT: Final = Path(__file__).parents[1]
READY_WITHIN_S: Final = 60.0
LAST_ANSWERS_WITHIN_S: Final = 120.0
NAIVE_TOKEN: Final = "token-of-the-naive-build"
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(kw_only=True)
class Server:
    """
    A running server on a port of loopback.

    Attributes:
        token: What its callers show.
        asked: How many sends were asked of it: the number of the next one.
        acknowledged: How many of them it acknowledged.
        complaints: What its answers gave reason to complain of.
    """

    process: subprocess.Popen[Any]
    port: int
    token: str = ""
    asked: int = 0
    acknowledged: int = 0

    def __post_init__(self) -> None:
        self.complaints: list[str] = []
        self.samples: list[tuple[int, str]] = []

    def cpu_s(self) -> float:
        """Return how long its process has kept a core busy, for itself and in the kernel."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / _TICKS_PER_S

    def rss_mib(self) -> float:
        """Return how much memory its process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024

    def get(self, path: str) -> bytes:
        """Return what stands at a path."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"GET {path} was answered {answer.status}: {body[:200]!r}")
            return body
        finally:
            connection.close()

    def put_under_load(self, plan: Plan) -> Load:
        """Put it under load, of sends that nobody made before."""
        command = [sys.executable, "-m", "bench.load", json.dumps(asdict(plan))]
        within_s = plan.warm_up_s + plan.seconds + LAST_ANSWERS_WITHIN_S
        done = subprocess.run(
            command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=within_s
        )
        load = Load(**json.loads(done.stdout))
        self.asked += load.asked
        self.acknowledged += load.acknowledged
        self.samples += load.samples
        if load.bad:
            self.complaints.append(f"answers that were no acknowledgement, by status: {load.bad}")
        return load


@contextmanager
def python(
    *args: str, log: Path, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run a Python program whose first line of output may be its port."""
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, *args],
            cwd=ROOT,
            env={**clean_environment(), **(environ or {})},
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def wait_until_ready(server: Server, path: str, log: Path, *, pause_s: float = 0.02) -> None:
    """Wait until a server answers 200 at a path."""
    end = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise RuntimeError(f"{log.name}: it ended at its start: {log.read_text()[-2000:]}")
        try:
            server.get(path)
        except (OSError, RuntimeError):
            time.sleep(pause_s)
        else:
            return
    raise RuntimeError(f"{log.name}: it was never ready: {log.read_text()[-2000:]}")


@contextmanager
def sink(home: Path, latency_ms: float = 0.0) -> Iterator[Server]:
    """Start a vendor."""
    with python("-m", "bench.sink", str(latency_ms), log=home / "sink.log") as process:
        assert process.stdout is not None
        yield Server(process=process, port=int(process.stdout.readline()))


@contextmanager
def asgi(app: str, home: Path, **environ: str) -> Iterator[Server]:
    """Start an application on uvicorn, as it comes: with uvloop and httptools."""
    port = free_port()
    log = home / f"{app.rpartition(':')[0]}.log"
    options = ["--port", str(port), "--log-level", "info"]
    if "NAIVE_TOKEN" not in environ:
        options.append("--no-access-log")
    with python("-m", "uvicorn", app, *options, log=log, environ=environ) as process:
        server = Server(process=process, port=port, token=environ.get("NAIVE_TOKEN", ""))
        wait_until_ready(server, "/openapi.json" if server.token else "/health", log)
        yield server


@contextmanager
def naive(home: Path, vendor: Server) -> Iterator[Server]:
    """Start the naive build."""
    environ = {
        "DATABASE": str(home / "naive.db"), "VENDOR": f"http://127.0.0.1:{vendor.port}",
        "ACCOUNT": ACCOUNT, "AUTH_TOKEN": AUTH_TOKEN,
        "AGENT": AGENT, "PHONE": PHONE, "TOKEN": NAIVE_TOKEN,
    }  # fmt: skip
    named = {f"NAIVE_{name}": value for name, value in environ.items()}
    with asgi("bench.naive.app:app", home, **named) as server:
        yield server


@contextmanager
def hub(home: Path, database: str, vendor: Server) -> Iterator[Server]:
    """Start a hub on Twilio and on the database of a URL, with one agent that may send."""
    config, log = home / "trunkline.toml", home / "hub.log"
    config.write_text(
        f"""
[database]
url = "{database}"
[plugins]
disabled = ["demo", "example"]
[slots]
telephony = "twilio"
[providers.twilio]
account_sid = "{ACCOUNT}"
auth_token = "{AUTH_TOKEN}"
base_url = "http://127.0.0.1:{vendor.port}"
"""
    )
    write_distribution(home / "plugins", "null", "bench.null")
    environ = {"PYTHONPATH": f"{home / 'plugins'}{os.pathsep}{ROOT}"}
    where = ["--config", str(config), "--data-dir", str(home / "data")]
    port = free_port()
    serve = ["-m", "trunkline", "serve", "--migrate", "--port", str(port), *where]
    with python(*serve, log=log, environ=environ) as process:
        server = Server(process=process, port=port)
        wait_until_ready(server, "/health/ready", log)
        run_command("agents", "create", AGENT, f"phone={PHONE}", *where)
        server.token = run_command("tokens", "issue", AGENT, *where).strip()
        yield server


def replay(server: Server) -> None:
    """Tell a hub on the null database that it has learnt enough."""
    server.process.send_signal(signal.SIGUSR1)


def run_command(*args: str, environ: Mapping[str, str] | None = None) -> str:
    """Run a command of the command line and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "trunkline", *args],
        check=False,
        capture_output=True,
        text=True,
        env={**clean_environment(), **(environ or {})},
        timeout=60,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout
