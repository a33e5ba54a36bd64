"""Reading an account: what can be spent, what expires when, and the entries. Nothing is written.

What is past its expiry is left out when it is read, whether or not a job has taken it yet.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db

from .models import (
    HoldPart,
    HoldState,
    LedgerEntry,
    PendingEarning,
    PendingState,
    PointsAccount,
    PointsHold,
    PointsLot,
)

SHOWN = 12
"""How many dates of expiry and of maturity a summary lists."""

lots = PointsLot.__table__


@dataclass(frozen=True)
class DatedPoints:
    """Points of one moment: when they expire, or when they begin to count."""

    points: int
    at: datetime


@dataclass
class Summary:
    """An account at a glance; every figure is what holds at this moment."""

    available: int = 0
    held: int = 0
    pending: int = 0
    debt: int = 0
    lifetime_earned: int = 0
    expiring: list[DatedPoints] = field(default_factory=list)
    maturing: list[DatedPoints] = field(default_factory=list)


_ACCOUNT = sa.select(PointsAccount.__table__).where(
    PointsAccount.member_id == sa.bindparam("member_id")
)
_FREE = (
    sa.select(lots.c.expires_at, sa.func.sum(lots.c.remaining - lots.c.held).label("points"))
    .where(lots.c.account_id == sa.bindparam("account_id"), lots.c.remaining > 0)
    .group_by(lots.c.expires_at)
)
_OVERDUE_HOLDS = (
    sa.select(lots.c.expires_at, sa.func.sum(HoldPart.points).label("points"))
    .join(HoldPart, HoldPart.lot_id == lots.c.id)
    .join(PointsHold, PointsHold.id == HoldPart.hold_id)
    .where(
        PointsHold.account_id == sa.bindparam("account_id"),
        PointsHold.state == HoldState.OPEN,
        PointsHold.expires_at <= sa.bindparam("moment", type_=PointsHold.expires_at.type),
    )
    .group_by(lots.c.expires_at)
)
_MATURING = (
    sa.select(
        PendingEarning.matures_at,
        sa.func.sum(PendingEarning.points - PendingEarning.cancelled_points).label("points"),
    )
    .where(
        PendingEarning.account_id == sa.bindparam("account_id"),
        PendingEarning.state == PendingState.PENDING,
    )
    .group_by(PendingEarning.matures_at)
    .order_by(PendingEarning.matures_at)
    .limit(SHOWN)
)


def summary(member_id: int) -> Summary:
    """The member's account now; a member without one has nothing."""
    session, moment = db.session, now()
    account = session.execute(_ACCOUNT, {"member_id": member_id}).one_or_none()
    if account is None:
        return Summary()
    key = {"account_id": account.id}
    free = {row.expires_at: int(row.points) for row in session.execute(_FREE, key)}
    released = 0
    if account.held:
        for row in session.execute(_OVERDUE_HOLDS, {**key, "moment": moment}):
            free[row.expires_at] = free.get(row.expires_at, 0) + int(row.points)
            released += int(row.points)
    open_ones = {at: points for at, points in free.items() if at is None or at > moment}
    return Summary(
        available=max(0, sum(open_ones.values()) - account.debt),
        held=account.held - released,
        pending=account.pending,
        debt=account.debt,
        lifetime_earned=account.lifetime_earned,
        expiring=_soonest(open_ones),
        maturing=_maturing(account) if account.pending else [],
    )


def _soonest(free: dict[datetime | None, int]) -> list[DatedPoints]:
    dated = [DatedPoints(points, at) for at, points in free.items() if at is not None and points]
    return sorted(dated, key=lambda item: item.at)[:SHOWN]


def _maturing(account: Any) -> list[DatedPoints]:
    found = db.session.execute(_MATURING, {"account_id": account.id})
    return [DatedPoints(int(row.points), row.matures_at) for row in found]


def balances(member_id: int) -> dict[str, int]:
    """The four figures that a member's profile shows."""
    now_ = summary(member_id)
    return {
        "available": now_.available,
        "held": now_.held,
        "pending": now_.pending,
        "debt": now_.debt,
    }


def entries_of(member_id: int) -> sa.Select[*tuple[Any, ...]]:
    """The entries of a member's account; `LedgerEntry.seq` orders them."""
    return (
        sa.select(
            LedgerEntry.id,
            LedgerEntry.seq,
            LedgerEntry.points,
            LedgerEntry.balance_after,
            LedgerEntry.reason,
            LedgerEntry.reference,
            LedgerEntry.occurred_at,
            LedgerEntry.explanation,
        )
        .join(PointsAccount, PointsAccount.id == LedgerEntry.account_id)
        .where(PointsAccount.member_id == member_id)
    )


def export_points(member_id: int) -> dict[str, Any]:
    """The member's figures and whole history, as plain JSON."""
    rows = db.session.execute(entries_of(member_id).order_by(LedgerEntry.seq))
    history = [
        {
            "points": row.points,
            "balance_after": row.balance_after,
            "reason": row.reason,
            "reference": row.reference,
            "occurred_at": in_shop_time(row.occurred_at).isoformat(),
            "explanation": row.explanation,
        }
        for row in rows
    ]
    return {**balances(member_id), "entries": history}
