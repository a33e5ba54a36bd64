"""Proof: every coupon that was won owns a unit of its drop, and every owned unit is one. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from miniprogram_api.core.db import db, unhurried
from points_mall.coupons.models import Coupon
from points_mall.stock.models import StockPool, StockUnit

from .claiming import DROP
from .drops import POOL_PREFIX


@dataclass(frozen=True)
class Unmatched:
    """A coupon without its unit, or a unit without its coupon."""

    pool_code: str
    claim_no: str
    coupons: int
    units: int

    def __str__(self) -> str:
        return (
            f"{self.pool_code}: claim {self.claim_no}: {self.coupons} coupons, {self.units} units"
        )


_UNITS = (
    sa.select(StockPool.code, StockUnit.holder, StockUnit.member_id, sa.func.count().label("units"))
    .join(StockPool, StockPool.id == StockUnit.pool_id)
    .where(StockPool.code.startswith(POOL_PREFIX, autoescape=True), StockUnit.holder.is_not(None))
    .group_by(StockPool.code, StockUnit.holder, StockUnit.member_id)
    .subquery()
)
_COUPONS = (
    sa.select(Coupon.member_id, Coupon.reference, sa.func.count().label("coupons"))
    .where(Coupon.reason == DROP)
    .group_by(Coupon.member_id, Coupon.reference)
    .subquery()
)
_IS_SAME = sa.and_(
    _COUPONS.c.reference == _UNITS.c.holder, _COUPONS.c.member_id == _UNITS.c.member_id
)


def findings() -> Iterator[Unmatched]:
    """Everything that does not match."""
    db.session.rollback()  # read what is committed now
    unhurried(db.session())
    coupons = sa.func.coalesce(_COUPONS.c.coupons, 0)
    owned = (
        sa.select(_UNITS.c.code, _UNITS.c.holder, coupons, _UNITS.c.units)
        .outerjoin(_COUPONS, _IS_SAME)
        .where(coupons != _UNITS.c.units)
        .order_by(_UNITS.c.holder)
    )
    lost = (
        sa.select(_COUPONS.c.reference, _COUPONS.c.coupons)
        .outerjoin(_UNITS, _IS_SAME)
        .where(_UNITS.c.holder.is_(None))
        .order_by(_COUPONS.c.reference)
    )
    for code, claim_no, won, units in db.session.execute(owned):
        yield Unmatched(code, claim_no, won, units)
    for claim_no, won in db.session.execute(lost):
        yield Unmatched("no pool", claim_no, won, 0)
