"""What sales need ahead of their opening and after their end: Redis loaded, swept, compared, unloaded."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.redis import redis_client, redis_errors
from points_mall.stock import sweeping
from points_mall.stock.gate import PENDING_SECONDS, keys_of
from points_mall.stock.models import StockPool
from points_mall.stock.pools import Pool, to_pool
from points_mall.stock.rebuilding import load
from points_mall.stock.unloading import unload

from .models import FlashSale, FlashSaleItem
from .services import LOADED_AHEAD

KEPT = timedelta(days=1)
"""How long after its end a sale stays in Redis, for repeats of claims."""

_pools = cast(sa.Table, StockPool.__table__)
_over_at = sa.func.coalesce(FlashSale.closed_at, FlashSale.ends_at)


def load_ahead() -> int:
    """Load what opens within the next minutes, or is open, and is not in Redis as the database has
    it; answer how many pools that were.

    :raises RedisAway: Redis cannot be asked.
    """
    soon = now() + LOADED_AHEAD
    found = _pools_of(FlashSale.starts_at <= soon, _over_at > now())
    absent = _absent(found)
    for pool in absent:
        load(pool.id, pool.generation)
    return len(absent)


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
        for pool in _pools_of(FlashSale.id == sale_id):
            sweeping.sweep(pool)
            sweeping.reconcile(pool)
        _note_settled(sale_id)
    return len(sale_ids)


def unload_old() -> int:
    """Take sales out of Redis that were over a day ago; answer how many pools that were.

    :raises RedisAway: Redis cannot be asked; the next call goes on.
    """
    old = _pools_of(
        _over_at <= now() - KEPT,
        FlashSale.settled_at.is_not(None),
        StockPool.loaded_at.is_not(None),
    )
    for pool in old:
        unload(pool.id)
    return len(old)


def _pools_of(*conditions: sa.ColumnElement[bool]) -> list[Pool]:
    rows: Sequence[Any] = db.session.execute(
        sa.select(_pools)
        .join(FlashSaleItem, FlashSaleItem.pool_id == _pools.c.id)
        .join(FlashSale, FlashSale.id == FlashSaleItem.sale_id)
        .where(*conditions)
        .order_by(_pools.c.id)
    ).all()
    return [to_pool(row) for row in rows]


def _absent(pools: Sequence[Pool]) -> list[Pool]:
    """Those of `pools` that Redis does not have in their generation."""
    with redis_errors():
        pipe = redis_client().pipeline(transaction=False)
        for pool in pools:
            pipe.hget(keys_of(pool.id, "meta")[0], "generation")
        generations = pipe.execute()
    return [
        pool
        for pool, generation in zip(pools, generations, strict=True)
        if generation != b"%d" % pool.generation
    ]


@retrying
def _note_settled(sale_id: int) -> None:
    with transaction() as session:
        session.execute(
            sa.update(FlashSale)
            .where(FlashSale.id == sale_id, FlashSale.settled_at.is_(None))
            .values(settled_at=now())
        )
