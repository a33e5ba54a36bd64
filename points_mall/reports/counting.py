"""What a stretch of the ledger and of purchases adds to the rollups, all of it in the database.

A batch is added to what is there, so each may run once only: `following` sees to it.
"""

from collections.abc import Mapping
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from miniprogram_api.members.models import Member
from points_mall.earning.reasons import PURCHASE
from points_mall.ledger.models import DrawKind, LedgerEntry, LotDraw, PointsAccount, PointsLot
from points_mall.ledger.reasons import ADJUSTMENT, CLOSURE, EXPIRY, RESTORATION, REVERSAL
from points_mall.purchases.models import Purchase

from .days import knows_days, last_day, shop_day
from .following import Stream
from .models import LotDay, MemberActivity, PointsDay

AnySelect = sa.Select[*tuple[Any, ...]]

entries = cast(sa.Table, LedgerEntry.__table__)
lots = cast(sa.Table, PointsLot.__table__)
draws = cast(sa.Table, LotDraw.__table__)
purchases = cast(sa.Table, Purchase.__table__)

PASSIVE_REASONS = (EXPIRY, ADJUSTMENT, CLOSURE, REVERSAL, RESTORATION)
PASSIVE_COUNTERPARTIES = ("gift", "tier")
"""What happens to a member who does nothing: no sign of life."""


def is_act(reason: Any, counterparty: Any) -> sa.ColumnElement[bool]:
    """Whether the member did something when this entry was posted.

    An earning may be posted long after its purchase; those count by the purchase.
    """
    passive = [one.code for one in (*PASSIVE_REASONS, PURCHASE)]
    return sa.and_(reason.not_in(passive), counterparty.not_in(PASSIVE_COUNTERPARTIES))


def count_entries(session: Session, after_id: int, upto_id: int) -> None:
    """Add the entries above one id up to another to the days of points and of lots, and to what
    members last did.
    """
    knows_days(session)
    stretch = sa.and_(entries.c.id > after_id, entries.c.id <= upto_id)
    _add(session, PointsDay, moved_by_day().where(stretch))
    _add(session, LotDay, granted_by_day().where(stretch))
    drawn = sa.and_(draws.c.entry_id > after_id, draws.c.entry_id <= upto_id)
    _add(session, LotDay, drawn_by_day().where(drawn))
    _note_activity(session, acts_in_entries().where(stretch))


def count_purchases(session: Session, after_id: int, upto_id: int) -> None:
    """Let members who bought something have been active then."""
    stretch = sa.and_(purchases.c.id > after_id, purchases.c.id <= upto_id)
    _note_activity(session, acts_in_purchases().where(stretch))


LEDGER = Stream("ledger", entries, count_entries)
PURCHASES = Stream("purchases", purchases, count_purchases)
STREAMS = (LEDGER, PURCHASES)


def moved_by_day() -> AnySelect:
    """Points given and taken, by day, reason and counterparty."""
    points, gives = entries.c.points, entries.c.points > 0
    day = shop_day(entries.c.occurred_at).label("day")
    return sa.select(
        day,
        entries.c.reason,
        entries.c.counterparty,
        _sum(sa.case((gives, points), else_=0)).label("given_points"),
        _sum(sa.case((gives, 0), else_=-points)).label("taken_points"),
        _sum(sa.case((gives, 1), else_=0)).label("given_count"),
        _sum(sa.case((gives, 0), else_=1)).label("taken_count"),
    ).group_by(day, entries.c.reason, entries.c.counterparty)


def granted_by_day() -> AnySelect:
    """Points of the lots that entries opened, by day of issue and last day."""
    issued_on = shop_day(entries.c.occurred_at).label("issued_on")
    last_on = last_day(lots.c.expires_at).label("last_on")
    none = sa.literal(0)
    return (
        sa.select(
            issued_on,
            last_on,
            _sum(lots.c.granted).label("granted_points"),
            *(none.label(name) for name in _DRAWN),
        )
        .select_from(entries.join(lots, lots.c.entry_id == entries.c.id))
        .group_by(issued_on, last_on)
    )


def drawn_by_day() -> AnySelect:
    """Points drawn from lots and not put back, by the lots' day of issue and last day."""
    issued_on = shop_day(entries.c.occurred_at).label("issued_on")
    last_on = last_day(lots.c.expires_at).label("last_on")
    opened = draws.join(lots, lots.c.id == draws.c.lot_id).join(
        entries, entries.c.id == lots.c.entry_id
    )
    parts = (
        _sum(sa.case((draws.c.kind.in_(kinds), draws.c.points), else_=0)).label(name)
        for name, kinds in _DRAWN.items()
    )
    return (
        sa.select(issued_on, last_on, sa.literal(0).label("granted_points"), *parts)
        .select_from(opened)
        .group_by(issued_on, last_on)
    )


_DRAWN: Mapping[str, tuple[DrawKind, ...]] = {
    "spent_points": (DrawKind.SPEND, DrawKind.RESTORE),
    "expired_points": (DrawKind.EXPIRE,),
    "reversed_points": (DrawKind.REVERSE,),
    "repaid_points": (DrawKind.REPAY,),
}


def acts_in_entries() -> AnySelect:
    """When open members last acted, by their entries."""
    owner = PointsAccount.member_id
    return (
        sa.select(owner, sa.func.max(entries.c.occurred_at).label("last_at"))
        .join(PointsAccount, PointsAccount.id == entries.c.account_id)
        .join(Member, Member.id == owner)
        .where(Member.closed_at.is_(None), is_act(entries.c.reason, entries.c.counterparty))
        .group_by(owner)
    )


def acts_in_purchases() -> AnySelect:
    """When open members last placed a purchase."""
    owner = purchases.c.member_id
    return (
        sa.select(owner, sa.func.max(purchases.c.placed_at).label("last_at"))
        .join(Member, Member.id == owner)
        .where(Member.closed_at.is_(None))
        .group_by(owner)
    )


def _sum(points: Any) -> sa.ColumnElement[int]:
    """A sum that stays a whole number; PostgreSQL would make it a decimal."""
    return sa.cast(sa.func.sum(points), sa.BigInteger)


def _note_activity(session: Session, found: AnySelect) -> None:
    insertion = insert_into(session, MemberActivity, found)
    later = insertion.excluded.last_at
    session.execute(
        insertion.on_conflict_do_update(
            index_elements=["member_id"],
            set_={"last_at": later},
            where=MemberActivity.last_at < later,
        )
    )


def _add(session: Session, model: Any, found: AnySelect) -> None:
    """Add figures to those of the same key."""
    table = model.__table__
    insertion = insert_into(session, model, found)
    keys = [column.name for column in table.primary_key]
    sums = {
        column.name: column + insertion.excluded[column.name]
        for column in table.columns
        if column.name not in keys
    }
    session.execute(insertion.on_conflict_do_update(index_elements=keys, set_=sums))


def insert_into(session: Session, model: Any, found: AnySelect) -> Any:
    """An insertion of what a query finds, which may say what a conflict does."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    names = [column.name for column in found.selected_columns]
    return dialect.insert(model.__table__).from_select(names, found)
