"""Telling members that coupons are about to end."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.clock import now, to_day
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.settings import settings
from miniprogram_api.messaging.kinds import MessageKind
from miniprogram_api.messaging.services import Notice, notify_many

from .models import Coupon
from .states import State

BATCH = 500
COUPON_ENDING = MessageKind(
    name="coupon_ending",
    title_zh="优惠券即将过期",
    title_en="Coupons are about to end",
    wording_zh="您有 {count} 张优惠券（{title}）将于 {last_day} 后过期，快去使用吧",
    wording_en="{count} of your coupons ({title}) can be used until {last_day}",
    keywords={"title": "thing1", "count": "number2", "last_day": "date3"},
    page="pages/coupons/index",
)

coupons = cast(sa.Table, Coupon.__table__)
_PLACE = sa.tuple_(coupons.c.member_id, coupons.c.valid_until)


def remind_of_ending() -> int:
    """Tell the members whose coupons end soon, once for each end; answer how many notices.

    :returns: notices written; those who accepted no such message are passed over.
    """
    until = now() + timedelta(days=settings().coupon_remind_days)
    written, last = 0, (0, datetime.min.replace(tzinfo=now().tzinfo))
    while rows := _ending(until, last):
        written += _tell(tuple(rows))
        last = (rows[-1].member_id, rows[-1].valid_until)
    return written


@retrying
def _tell(rows: Sequence[Any]) -> int:
    with transaction():
        return notify_many(COUPON_ENDING.name, [_notice(row) for row in rows])


def _ending(until: datetime, after: tuple[int, datetime]) -> Sequence[Any]:
    """What ends of each member at each moment, a batch after `after`."""
    member_id, moment = after
    edge = sa.tuple_(sa.literal(member_id), sa.literal(moment, coupons.c.valid_until.type))
    db.session.rollback()
    return db.session.execute(
        sa.select(
            coupons.c.member_id,
            coupons.c.valid_until,
            sa.func.count().label("count"),
            sa.func.min(coupons.c.title_zh).label("title"),
        )
        .where(coupons.c.state == State.UNUSED)
        .where(coupons.c.valid_until > now(), coupons.c.valid_until <= until, edge < _PLACE)
        .group_by(coupons.c.member_id, coupons.c.valid_until)
        .order_by(coupons.c.member_id, coupons.c.valid_until)
        .limit(BATCH)
    ).all()


def _notice(row: Any) -> Notice:
    last_day = to_day(row.valid_until - timedelta(microseconds=1)).isoformat()
    told = {"title": row.title[:20], "count": row.count, "last_day": last_day}
    return Notice(row.member_id, told, f"coupons:{last_day}")
