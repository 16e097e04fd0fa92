"""Hot statements: SQLAlchemy compiles the SQL once per dialect, a plain driver cursor runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPICursor, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

from trunkline.sdk import Tx

_REQUIRED: Final = object()
_Processor = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Prepared:
    sql: str
    binds: tuple[tuple[str, _Processor, object], ...]  # name, processor, value or _REQUIRED
    positional: bool
    results: tuple[_Processor, ...] | None = None  # empty: rows need no conversion

    def arguments(self, values: Mapping[str, Any]) -> Sequence[Any] | dict[str, Any]:
        arguments = []
        for name, process, default in self.binds:
            value = values[name] if default is _REQUIRED else values.get(name, default)
            arguments.append(process(value) if process else value)
        if self.positional:
            return tuple(arguments)
        return dict(zip((name for name, _, _ in self.binds), arguments, strict=True))

    def convert(self, row: Sequence[Any]) -> tuple[Any, ...]:
        pairs = zip(self.results or (), row, strict=True)
        return tuple(process(value) if process else value for process, value in pairs)


class Hot:
    """
    A statement of the hot path; it costs a quarter of executing it through SQLAlchemy.

    ``rows = GET_MESSAGE(tx, {"id": message_id})``. Column types convert both ways and errors are
    SQLAlchemy's, as with `Tx.execute`. An insert takes every column of its table unless `columns`
    names fewer. What it cannot do is refused at its first use: IN with a list, Python defaults.
    """

    __slots__ = ("_columns", "_prepared", "_statement")

    def __init__(
        self,
        statement: sa.Select[*tuple[Any, ...]] | UpdateBase,
        columns: Sequence[str] | None = None,
    ) -> None:
        self._statement = statement
        self._columns = columns
        self._prepared: dict[str, _Prepared] = {}

    def __call__(self, tx: Tx, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Execute with `values` by parameter name and return the rows."""
        cursor, prepared = self._execute(tx, values)
        rows = cursor.fetchall()
        cursor.close()
        if prepared.results:
            return [prepared.convert(row) for row in rows]
        return cast(list[tuple[Any, ...]], rows)

    def rowcount(self, tx: Tx, values: Mapping[str, Any]) -> int:
        """Execute with `values` by parameter name and return the number of rows it matched."""
        cursor, _ = self._execute(tx, values)
        count = cursor.rowcount
        cursor.close()
        return count

    def _execute(self, tx: Tx, values: Mapping[str, Any]) -> tuple[DBAPICursor, _Prepared]:
        dialect = tx.connection.dialect
        key = dialect.name + dialect.driver
        prepared = self._prepared.get(key)
        if prepared is None:
            prepared = self._prepare(dialect)
        arguments = prepared.arguments(values)
        connection = tx.connection.connection.dbapi_connection
        assert connection is not None  # only a detached one has none
        cursor = connection.cursor()
        try:
            cursor.execute(prepared.sql, arguments)
        except dialect.loaded_dbapi.Error as error:
            raise sa.exc.DBAPIError.instance(
                prepared.sql,
                arguments,
                error,
                dialect.loaded_dbapi.Error,
                hide_parameters=True,
                dialect=dialect,
            ) from error
        if prepared.results is None:  # some conversions depend on what the database calls a column
            results = self._results(dialect, cursor)
            prepared = self._prepared[key] = replace(prepared, results=results)
        return cursor, prepared

    def _results(self, dialect: Dialect, cursor: DBAPICursor) -> tuple[_Processor, ...]:
        columns = zip(self._statement.exported_columns, cursor.description or (), strict=True)
        results = tuple(
            column.type.dialect_impl(dialect).result_processor(dialect, described[1])
            for column, described in columns
        )
        return results if any(results) else ()

    def _prepare(self, dialect: Dialect) -> _Prepared:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
        assert isinstance(compiled, SQLCompiler)
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        if compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError("a hot statement cannot fill Python defaults")
        if any(bind.expanding for bind in binds.values()):
            raise TypeError("a hot statement cannot expand a list")
        processors = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect)
            for name, bind in binds.items()
        }
        defaults = {
            name: _REQUIRED if bind.required else bind.effective_value
            for name, bind in binds.items()
        }
        names = compiled.positiontup if compiled.positiontup is not None else list(binds)
        return _Prepared(
            sql=str(compiled),
            binds=tuple((name, processors[name], defaults[name]) for name in names),
            positional=compiled.positional,
        )
