"""What nobody may do to a ledger: take its guards down and write what was never posted."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import append_only
from miniprogram_api.members.models import Member
from points_mall.ledger.models import (
    HoldPart,
    LedgerEntry,
    LotDraw,
    PendingEarning,
    PointsAccount,
    PointsHold,
    PointsLot,
)

GUARDED = ("ledger_entry", "lot_draw")
LEDGER = (PointsAccount, LedgerEntry, PointsLot, LotDraw, PointsHold, HoldPart, PendingEarning)
TABLES: tuple[sa.Table, ...] = tuple(sa.inspect(model).local_table for model in LEDGER)
_WITH_MEMBERS: tuple[sa.Table, ...] = (sa.inspect(Member).local_table, *TABLES)


@contextmanager
def unguarded(session: Session) -> Iterator[None]:
    """Within the block, and within this transaction, entries and draws can be changed.

    Foreign keys, checks and unique constraints stay: what they refuse cannot be planted.
    """
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    for table in GUARDED:
        for statement in _lowering(table, on_postgresql):
            session.execute(sa.text(statement))
    yield
    for table in GUARDED:
        for statement in _raising(table, on_postgresql):
            session.execute(sa.text(statement))


def _lowering(table: str, on_postgresql: bool) -> list[str]:
    if on_postgresql:
        return [f"ALTER TABLE {table} DISABLE TRIGGER USER"]
    return [f"DROP TRIGGER {table}_no_{verb}" for verb in ("update", "delete")]


def _raising(table: str, on_postgresql: bool) -> list[str]:
    if on_postgresql:
        return [f"ALTER TABLE {table} ENABLE TRIGGER USER"]
    return append_only.sqlite_ddl(table)


def empty(session: Session) -> None:
    """Every member and every point is gone, as if the database were new."""
    with unguarded(session):
        for table in sorted(_WITH_MEMBERS, key=_children_first):
            session.execute(table.delete())


def _children_first(table: sa.Table) -> int:
    return -list(table.metadata.sorted_tables).index(table)


def contents(session: Session) -> list[list[sa.Row[tuple[object, ...]]]]:
    """Every row of the ledger: two of these are equal when nothing has changed in between."""
    return [list(session.execute(sa.select(table).order_by(*table.primary_key))) for table in TABLES]
