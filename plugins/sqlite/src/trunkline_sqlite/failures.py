"""Which driver errors mean that the database itself failed, and what an operator does then."""

import sqlite3
from typing import Final

from trunkline.sdk import DatabaseFailed

_SENTENCES: Final = {
    sqlite3.SQLITE_BUSY: (
        "Another process kept the database locked and nothing was stored. "
        "Find that process and stop it: only one may write the file."
    ),
    sqlite3.SQLITE_FULL: (
        "The disk is full and nothing was stored. Free some space where the database file lies."
    ),
    sqlite3.SQLITE_IOERR: (
        "The disk failed, and whether this was stored cannot be told. "
        "Check the disk and the system log, then restart the hub."
    ),
    sqlite3.SQLITE_READONLY: (
        "The database is read-only and nothing was stored. "
        "Make the file and its folder writable for the hub's user."
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The database file cannot be opened. "
        "Make sure that it exists and that the hub's user may read and write it and its folder."
    ),
    sqlite3.SQLITE_CORRUPT: "The database file is damaged. Restore the newest backup.",
    sqlite3.SQLITE_NOTADB: (
        "The file is not an SQLite database. Correct [database] url, or restore the newest backup."
    ),
}


def _driver_error(error: BaseException) -> BaseException:
    return getattr(error, "orig", None) or error


def _primary_code(error: BaseException) -> int:
    code: int = getattr(_driver_error(error), "sqlite_errorcode", 0)
    return code & 0xFF  # the rest only refines it


def is_busy(error: BaseException) -> bool:
    """Tell whether another connection held the lock."""
    return _primary_code(error) == sqlite3.SQLITE_BUSY


def is_read_only(error: BaseException) -> bool:
    """Tell whether something was to be written where nothing may be."""
    return _primary_code(error) == sqlite3.SQLITE_READONLY


def is_no_database(error: BaseException) -> bool:
    """Tell whether a file was opened that is no database."""
    return _primary_code(error) == sqlite3.SQLITE_NOTADB


def is_failure(error: BaseException) -> bool:
    """Tell whether the database failed, and not the SQL of a caller."""
    return _primary_code(error) in _SENTENCES


def failed(error: BaseException) -> DatabaseFailed:
    """Return a new error for one caller, caused by `error`, that says what to do."""
    if isinstance(error, DatabaseFailed):
        sentence = str(error)
    else:
        name = getattr(_driver_error(error), "sqlite_errorname", type(error).__name__)
        sentence = _SENTENCES.get(
            _primary_code(error),
            f"The database refused the transaction ({name}) and nothing was stored. "
            "If this repeats, report it with the hub's log.",
        )
    failure = DatabaseFailed(sentence)
    failure.__cause__ = error
    return failure
