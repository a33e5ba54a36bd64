"""What nobody may do to a ledger: take its guards down and write what was never posted."""

from typing import Any, cast

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
TABLES = [cast(sa.Table, model.__table__) for model in LEDGER]


def lower_guards(session: Session) -> None:
    """Until this transaction ends, entries and draws can be changed and foreign keys are not kept.

    Roll back, or raise the guards again. Checks and unique constraints stay: what they refuse
    cannot be planted.
    """
    if _on_postgresql(session):
        for table in TABLES:
            session.execute(sa.text(f"ALTER TABLE {table.name} DISABLE TRIGGER ALL"))
        return
    session.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
    for name in GUARDED:
        for verb in ("update", "delete"):
            session.execute(sa.text(f"DROP TRIGGER {name}_no_{verb}"))


def raise_guards(session: Session) -> None:
    """Put back what `lower_guards` took down."""
    if _on_postgresql(session):
        for table in TABLES:
            session.execute(sa.text(f"ALTER TABLE {table.name} ENABLE TRIGGER ALL"))
        return
    for name in GUARDED:
        for statement in append_only.sqlite_ddl(name):
            session.execute(sa.text(statement))


def empty(session: Session) -> None:
    """Every member and every point is gone, as if the database were new."""
    lower_guards(session)
    for table in TABLES:
        session.execute(table.delete())
    raise_guards(session)
    session.execute(cast(sa.Table, Member.__table__).delete())


def contents(session: Session) -> list[list[sa.Row[Any]]]:
    """Every row of the ledger: two of these are equal when nothing has changed in between."""
    return [
        list(session.execute(sa.select(table).order_by(*table.primary_key))) for table in TABLES
    ]


def _on_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
