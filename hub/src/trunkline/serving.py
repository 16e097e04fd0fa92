"""One hub per data directory: its lock, its unix socket, and its server."""

import asyncio
import fcntl
import gc
import hashlib
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trunkline.sdk import TrunklineError
from trunkline.settings import Settings, SettingsError, unusable

if TYPE_CHECKING:
    from trunkline.applications import RunningHub

_LONGEST_SOCKET_PATH: Final = 100
"""Unix socket paths end at 104 bytes on macOS and 108 on Linux (unix(4), unix(7))."""

_IDLE_S: Final = 65
"""
How long a connection may wait for its next request: longer than clients and proxies keep one
(nginx: 60 s), or they would write into a connection that is just being closed.
"""

_REQUESTS_END_WITHIN_S: Final = 4
"""Some supervisors kill what has not ended ten seconds after SIGTERM: Docker (2026-11-21)."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class DirectoryTaken(TrunklineError):
    """Another hub runs on the data directory; `pid` is its process, if it said so."""

    code = "hub.directory_taken"

    def __init__(self, data_dir: Path, pid: str) -> None:
        super().__init__(
            f"Another hub (process {pid or 'unknown'}) runs on {data_dir}. Stop it first, or use "
            "another --data-dir."
        )


@contextmanager
def directory_lock(data_dir: Path) -> Iterator[None]:
    """
    Be the one hub of a data directory; the system lets go when the process ends, however it ends.

    Raises:
        DirectoryTaken: Another process is.
        SettingsError: The system refuses the lock's file.
    """
    try:
        descriptor = os.open(data_dir / "hub.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unusable(data_dir, error) from error
    try:
        _take(descriptor, data_dir)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, data_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DirectoryTaken(data_dir, os.read(descriptor, 20).decode().strip()) from None
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
    except OSError as error:
        raise unusable(data_dir, error) from error


def socket_path(data_dir: Path) -> Path:
    """
    Return where the hub of a data directory listens for its operator.

    It is in the directory itself; when that path is too long for a socket, in a directory of the
    user's own below the system's temporary one.
    """
    path = data_dir / "hub.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    home = Path(tempfile.gettempdir()) / f"trunkline-{os.getuid()}"
    home.mkdir(mode=0o700, exist_ok=True)
    facts = home.stat()
    if facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise SettingsError(f"{home} belongs to somebody else; use a shorter --data-dir.")
    return home / f"{name}.sock"


def bind(settings: Settings) -> socket.socket:
    """
    Return a listening TCP socket for the hub.

    Raises:
        SettingsError: The address is public and there is no admin token, or it cannot be taken.
    """
    server = settings.server
    if server.host not in _LOOPBACK and not settings.admin_tokens:
        raise SettingsError(
            f"The hub would be reachable from other machines at {server.host}. Set ADMIN_TOKEN (at "
            "least 32 characters) first, or listen on 127.0.0.1."
        )
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((server.host, server.port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"Cannot listen on {server.host} port {server.port}: {error.strerror}. Choose another "
            "with --port."
        ) from error
    listener.set_inheritable(True)
    return listener


@asynccontextmanager
async def listening(
    app: Any, listener: socket.socket, *, lifespan: bool
) -> AsyncIterator[Callable[[], None]]:
    """
    Serve an application on a bound socket; on leaving, requests under way are finished first.

    What it gives lets the server begin to leave before the block is left. `lifespan` runs the
    application's own start and end around it.
    """
    import uvicorn

    from trunkline.protocol import BoundedProtocol

    class Server(uvicorn.Server):
        """A server that leaves signals to us: uvicorn's own handler ends the process too early."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    server = Server(
        uvicorn.Config(
            app,
            lifespan="on" if lifespan else "off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_REQUESTS_END_WITHIN_S,
            timeout_keep_alive=_IDLE_S,
            ws="none",
            http=BoundedProtocol,
        )
    )

    def begin_to_leave() -> None:
        server.should_exit = True

    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            await asyncio.wait([serving], timeout=0.005)
            if serving.done():
                raise RuntimeError("the server did not start; the log says why")
        yield begin_to_leave
    finally:
        begin_to_leave()
        await serving


@asynccontextmanager
async def operator_socket(running: "RunningHub", data_dir: Path) -> AsyncIterator[None]:
    """Serve the operator's commands and stdio clients on the data directory's socket."""
    path = socket_path(data_dir)
    path.unlink(missing_ok=True)  # a killed hub's; the lock says that it is nobody's now
    before = os.umask(0o177)
    try:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
    except OSError as error:
        raise unusable(data_dir, error) from error
    finally:
        os.umask(before)
    try:
        async with listening(running.local_app, listener, lifespan=False):
            try:
                yield
            finally:
                running.end_waits()
    finally:
        path.unlink(missing_ok=True)


async def serve(
    running: "RunningHub",
    listener: socket.socket,
    data_dir: Path,
    started: Callable[[], None],
) -> signal.Signals:
    """Serve a hub until SIGTERM or SIGINT and return which; `started` is called once it answers."""
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[signal.Signals] = loop.create_future()

    def end(number: signal.Signals) -> None:
        if not stop.done():
            stop.set_result(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    async with (  # the socket is left first, which lets those go who wait over either
        listening(running.app, listener, lifespan=True) as begin_to_leave,
        operator_socket(running, data_dir),
    ):
        started()
        _spare_what_stays()
        came = await stop
        begin_to_leave()  # both at once: what is under way over either has the same few seconds
    return came


def _spare_what_stays() -> None:
    """
    Let the garbage collector pass over what the process has built up to serve.

    Looking through all modules again and again took a third of the time of a send.
    """
    gc.freeze()
