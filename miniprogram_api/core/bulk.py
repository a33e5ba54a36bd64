"""Many rows in one statement, on every database that we run on.

PostgreSQL takes the rows as arrays (`unnest`), SQLite as one JSON text (`json_each`). The statement's
text does not depend on how many rows there are, so it is built, compiled and planned once.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import CursorResult, Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

Rows = Sequence[Mapping[str, Any]]

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]


class _Many(sa.TypeDecorator[Sequence[Any]]):
    """A list of values as one parameter: an array, or a JSON text."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return _array(value) if dialect.name == "postgresql" else json.dumps(list(value))


class _Among(FunctionElement[bool]):
    # Without the type Boolean: SQLite would be asked `… IN (…) = 1`, for which it uses no index.
    inherit_cache = True


def among(column: Any, name: str) -> sa.ColumnElement[bool]:
    """`column` is one of the values given as parameter `name` when the statement is run."""
    return _Among(column, sa.bindparam(name, type_=_Many()))


@compiles(_Among)
def _among_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(_Among, "postgresql")
def _among_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    kind = _array_item(element.clauses.clauses[0].type)
    return f"{column} = ANY (CAST({values} AS {kind}[]))"


def insert(
    session: Session, table: sa.FromClause, rows: Rows, returning: Sequence[str] = ()
) -> Sequence[sa.Row[Any]]:
    """Insert `rows`, all with the same columns, in one statement.

    :returns: the `returning` columns of each row, in no promised order.
    """
    if not rows:
        return []
    result = _run(session, _insert, cast(sa.Table, table), rows, tuple(returning))
    return result.all() if returning else []


def insert_missing(session: Session, table: sa.FromClause, rows: Rows) -> int:
    """Insert those of `rows` that break no unique constraint; answer how many that were."""
    if not rows:
        return 0
    return _run(session, _insert_missing, cast(sa.Table, table), rows, ()).rowcount


def update(
    session: Session,
    table: sa.FromClause,
    rows: Rows,
    key: Sequence[str] = ("id",),
    *,
    only: str = "true",
) -> Sequence[sa.Row[Any]]:
    """Set each row's other columns where the columns of `key` have its values.

    :param only: a further condition in SQL that a row must meet to be changed.
    :returns: the `key` columns of the rows that were changed, in no promised order.
    """
    if not rows:
        return []
    return _run(session, _update, cast(sa.Table, table), rows, (*key, only)).all()


def _run(
    session: Session, build: Any, table: sa.Table, rows: Rows, extra: tuple[str, ...]
) -> "CursorResult[Any]":
    dialect = session.get_bind().dialect
    columns = tuple(rows[0])
    statement = build(dialect.name, table, columns, extra)
    parameters = _parameters(table, columns, rows, dialect)
    return cast("CursorResult[Any]", session.execute(statement, parameters))


def _parameters(
    table: sa.Table, columns: tuple[str, ...], rows: Rows, dialect: Dialect
) -> dict[str, Any]:
    processors = {name: _bind_processor(table, name, dialect) for name in columns}
    lists = {
        name: [process(row[name]) if process else row[name] for row in rows]
        for name, process in processors.items()
    }
    if dialect.name == "postgresql":
        return {name: _array(values) for name, values in lists.items()}
    return {"rows": json.dumps(list(zip(*lists.values(), strict=True)), ensure_ascii=False)}


def _array(values: Sequence[Any]) -> str:
    """Values as the text of a PostgreSQL array; the statement casts it to its type.

    The driver would look at each value to learn its type, which takes longer than the statement.
    """
    return "{" + ",".join([_item(value) for value in values]) + "}"


def _item(value: Any) -> str:
    """One value, in quotes: it could hold a comma, a brace or a space."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f'"{value}"'  # a number, a moment, a day, a truth


def _bind_processor(table: sa.Table, name: str, dialect: Dialect) -> Any:
    kind = table.c[name].type
    if dialect.name == "postgresql" and not isinstance(kind, sa.TypeDecorator):
        return None  # the driver adapts plain values within arrays by itself
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _source(dialect: str, table: sa.Table, columns: tuple[str, ...]) -> str:
    if dialect == "postgresql":
        kinds = (_array_item(table.c[name].type) for name in columns)
        arrays = ", ".join(
            f"CAST(:{name} AS {kind}[])" for name, kind in zip(columns, kinds, strict=True)
        )
        return f"(SELECT * FROM unnest({arrays}) AS rows({', '.join(columns)})) AS given"
    values = ", ".join(
        f"json_extract(value, '$[{at}]') AS {name}" for at, name in enumerate(columns)
    )
    return f"(SELECT {values} FROM json_each(:rows)) AS given"


def _array_item(kind: sa.types.TypeEngine[Any]) -> str:
    if isinstance(kind, sa.String):
        return "TEXT"  # a cast to VARCHAR(n) would cut silently; the column itself refuses
    return kind.compile(_POSTGRESQL)


@cache
def _insert(
    dialect: str, table: sa.Table, columns: tuple[str, ...], returning: tuple[str, ...]
) -> sa.TextClause | sa.TextualSelect:
    names = ", ".join(columns)
    text = (
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {_source(dialect, table, columns)}"
    )
    if not returning:
        return sa.text(text)
    answer = sa.text(f"{text} WHERE true RETURNING {', '.join(returning)}")
    return answer.columns(*(sa.column(name, table.c[name].type) for name in returning))


@cache
def _insert_missing(
    dialect: str, table: sa.Table, columns: tuple[str, ...], _extra: tuple[str, ...]
) -> sa.TextClause:
    insertion = cast(sa.TextClause, _insert(dialect, table, columns, ()))
    return sa.text(f"{insertion.text} WHERE true ON CONFLICT DO NOTHING")


@cache
def _update(
    dialect: str, table: sa.Table, columns: tuple[str, ...], key_and_only: tuple[str, ...]
) -> sa.TextualSelect:
    *key, only = key_and_only
    sets = ", ".join(f"{name} = given.{name}" for name in columns if name not in key)
    matches = " AND ".join(f"{table.name}.{name} = given.{name}" for name in key)
    changed = ", ".join(f"{table.name}.{name} AS {name}" for name in key)
    statement = sa.text(
        f"UPDATE {table.name} SET {sets} FROM {_source(dialect, table, columns)}"
        f" WHERE {matches} AND ({only}) RETURNING {changed}"
    )
    return statement.columns(*(sa.column(name, table.c[name].type) for name in key))
