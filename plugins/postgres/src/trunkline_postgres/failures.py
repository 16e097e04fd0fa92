"""Which driver errors mean that the database itself failed, and what an operator does then."""

import ssl
from typing import Final

import asyncpg

from trunkline.sdk import DatabaseFailed, NotConfigured

READ_ONLY: Final = "25006"
"""Something was to be written where nothing may be."""

_CONFLICTS: Final = ("40001", "40P01")
_LOST: Final = ("08", "57P", "25P03")
_NOT_THERE: Final = ("08", "53", "57P")
_SENTENCES: Final = {
    READ_ONLY: (
        "The database server takes no writes: it is a replica, or its owner set it read-only. "
        "Point [database] url to the primary."
    ),
    "28": (
        "The database server refuses the login. Correct the user, the password or sslmode in "
        "[database] url."
    ),
    "3D000": (
        "There is no such database on the server. Create it, or correct the name in [database] url."
    ),
    "3F000": "The search path of the database user names no schema. Correct it on the server.",
    "40001": "Transactions kept getting into each other's way and nothing was stored. Try again.",
    "40P01": "Transactions kept waiting for each other and nothing was stored. Try again.",
    "42501": (
        "The database user lacks a permission. It must be allowed to connect, and to make and use "
        "tables in its schema."
    ),
    "53100": "The disk of the database server is full and nothing was stored. Free some space.",
    "53200": (
        "The database server is out of memory and nothing was stored. Give it more, or stop what "
        "else runs there."
    ),
    "53300": (
        "The database server has no connection left and nothing was stored; a hub takes nine. "
        "Allow more, or stop what else is connected."
    ),
    "55P03": (
        "Somebody kept a part of the database locked and nothing was stored. Find the session in "
        "pg_locks and end it."
    ),
    "57014": (
        "The database server stopped the transaction for its length and nothing was stored. Raise "
        "statement_timeout for the database user, or see what slows the server."
    ),
}
"""By SQLSTATE or its beginning; the codes are those of PostgreSQL 18's Appendix A, 2026-11-21."""


def sqlstate(error: BaseException) -> str:
    """Return the server's five-character code, or nothing if the error is not the server's."""
    code: str | None = getattr(getattr(error, "orig", None) or error, "sqlstate", None)
    return code or ""


def is_conflict(error: BaseException) -> bool:
    """Tell whether another transaction came in between, so that running this one again may work."""
    return sqlstate(error) in _CONFLICTS


def is_lost(error: BaseException) -> bool:
    """Tell whether the connection broke, or never came about."""
    broken = isinstance(error, OSError) or getattr(error, "connection_invalidated", False)
    return broken or sqlstate(error).startswith(_LOST)


def is_failure(error: BaseException) -> bool:
    """Tell whether the database failed, and not the SQL of a caller."""
    return is_lost(error) or _sentence(error) is not None


def failed(error: BaseException) -> DatabaseFailed:
    """Return what to tell a caller whose work was not stored."""
    return DatabaseFailed(
        _sentence(error)
        or f"The database server does not answer ({_reason(error)}) and nothing was stored. "
        "Start it, or see to the network in between."
    )


def failed_in_commit(error: BaseException) -> DatabaseFailed:
    """Return what to tell a caller whose commit was never answered."""
    return DatabaseFailed(
        f"The database server went away during a commit ({_reason(error)}), and whether this was "
        "stored cannot be told. See to the server, or to the network in between."
    )


def cannot_open(error: Exception) -> NotConfigured | DatabaseFailed:
    """Return why no connection comes about: what to set, or that the server is not there."""
    if isinstance(error, ssl.SSLError):
        return NotConfigured(
            "The database server's certificate proves nothing: name its authority's certificate as "
            "sslrootcert in [database] url."
        )
    if "rejected SSL upgrade" in str(error):
        return NotConfigured("The database server offers no TLS, which [database] url demands.")
    if isinstance(error, OSError) or sqlstate(error).startswith(_NOT_THERE):
        return failed(error)
    if sentence := _sentence(error):
        return NotConfigured(sentence)
    if isinstance(error, asyncpg.PostgresError | asyncpg.ClientConfigurationError):
        return NotConfigured(f"The [database] url will not do: {error.args[0]}.")
    return NotConfigured(
        "The [database] url cannot be read. Write postgresql://USER:PASSWORD@HOST:PORT/NAME, and "
        "in a password / as %2F, @ as %40, # as %23 and ? as %3F."
    )


def _sentence(error: BaseException) -> str | None:
    code = sqlstate(error)
    return next((told for known, told in _SENTENCES.items() if code.startswith(known)), None)


def _reason(error: BaseException) -> str:
    driver = getattr(error, "orig", None) or error
    return sqlstate(error) or str(driver) or type(driver).__name__
