"""What coupons know of one member, for the member."""

from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db

from .history import events
from .models import Coupon, CouponGift
from .shown import told_coupons

gifts = cast(sa.Table, CouponGift.__table__)


def export_coupons(member_id: int) -> dict[str, Any]:
    """The member's coupons with all that happened to them, and gifts to friends, as plain JSON."""
    found = db.session.scalars(
        sa.select(Coupon).filter_by(member_id=member_id).order_by(Coupon.id)
    ).all()
    history = _history([row.id for row in found])
    told = told_coupons(found)
    given = db.session.execute(
        sa.select(gifts).where(gifts.c.giver_id == member_id).order_by(gifts.c.id)
    )
    return {
        "coupons": [
            {**one, "reason": row.reason, "history": history.get(row.id, [])}
            for one, row in zip(told, found, strict=True)
        ],
        "gifts": [
            {"state": row.state, "offered_at": in_shop_time(row.offered_at).isoformat()}
            for row in given
        ],
    }


def _history(coupon_ids: list[int]) -> dict[int, list[dict[str, str]]]:
    query = (
        sa.select(events)
        .where(among(events.c.coupon_id, "coupons"))
        .order_by(events.c.coupon_id, events.c.id)
    )
    told: dict[int, list[dict[str, str]]] = {}
    for row in db.session.execute(query, {"coupons": coupon_ids}):
        entry = {
            "happened": row.happened,
            "reference": row.reference,
            "at": in_shop_time(row.at).isoformat(),
        }
        told.setdefault(row.coupon_id, []).append(entry)
    return told
