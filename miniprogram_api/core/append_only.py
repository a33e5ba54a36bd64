"""Tables that are written once: the database itself refuses to change or delete a row."""

from typing import TypeVar, cast

import sqlalchemy as sa

from .db import Base

T = TypeVar("T", bound=type[Base])


def append_only(model: T) -> T:
    """Class decorator: give the model's table triggers that refuse UPDATE and DELETE."""
    table = cast(sa.Table, model.__table__)
    table.info["append_only"] = True
    for dialect in ("sqlite", "postgresql"):
        for statement in guards(dialect, table.name):
            guard = sa.DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
            sa.event.listen(table, "after_create", guard.execute_if(dialect=dialect))
    return model


def guards(dialect: str, table: str) -> list[str]:
    """What makes one table append-only, for `create_all` and for migrations alike."""
    return sqlite_ddl(table) if dialect == "sqlite" else postgresql_ddl(table)


def sqlite_ddl(table: str) -> list[str]:
    """The triggers of one table, for SQLite."""
    return [
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for verb in ("update", "delete")
    ]


def postgresql_ddl(table: str) -> list[str]:
    """The triggers of one table and the function they share, for PostgreSQL."""
    return [
        _REFUSE_CHANGE,
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} {_ROW}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} {_STATEMENT}",
    ]


_REFUSE_CHANGE = """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"""
_ROW = "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
_STATEMENT = "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
