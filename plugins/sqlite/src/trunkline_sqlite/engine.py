"""Where the file lies, how it is created, and how every connection to it is set up."""

import os
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from trunkline.sdk import NotConfigured

_LOCK_WAIT_S: Final = 5.0

# BEGIN, COMMIT and SAVEPOINT are issued by hand: `autocommit=False` would begin deferred by itself.
_MANUAL_TRANSACTIONS: Final[dict[str, Any]] = {"isolation_level": None}
if sys.version_info >= (3, 12):
    _MANUAL_TRANSACTIONS["autocommit"] = sqlite3.LEGACY_TRANSACTION_CONTROL


class GuardedConnection(sqlite3.Connection):
    """A driver connection that a caller's function cannot commit: `in_op` is True while it runs."""

    in_op = False

    def commit(self) -> None:
        if self.in_op:
            raise RuntimeError("a database function must not commit")
        super().commit()

    def rollback(self) -> None:
        if self.in_op:
            raise RuntimeError("a database function must not roll back; raise instead")
        super().rollback()


def driver_connection(connection: sa.Connection) -> GuardedConnection:
    """Return the driver's connection below SQLAlchemy's."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, GuardedConnection)
    return raw


def file_of(url: str, data_dir: Path) -> Path:
    """
    Return the file that `url` names; a relative one lies in `data_dir`.

    Raises:
        NotConfigured: The URL names no file, or says more than a file.
    """
    parsed = sa.make_url(url)
    name = parsed.database or ""
    if not name or ":memory:" in name:
        raise NotConfigured(
            "An SQLite database in memory would lose every message at the next stop; "
            'set [database] url = "sqlite:///trunkline.db".'
        )
    if parsed.host or parsed.username or name.startswith("file:"):
        raise NotConfigured(
            "An SQLite URL names a file and nothing else: sqlite:///trunkline.db lies in the data "
            "directory, sqlite:////var/lib/trunkline.db is absolute."
        )
    if parsed.query:
        names = ", ".join(sorted(parsed.query))
        raise NotConfigured(f"An SQLite URL takes no parameters; remove {names} from [database].")
    return (data_dir / name).absolute()


def create_file(path: Path) -> None:
    """
    Create the file unless it is there, for its owner only; SQLite gives -wal and -shm its mode.

    Raises:
        NotConfigured: It cannot be created there.
    """
    try:
        # An existing file is not opened: closing it would drop the locks that SQLite holds.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise NotConfigured(
            f"The database file {path} cannot be created ({error.strerror}): "
            "correct [database] url, or create the folder and let the hub's user write there."
        ) from error


def make_engine(path: Path, *, read_only: bool = False) -> sa.Engine:
    """Return an engine whose every `connect()` opens the existing file anew and closes it again."""

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rw'}",
            uri=True,
            timeout=_LOCK_WAIT_S,
            check_same_thread=False,
            factory=GuardedConnection,
            cached_statements=512,
            **_MANUAL_TRANSACTIONS,
        )
        try:
            _set_up(raw, path, read_only=read_only)
        except BaseException:
            raw.close()
            raise
        return raw

    return sa.create_engine(
        "sqlite://", creator=connect, poolclass=sa.NullPool, hide_parameters=True
    )


def prove_writable(engine: sa.Engine) -> None:
    """Begin to write and leave it: a file that takes no writes is found now, not by a caller."""
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # of a read-only file it begins to read
        connection.exec_driver_sql("PRAGMA user_version = 1")  # rolled back


def _set_up(raw: sqlite3.Connection, path: Path, *, read_only: bool) -> None:
    if not read_only:
        (mode,) = raw.execute("PRAGMA journal_mode=WAL").fetchone()
        if mode != "wal":
            raise NotConfigured(
                f"The file system of {path} cannot share memory, which SQLite needs; "
                "put the data directory on a local disk."
            )
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten
    raw.execute("PRAGMA foreign_keys=ON")
    raw.execute("PRAGMA temp_store=MEMORY")
