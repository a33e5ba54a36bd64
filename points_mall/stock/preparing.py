"""Pools with a window: in Redis ahead of their opening, out of it some time after their end.

In between, the sweep and the reconciliation of every minute look after them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.core.redis import redis_client, redis_errors

from .gate import keys_of
from .models import StockPool
from .pools import Pool, to_pool
from .rebuilding import load, load_after_commit
from .unloading import unload

LOADED_AHEAD = timedelta(minutes=5)
"""How long before its opening a pool is in Redis."""

KEPT = timedelta(hours=2)
"""How long after its end a pool stays in Redis, for repeats of claims; a later one loads it again."""

_pools = cast(sa.Table, StockPool.__table__)


def load_ahead() -> int:
    """Load what opens within the next minutes, or is open, and is not in Redis as the database has
    it; answer how many pools that were.

    :raises RedisAway: Redis cannot be asked.
    """
    soon = now() + LOADED_AHEAD
    absent = _absent(_pools_with(_pools.c.opens_at <= soon, _pools.c.closes_at > now()))
    for pool in absent:
        load(pool.id, pool.generation)
    return len(absent)


def load_if_soon(pool_id: int, opens_at: datetime) -> None:
    """Load a pool that is being published, once that is committed, where its opening is near."""
    if opens_at <= now() + LOADED_AHEAD:
        load_after_commit(pool_id)


def unload_old() -> int:
    """Take pools out of Redis that were over some time ago; answer how many that were.

    :raises RedisAway: Redis cannot be asked; the next call goes on.
    """
    old = _pools_with(_pools.c.closes_at <= now() - KEPT, _pools.c.loaded_at.is_not(None))
    for pool in old:
        unload(pool.id)
    return len(old)


def _pools_with(*conditions: sa.ColumnElement[bool]) -> list[Pool]:
    query = sa.select(_pools).where(*conditions).order_by(_pools.c.id)
    rows: Sequence[Any] = db.session.execute(query).all()
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
