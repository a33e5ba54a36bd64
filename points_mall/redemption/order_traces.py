"""What an order moved: its entries of points with the lots they drew on, or the hold that waits."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from miniprogram_api.core.db import db
from points_mall.ledger.models import LedgerEntry, LotDraw, PointsAccount, PointsHold

from .models import RedemptionOrder
from .reasons import BY_SOURCE


@dataclass(frozen=True)
class Draw:
    """What was taken from a lot, or (below zero) put back into it."""

    lot_id: int
    points: int


@dataclass(frozen=True)
class Moved:
    """One movement of an order's points."""

    reason: str
    points: int
    occurred_at: datetime
    draws: Sequence[Draw]


@dataclass(frozen=True)
class Points:
    """The entries of an order, the first one first, and its hold."""

    moved: Sequence[Moved]
    hold: PointsHold | None


def points_of(order: RedemptionOrder) -> Points:
    """What an order moved."""
    reason, reference = BY_SOURCE[order.source].code, f"order:{order.order_no}"
    account = sa.select(PointsAccount.id).filter_by(member_id=order.member_id).scalar_subquery()
    own = sa.select(LedgerEntry).where(
        LedgerEntry.account_id == account,
        LedgerEntry.reason == reason,
        LedgerEntry.reference == reference,
    )
    entries = list(db.session.scalars(own))
    undoing = sa.select(LedgerEntry).where(
        LedgerEntry.reverses_id.in_([entry.id for entry in entries])
    )
    entries += db.session.scalars(undoing.order_by(LedgerEntry.id)).all()
    hold = db.session.scalar(
        sa.select(PointsHold).where(
            PointsHold.account_id == account,
            PointsHold.reason == reason,
            PointsHold.reference == reference,
        )
    )
    draws = _draws(entries)
    return Points(
        [Moved(one.reason, one.points, one.occurred_at, draws[one.id]) for one in entries], hold
    )


def _draws(entries: Sequence[LedgerEntry]) -> dict[int, list[Draw]]:
    query = sa.select(LotDraw).where(LotDraw.entry_id.in_([entry.id for entry in entries]))
    found: dict[int, list[Draw]] = defaultdict(list)
    for draw in db.session.scalars(query.order_by(LotDraw.id)):
        found[draw.entry_id].append(Draw(draw.lot_id, draw.points))
    return found
