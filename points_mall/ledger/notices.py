"""Telling members that points are about to expire."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import now, to_day
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.settings import settings
from miniprogram_api.messaging.kinds import MessageKind, register
from miniprogram_api.messaging.services import Notice, notify_many

from .models import PointsAccount, PointsLot

BATCH = 500

EXPIRING = register(
    MessageKind(
        "points_expiring",
        "积分即将过期",
        "Points are about to expire",
        "您有 {points} 积分将于 {last_day} 后过期，快去兑换吧",
        "{points} of your points expire after {last_day}",
        keywords={"points": "number1", "last_day": "date2"},
    )
)


def announce_expiring() -> int:
    """Tell the members whose points expire soon, once for each date; answer how many notices.

    :returns: notices written; those who accepted no such message are passed over.
    """
    until = now() + timedelta(days=settings().points_expiring_soon_days)
    written, last = 0, (0, datetime.min.replace(tzinfo=now().tzinfo))
    while rows := _expiring(until, last):
        with transaction():
            written += notify_many(EXPIRING.name, [_notice(row) for row in rows])
        last = (rows[-1].member_id, rows[-1].expires_at)
    return written


def _expiring(until: datetime, after: tuple[int, datetime]) -> Sequence[Any]:
    """What expires of each member at each moment, a batch after `after`."""
    free = sa.func.sum(PointsLot.remaining - PointsLot.held)
    place = sa.tuple_(PointsAccount.member_id, PointsLot.expires_at)
    member_id, moment = after
    edge = sa.tuple_(sa.literal(member_id), sa.literal(moment, PointsLot.expires_at.type))
    db.session.rollback()
    return db.session.execute(
        sa.select(PointsAccount.member_id, PointsLot.expires_at, free.label("points"))
        .join(PointsAccount, PointsAccount.id == PointsLot.account_id)
        .where(PointsLot.expires_at > now(), PointsLot.expires_at <= until)
        .where(PointsLot.remaining > PointsLot.held, place > edge)
        .group_by(PointsAccount.member_id, PointsLot.expires_at)
        .order_by(PointsAccount.member_id, PointsLot.expires_at)
        .limit(BATCH)
    ).all()


def _notice(row: Any) -> Notice:
    last_day = _last_day(row.expires_at)
    fields = {"points": int(row.points), "last_day": last_day.isoformat()}
    return Notice(row.member_id, fields, last_day.isoformat())


def _last_day(expires_at: datetime) -> date:
    """The last day of the shop on which the points can still be spent."""
    return to_day(expires_at - timedelta(microseconds=1))
