"""Proof: every live order owns exactly its units, and every owned unit has a live order. Reads only."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from miniprogram_api.core.db import db, unhurried
from points_mall.stock.models import StockPool, StockUnit

from .models import RedemptionOrder
from .reasons import BY_SOURCE
from .states import OrderStatus


@dataclass(frozen=True)
class Unmatched:
    """An order whose units are not as many as it says, or units whose order is not alive."""

    pool_code: str
    order_no: str
    ordered: int
    owned: int

    def __str__(self) -> str:
        return f"{self.pool_code}: order {self.order_no}: ordered {self.ordered}, owns {self.owned}"


_COUNTS = (
    sa.select(StockUnit.holder, StockUnit.pool_id, sa.func.count().label("owned"))
    .where(StockUnit.holder.is_not(None))
    .group_by(StockUnit.holder, StockUnit.pool_id)
    .subquery()
)
_IS_LIVE = RedemptionOrder.status != OrderStatus.CANCELLED


def findings() -> Iterator[Unmatched]:
    """Everything that does not match."""
    db.session.rollback()  # read what is committed now
    unhurried(db.session())
    yield from _orders_without_their_units()
    yield from _units_without_their_order()


def _orders_without_their_units() -> Iterator[Unmatched]:
    owned = sa.func.coalesce(_COUNTS.c.owned, 0)
    is_owner = sa.and_(
        _COUNTS.c.holder == RedemptionOrder.order_no, _COUNTS.c.pool_id == RedemptionOrder.pool_id
    )
    rows = db.session.execute(
        sa.select(StockPool.code, RedemptionOrder.order_no, RedemptionOrder.quantity, owned)
        .join(StockPool, StockPool.id == RedemptionOrder.pool_id)
        .outerjoin(_COUNTS, is_owner)
        .where(_IS_LIVE, RedemptionOrder.quantity != owned)
        .order_by(RedemptionOrder.id)
    )
    for code, order_no, ordered, owns in rows:
        yield Unmatched(code, order_no, ordered, owns)


def _units_without_their_order() -> Iterator[Unmatched]:
    """Units of our pools that are held for no live order of that pool."""
    is_order = sa.and_(
        RedemptionOrder.order_no == _COUNTS.c.holder,
        RedemptionOrder.pool_id == _COUNTS.c.pool_id,
        _IS_LIVE,
    )
    ours = sa.or_(
        *(StockPool.code.startswith(f"{source}:", autoescape=True) for source in BY_SOURCE)
    )
    rows = db.session.execute(
        sa.select(StockPool.code, _COUNTS.c.holder, _COUNTS.c.owned)
        .join(StockPool, StockPool.id == _COUNTS.c.pool_id)
        .outerjoin(RedemptionOrder, is_order)
        .where(ours, RedemptionOrder.id.is_(None))
        .order_by(StockPool.id, _COUNTS.c.holder)
    )
    for code, holder, owns in rows:
        yield Unmatched(code, holder, 0, owns)
