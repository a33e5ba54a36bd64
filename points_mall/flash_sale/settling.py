"""What sales need after their end: their stock swept and compared once more, and that noted."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction
from points_mall.stock import sweeping
from points_mall.stock.gate import PENDING_SECONDS
from points_mall.stock.models import StockPool
from points_mall.stock.pools import Pool, to_pool

from .models import FlashSale, FlashSaleItem

_pools = cast(sa.Table, StockPool.__table__)
_over_at = sa.func.coalesce(FlashSale.closed_at, FlashSale.ends_at)


def settle() -> int:
    """Close the books of sales that are over: give back what a crash left, compare, note it.

    Waits until no claim can be under way any more. Answers how many sales that were.

    :raises RedisAway: Redis cannot be asked; the next call goes on.
    """
    over = now() - timedelta(seconds=PENDING_SECONDS)
    sale_ids = db.session.scalars(
        sa.select(FlashSale.id).where(_over_at <= over, FlashSale.settled_at.is_(None))
    ).all()
    for sale_id in sale_ids:
        for pool in _pools_of(sale_id):
            sweeping.sweep(pool)
            sweeping.reconcile(pool)
        _note_settled(sale_id)
    return len(sale_ids)


def _pools_of(sale_id: int) -> list[Pool]:
    rows: Sequence[Any] = db.session.execute(
        sa.select(_pools)
        .join(FlashSaleItem, FlashSaleItem.pool_id == _pools.c.id)
        .where(FlashSaleItem.sale_id == sale_id)
        .order_by(_pools.c.id)
    ).all()
    return [to_pool(row) for row in rows]


@retrying
def _note_settled(sale_id: int) -> None:
    with transaction() as session:
        session.execute(
            sa.update(FlashSale)
            .where(FlashSale.id == sale_id, FlashSale.settled_at.is_(None))
            .values(settled_at=now())
        )
