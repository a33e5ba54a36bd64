"""The figures of the shop, read from the rollups; none of them looks at a member, entry or lot.

So they cost the same at a thousand members and at a million, and are as old as `freshness` says:
the ledger's a minute or two, those of members ten minutes at most.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.clock import today
from miniprogram_api.core.db import db
from miniprogram_api.core.settings import settings
from points_mall.ledger.reasons import ADJUSTMENT, CLOSURE, EXPIRY, RESTORATION, REVERSAL, title

from . import following
from .counting import STREAMS
from .models import ActivityDay, MembershipDay, PointsDay, ReportMark

NEW_DAYS = 30

points_days = cast(sa.Table, PointsDay.__table__)


@dataclass(frozen=True)
class Freshness:
    """How old figures of points are.

    :param counted_until: every movement committed before is counted; None: nothing was counted yet.
    :param behind_count: ids that the ledger and the purchases have gone on since.
    """

    counted_until: datetime | None
    behind_count: int


@dataclass(frozen=True)
class MemberFigures:
    """Members by count; the spans of days are those of the settings."""

    open_count: int
    joined_count: int
    closed_count: int
    joined_days: int
    active_count: int
    active_days: int
    dormant_count: int
    dormant_days: int


@dataclass(frozen=True)
class PointsFigures:
    """What points moved on one day, or on several.

    :param issued_points: given for whatever reason but an undone redemption.
    :param redeemed_points: spent for whatever reason.
    :param returned_points: put back because a redemption was undone.
    :param taken_back_points: earnings undone by a refund.
    :param removed_points: taken by hand, or given up with a closed account.
    """

    issued_points: int = 0
    redeemed_points: int = 0
    returned_points: int = 0
    taken_back_points: int = 0
    expired_points: int = 0
    removed_points: int = 0

    @property
    def redemption_rate_bp(self) -> int | None:
        """What was redeemed and stayed so, as a share of what was issued and stayed so, in basis
        points, rounded down; None where nothing was issued.
        """
        issued = self.issued_points - self.taken_back_points
        redeemed = self.redeemed_points - self.returned_points
        return redeemed * 10_000 // issued if issued > 0 else None


@dataclass(frozen=True)
class DayFigures:
    """One point of the chart."""

    day: date
    points: PointsFigures


@dataclass(frozen=True)
class Source:
    """Where points came from: one slice of the donut; `share_bp` of all that were issued."""

    reason: str
    title_zh: str
    title_en: str
    points: int
    share_bp: int


def freshness() -> Freshness:
    """Until when the figures of points count."""
    session = db.session()
    moments = session.scalars(sa.select(ReportMark.followed_at)).all()
    known = [moment for moment in moments if moment is not None]
    everything = len(known) == len(STREAMS)
    waiting = sum(following.behind(session, stream) for stream in STREAMS)
    return Freshness(min(known) if everything else None, waiting)


def member_figures() -> MemberFigures:
    """Members who are open, new, active and dormant."""
    active_days, dormant_days = settings().member_active_days, settings().member_dormant_days
    day, joined, closed = MembershipDay.day, MembershipDay.joined_count, MembershipDay.closed_count
    total, new, left = db.session.execute(
        sa.select(
            _sum(joined - closed),
            _sum(sa.case((day > _ago(NEW_DAYS), joined), else_=0)),
            _sum(sa.case((day > _ago(NEW_DAYS), closed), else_=0)),
        )
    ).one()
    last_on, count = ActivityDay.last_on, ActivityDay.member_count
    active, dormant = db.session.execute(
        sa.select(
            _sum(sa.case((last_on > _ago(active_days), count), else_=0)),
            _sum(sa.case((last_on <= _ago(dormant_days), count), else_=0)),
        )
    ).one()
    return MemberFigures(
        open_count=int(total),
        joined_count=int(new),
        closed_count=int(left),
        joined_days=NEW_DAYS,
        active_count=int(active),
        active_days=active_days,
        dormant_count=int(dormant),
        dormant_days=dormant_days,
    )


def points_figures(days: int) -> PointsFigures:
    """What points moved in the last so many days, today among them."""
    (row,) = db.session.execute(_moved(days))
    return _points(row)


def day_series(days: int) -> list[DayFigures]:
    """What points moved on each of the last so many days, the oldest first; days without are zero."""
    rows = db.session.execute(
        _moved(days).add_columns(points_days.c.day).group_by(points_days.c.day)
    )
    found = {row.day: _points(row) for row in rows}
    first = _ago(days) + timedelta(days=1)
    every = (first + timedelta(days=step) for step in range(days))
    return [DayFigures(day, found.get(day, PointsFigures())) for day in every]


def sources(days: int) -> list[Source]:
    """Why points were issued in the last so many days, the largest first."""
    points = _sum(points_days.c.given_points).label("points")
    rows = db.session.execute(
        sa.select(points_days.c.reason, points)
        .where(points_days.c.day > _ago(days), points_days.c.reason != RESTORATION.code)
        .group_by(points_days.c.reason)
        .having(sa.func.sum(points_days.c.given_points) > 0)
        .order_by(points.desc(), points_days.c.reason)
    ).all()
    total = sum(int(row.points) for row in rows)
    return [
        Source(
            row.reason,
            title(row.reason, "zh"),
            title(row.reason, "en"),
            int(row.points),
            int(row.points) * 10_000 // total,
        )
        for row in rows
    ]


def balance_points() -> int:
    """The sum of all entries: what members have, less what they owe."""
    moved = points_days.c.given_points - points_days.c.taken_points
    return int(db.session.scalar(sa.select(_sum(moved))) or 0)


def _moved(days: int) -> sa.Select[*tuple[Any, ...]]:
    given, taken, reason = (
        points_days.c.given_points,
        points_days.c.taken_points,
        points_days.c.reason,
    )
    not_spent = [EXPIRY.code, REVERSAL.code, CLOSURE.code, ADJUSTMENT.code]

    def part(points: Any, of: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return _sum(sa.case((of, points), else_=0))

    return sa.select(
        part(given, reason != RESTORATION.code).label("issued_points"),
        part(taken, reason.not_in(not_spent)).label("redeemed_points"),
        part(given, reason == RESTORATION.code).label("returned_points"),
        part(taken, reason == REVERSAL.code).label("taken_back_points"),
        part(taken, reason == EXPIRY.code).label("expired_points"),
        part(taken, reason.in_([CLOSURE.code, ADJUSTMENT.code])).label("removed_points"),
    ).where(points_days.c.day > _ago(days), points_days.c.day <= today())


def _points(row: Any) -> PointsFigures:
    return PointsFigures(
        issued_points=int(row.issued_points),
        redeemed_points=int(row.redeemed_points),
        returned_points=int(row.returned_points),
        taken_back_points=int(row.taken_back_points),
        expired_points=int(row.expired_points),
        removed_points=int(row.removed_points),
    )


def _ago(days: int) -> date:
    """The last day that is no longer among the last so many."""
    return today() - timedelta(days=days)


def _sum(points: Any) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.coalesce(sa.func.sum(points), 0), sa.BigInteger)
