"""Several writes and notes of one transaction as one statement: one question, one answer."""

import re
from collections.abc import Sequence
from functools import cache, partial
from itertools import chain
from typing import Any, Final

import sqlalchemy as sa

from trunkline.sdk import GUARD, Note, Overtaken, Pipeline, Write
from trunkline_postgres.engine import Connection
from trunkline_postgres.listening import CHANNEL

_MATCHED: Final = f"(SELECT count(*) FROM {GUARD})"  # noqa: S608 - our own word
_IF_MATCHED: Final = f" WHERE EXISTS (SELECT FROM {GUARD})"
_TOLD: Final = f"count(pg_notify('{CHANNEL}', note))"
_PLACEHOLDER: Final = re.compile(r"\$([0-9]+)")


class Joined(Pipeline):
    """
    What a transaction on a connection has still to send.

    Writes become the parts of one WITH, which PostgreSQL executes on one snapshot and in any order:
    two on one table stand in one statement only if both insert. A transaction that is one statement
    is so by itself, without BEGIN and COMMIT.
    """

    def __init__(self, connection: sa.Connection, *, reads: bool = False) -> None:
        self._dialect = connection.dialect
        adapted: Any = connection.connection.dbapi_connection
        self._adapted = adapted  # SQLAlchemy's face of the driver's connection
        self._driver: Connection = adapted.driver_connection
        self._driver.opening = ""
        self._waiting: list[Write] = []
        self._reads = reads

    @property
    def guarded(self) -> bool:
        return bool(self._waiting) and self._waiting[0].must

    @property
    def is_all(self) -> bool:
        """Whether nothing was sent yet, and nothing has to be before what is waiting."""
        return not self._driver.is_in_transaction() and not self._driver.opening

    def put(self, write: Write) -> None:
        if self._reads:
            raise RuntimeError("a read changes nothing")
        alike = [each for each in self._waiting if each.table == write.table]
        if write.must or not all(each.inserts and write.inserts for each in alike):
            self.send()
        self._waiting.append(write)

    def send(self) -> None:
        if self._waiting:
            self._execute([])

    def ask(self, questions: Sequence[tuple[str, Sequence[Any]]]) -> list[list[tuple[Any, ...]]]:
        self.send()
        sql = _asked(tuple(select for select, _ in questions))
        (answers,) = self._fetch(sql, tuple(chain.from_iterable(values for _, values in questions)))
        return [[tuple(row) for row in rows] for rows in answers]

    def begin_with(self, sql: str) -> bool:
        if self._driver.is_in_transaction():
            return False
        self._driver.opening += sql
        return True

    def finish(self, notes: Sequence[Note]) -> None:
        """Send what is left, and let every listening process hear the notes with the commit."""
        if not self._waiting and not notes:
            return
        self._adapted.autocommit = self.is_all
        try:
            self._execute([f"{note.topic}\n{note.id}" for note in notes])
        finally:
            self._adapted.autocommit = False

    def _execute(self, told: list[str]) -> None:
        guarded = self.guarded
        writes, self._waiting = self._waiting, []
        sql = _joined(tuple(write.sql for write in writes), guarded=guarded)
        arguments = (*chain.from_iterable(write.arguments for write in writes), told)
        ((matched, _),) = self._fetch(sql, arguments)
        if not matched:
            raise Overtaken("A row is not as it was any more.")

    def _fetch(self, sql: str, arguments: tuple[Any, ...]) -> list[Sequence[Any]]:
        cursor = self._adapted.cursor()
        errors = self._dialect.loaded_dbapi.Error
        try:
            cursor.execute(sql, arguments)
        except errors as error:
            raise sa.exc.DBAPIError.instance(
                sql, arguments, error, errors, hide_parameters=True, dialect=self._dialect
            ) from error
        rows: list[Sequence[Any]] = cursor.fetchall()
        cursor.close()
        return rows


@cache
def _joined(statements: tuple[str, ...], *, guarded: bool) -> str:
    """Return one statement for several and for an array of notes, which comes as its last value."""
    numbered, values = _numbered(statements)
    parts = [f"write_{number} AS ({sql})" for number, sql in enumerate(numbered)]
    if guarded:
        parts[0] = f"{GUARD} AS ({numbered[0]} RETURNING 1)"
    first = f"WITH {', '.join(parts)} " if parts else ""
    matched, if_matched = (_MATCHED, _IF_MATCHED) if guarded else ("1", "")
    notes = f"unnest(CAST(${values + 1} AS text[])) AS note"
    told = f"(SELECT {_TOLD} FROM {notes}{if_matched})"  # noqa: S608 - all of it is ours
    return f"{first}SELECT {matched}, {told}"


@cache
def _asked(selects: tuple[str, ...]) -> str:
    """Return one SELECT for several: a row that has the rows of each as an array."""
    numbered, _ = _numbered(selects)
    arrays = [f"ARRAY(SELECT found FROM ({sql}) AS found)" for sql in numbered]  # noqa: S608 - as above
    return f"SELECT {', '.join(arrays)}"


def _numbered(statements: tuple[str, ...]) -> tuple[list[str], int]:
    """Return the statements as they may stand in one, and how many values they have together."""
    numbered, values = [], 0
    for sql in statements:
        numbered.append(_PLACEHOLDER.sub(partial(_moved, by=values), sql))
        values += max((int(found) for found in _PLACEHOLDER.findall(sql)), default=0)
    return numbered, values


def _moved(placeholder: re.Match[str], *, by: int) -> str:
    return f"${int(placeholder[1]) + by}"
