"""One hub per file, by whatever path it comes to it; the system lets go when a process ends."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trunkline.sdk import DatabaseFailed, NotConfigured


@dataclass(slots=True, kw_only=True)
class _Hold:
    """A file held by this process, for one data directory, which it may be opened for again."""

    data_dir: Path
    descriptor: int
    openings: int = 0


_HOLDS: Final[dict[Path, _Hold]] = {}


@contextmanager
def held(path: Path, data_dir: Path) -> Iterator[None]:
    """
    Hold an existing database file for the hub of a data directory.

    Another hub on it would miss what this one tells its listeners, and a token's revocation. SQLite
    does not prevent it: its locks let every process write in turn.

    Raises:
        DatabaseFailed: A hub of another data directory, or another process, holds it.
        NotConfigured: The file has several names, so that its holders could not find one another.
    """
    real, home = path.resolve(), data_dir.resolve()
    if real.is_file() and real.stat().st_nlink > 1:
        raise NotConfigured(
            f"The database file {real} has several names (hard links), under each of which SQLite "
            "keeps a journal of its own: remove all but one."
        )
    lock = real.with_name(f"{real.name}.lock")
    hold = _HOLDS.get(real)
    if hold is None or hold.data_dir != home:
        hold = _HOLDS[real] = _Hold(data_dir=home, descriptor=_taken(lock, real))
    hold.openings += 1
    try:
        yield
    finally:
        hold.openings -= 1
        if not hold.openings:
            del _HOLDS[real]
            lock.unlink(missing_ok=True)  # while it is held, so that it is nobody else's yet
            os.close(hold.descriptor)


def _taken(lock: Path, real: Path) -> int:
    """Return the lock's open file once it is ours, and the one that others find there."""
    while True:
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            step = "free some" if error.errno == errno.ENOSPC else "let the hub's user write there"
            raise NotConfigured(f"{lock} cannot be made ({error.strerror}): {step}.") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):  # its last holder removed it meanwhile
                if os.path.samestat(os.fstat(descriptor), lock.stat()):
                    os.ftruncate(descriptor, 0)
                    with suppress(OSError):  # only tells who holds it; SQLite names a full disk
                        os.write(descriptor, str(os.getpid()).encode())
                    return descriptor
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode(errors="replace").strip()
            os.close(descriptor)
            raise DatabaseFailed(
                f"Another hub (process {holder or 'unknown'}) has the database file {real} open. "
                "Stop it first, or name another file in [database] url."
            ) from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
