"""Codes that were made elsewhere: handed out with coupons, or typed in by members for one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction, db, retrying, transaction

from .models import Coupon, CouponOutsideCode
from .states import State

REDEEM, HAND_OUT = "redeem", "hand_out"
BATCH = 500

codes = cast(sa.Table, CouponOutsideCode.__table__)
coupons = cast(sa.Table, Coupon.__table__)
_FREE = (
    sa.select(codes.c.id)
    .where(
        codes.c.template_id == sa.bindparam("template_id"),
        codes.c.taken_by.is_(None),
        codes.c.purpose == HAND_OUT,
    )
    .order_by(codes.c.id)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True)
class Bearer:
    """A coupon that is to carry a code."""

    coupon_id: int
    member_id: int
    template_id: int


def hand_out(bearers: Sequence[Bearer]) -> int:
    """Give each coupon a code of its template's pool, in two statements a template.

    Where the pool is empty, the coupons wait: the next import serves them first.
    """
    session, moment = current_transaction(), now()
    rows: list[dict[str, Any]] = []
    for template_id in sorted({one.template_id for one in bearers}):
        mine = [one for one in bearers if one.template_id == template_id]
        free = session.scalars(_FREE, {"template_id": template_id, "count": len(mine)})
        rows += [
            {
                "id": number,
                "coupon_id": one.coupon_id,
                "taken_by": one.member_id,
                "taken_at": moment,
            }
            for number, one in zip(free, mine, strict=False)
        ]
    return len(bulk.update(session, codes, rows, only="coupon_outside_code.taken_by IS NULL"))


def carried_by(coupon_ids: Iterable[int]) -> dict[int, str]:
    """The outside codes that coupons carry, by coupon."""
    query = sa.select(codes.c.coupon_id, codes.c.code).where(
        among(codes.c.coupon_id, "coupons"), codes.c.purpose == HAND_OUT
    )
    rows = db.session.execute(query, {"coupons": sorted(coupon_ids)})
    return {row.coupon_id: row.code for row in rows}


def known_among(given: Sequence[str]) -> set[str]:
    """Which of these codes were imported before."""
    query = sa.select(codes.c.code).where(among(codes.c.code, "codes"))
    return set(db.session.scalars(query, {"codes": list(given)}))


@retrying
def store(template_id: int, purpose: str, batch: str, given: Sequence[str]) -> int:
    """Store codes; one that is there already stays as it is. Answer how many were new."""
    moment = now()
    rows = [
        {
            "template_id": template_id,
            "purpose": purpose,
            "code": code,
            "batch": batch,
            "imported_at": moment,
        }
        for code in given
    ]
    with transaction() as session:
        return bulk.insert_missing(session, codes, rows)


def serve_waiting(template_id: int) -> int:
    """Hand codes out to the unused coupons that wait for one, the oldest first; answer how many."""
    served, after = 0, 0
    while True:
        count, last = _serve_some(template_id, after)
        served += count
        if last is None:
            return served
        after = last


@retrying
def _serve_some(template_id: int, after: int) -> tuple[int, int | None]:
    waiting = (
        sa.select(coupons.c.id, coupons.c.member_id)
        .outerjoin(codes, codes.c.coupon_id == coupons.c.id)
        .where(
            coupons.c.template_id == template_id,
            coupons.c.id > after,
            coupons.c.state == State.UNUSED,
            codes.c.id.is_(None),
        )
        .order_by(coupons.c.id)
        .limit(BATCH)
        .with_for_update(of=coupons)
    )
    with transaction() as session:
        rows = session.execute(waiting).all()
        count = hand_out([Bearer(row.id, row.member_id, template_id) for row in rows])
        is_last = len(rows) < BATCH or count < len(rows)
        return count, None if is_last else rows[-1].id
