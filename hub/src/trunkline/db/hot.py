"""Hot statements: SQLAlchemy compiles the SQL once per dialect, a plain driver cursor runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPICursor, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

from trunkline.sdk import GUARD, Overtaken, Tx, Write

_REQUIRED: Final = object()
T = TypeVar("T")
U = TypeVar("U")

Rows: TypeAlias = list[tuple[Any, ...]]
_Form: TypeAlias = Literal["alone", "joined", "guarded"]
_Processor = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Prepared:
    sql: str
    binds: tuple[tuple[str, _Processor, object], ...]  # name, processor, value or _REQUIRED
    positional: bool
    results: tuple[_Processor, ...] | None = None  # empty: rows need no conversion

    def arguments(self, values: Mapping[str, Any]) -> Sequence[Any] | dict[str, Any]:
        arguments = self.listed(values)
        if self.positional:
            return arguments
        return dict(zip((name for name, _, _ in self.binds), arguments, strict=True))

    def listed(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        arguments = []
        for name, process, default in self.binds:
            value = values[name] if default is _REQUIRED else values.get(name, default)
            arguments.append(process(value) if process else value)
        return tuple(arguments)

    def convert(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        if not self.results:
            return row
        pairs = zip(self.results, row, strict=True)
        return tuple(process(value) if process else value for process, value in pairs)


class Hot:
    """
    A statement of the hot path; it costs a quarter of executing it through SQLAlchemy.

    ``rows = GET_MESSAGE(tx, {"id": message_id})``. Column types convert both ways and errors are
    SQLAlchemy's, as with `Tx.execute`. An insert takes every column of its table unless `columns`
    names fewer. What it cannot do is refused at its first use: IN with a list, Python defaults.
    """

    __slots__ = ("_columns", "_prepared", "_statement", "_table")

    def __init__(
        self,
        statement: sa.Select[*tuple[Any, ...]] | UpdateBase,
        columns: Sequence[str] | None = None,
    ) -> None:
        self._statement = statement
        self._table = "" if isinstance(statement, sa.Select) else statement.table.description
        self._columns = columns
        self._prepared: dict[tuple[str, str, _Form], _Prepared] = {}  # by dialect and form

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

    def put(self, tx: Tx, values: Mapping[str, Any], *, must: bool = False) -> None:
        """
        Execute with `values` by parameter name, at the latest before the transaction commits.

        Nobody waits for the answer, so a server is asked once for several. With `must`, which
        belongs before what rests on it, the transaction comes to nothing unless a row matches.

        Raises:
            Overtaken: None did; a pipeline tells of it later.
        """
        pipeline = tx.pipeline
        if pipeline is None:
            if not self.rowcount(tx, values) and must:
                raise Overtaken("A row is not as it was any more.")
            return
        form: _Form = "guarded" if pipeline.guarded and not must else "alone"
        prepared = self._of(tx.connection.dialect, form)
        pipeline.put(
            Write(
                sql=prepared.sql,
                arguments=prepared.listed(values),
                table=self._table,
                inserts=isinstance(self._statement, sa.Insert),
                must=must,
            )
        )

    def joined(self, dialect: Dialect) -> _Prepared:
        """Return the SELECT as it may be asked with others, whose columns nobody describes."""
        prepared = self._of(dialect, "joined")
        if prepared.results is None:
            kinds = [each.type.dialect_impl(dialect) for each in self._statement.exported_columns]
            results = tuple(kind.result_processor(dialect, None) for kind in kinds)
            prepared = replace(prepared, results=results if any(results) else ())
            self._prepared[dialect.name, dialect.driver, "joined"] = prepared
        return prepared

    def _of(self, dialect: Dialect, form: _Form = "alone") -> _Prepared:
        key = (dialect.name, dialect.driver, form)
        prepared = self._prepared.get(key)
        if prepared is None:
            prepared = self._prepared[key] = self._prepare(dialect, guarded=form == "guarded")
        return prepared

    def _execute(self, tx: Tx, values: Mapping[str, Any]) -> tuple[DBAPICursor, _Prepared]:
        if tx.pipeline is not None:
            tx.pipeline.send()
        dialect = tx.connection.dialect
        prepared = self._of(dialect)
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
            prepared = replace(prepared, results=results)
            self._prepared[dialect.name, dialect.driver, "alone"] = prepared
        return cursor, prepared

    def _results(self, dialect: Dialect, cursor: DBAPICursor) -> tuple[_Processor, ...]:
        columns = zip(self._statement.exported_columns, cursor.description or (), strict=True)
        results = tuple(
            column.type.dialect_impl(dialect).result_processor(dialect, described[1])
            for column, described in columns
        )
        return results if any(results) else ()

    def _guarded(self) -> UpdateBase:
        """Return the statement as it takes effect only where `GUARD` has a row."""
        held = sa.exists(sa.select(sa.literal_column("1")).select_from(sa.table(GUARD)))
        statement = self._statement
        if not isinstance(statement, sa.Insert):
            assert isinstance(statement, sa.Update | sa.Delete)
            return statement.where(held)
        columns = [statement.table.c[name] for name in self._columns or statement.table.c.keys()]
        values = (sa.bindparam(column.name, type_=column.type) for column in columns)
        return sa.insert(statement.table).from_select(columns, sa.select(*values).where(held))

    def _prepare(self, dialect: Dialect, *, guarded: bool = False) -> _Prepared:
        if guarded:
            compiled = self._guarded().compile(dialect=dialect)
        else:
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


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """
    What hot SELECTs find, and what that means: `read` is given the rows of each of `parts`.

    Asked together they cost one round trip to a server, and see the same moment there.
    """

    parts: tuple[tuple[Hot, Mapping[str, Any]], ...]
    read: Callable[[Sequence[Rows]], T]

    def ask(self, tx: Tx) -> T:
        """Return the answer."""
        if tx.pipeline is None or len(self.parts) == 1:
            return self.read([hot(tx, values) for hot, values in self.parts])
        dialect = tx.connection.dialect
        prepared = [(hot.joined(dialect), values) for hot, values in self.parts]
        answers = tx.pipeline.ask([(each.sql, each.listed(values)) for each, values in prepared])
        pairs = zip(prepared, answers, strict=True)
        return self.read([[each.convert(row) for row in rows] for (each, _), rows in pairs])

    def then(self, read: Callable[[T], U]) -> Question[U]:
        """Return the question whose answer is made of this one's."""
        return Question(self.parts, lambda found: read(self.read(found)))


def question(hot: Hot, values: Mapping[str, Any], read: Callable[[Rows], T]) -> Question[T]:
    """Return what one SELECT finds as a question."""
    return Question(((hot, values),), lambda found: read(found[0]))


def both(one: Question[T], other: Question[U]) -> Question[tuple[T, U]]:
    """Return two questions as one."""
    split = len(one.parts)
    return Question(
        one.parts + other.parts,
        lambda found: (one.read(found[:split]), other.read(found[split:])),
    )
