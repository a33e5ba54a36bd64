"""What a crash left: units that were taken in Redis and never confirmed."""

from datetime import timedelta
from typing import cast

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.redis import redis_client, redis_errors

from . import audit, gate, units
from .models import StockPool
from .pools import Pool, to_pool
from .rebuilding import load

BATCH = 500
LIVELY = timedelta(days=1)
"""A pool is looked after until this long after it has closed."""


def lively_pools() -> list[Pool]:
    """Pools that are open, will open, or have closed not long ago, and are loaded in Redis."""
    recent = now() - LIVELY
    rows = db.session.execute(
        sa.select(StockPool.__table__).where(
            StockPool.loaded_at.is_not(None),
            sa.or_(StockPool.closes_at.is_(None), StockPool.closes_at > recent),
        )
    )
    return [to_pool(row) for row in rows]


def sweep_all() -> int:
    """Sweep every lively pool; answer how many orders had left units behind."""
    return sum(sweep(pool) for pool in lively_pools())


def reconcile_all() -> list[str]:
    """Reconcile every lively pool; answer the codes of those that had to be loaded again."""
    return [pool.code for pool in lively_pools() if reconcile(pool)]


def sweep(pool: Pool) -> int:
    """Give back units whose order never came to be; answer how many orders that were.

    The database is asked first: an order that owns its units is confirmed instead. Who commits
    after that is harmless: the unit's row decides.
    """
    given_back = 0
    while overdue := _overdue(pool):
        with transaction():
            owned = {row.holder for row in units.held_by(overdue) if row.pool_id == pool.id}
        if owned:
            gate.confirm(pool.id, sorted(owned))
        left = [order_no for order_no in overdue if order_no not in owned]
        gate.give_back(pool, left)
        given_back += len(left)
        if len(overdue) < BATCH:
            break
    return given_back


def reconcile(pool: Pool) -> bool:
    """Load Redis again where it differs from the database; answer whether it did.

    What a claim under way changes between two looks is no difference: it must be seen twice.
    """
    first = set(audit.compare(pool))
    if not first or not first & set(audit.compare(pool)):
        return False
    load(pool.id, pool.generation)
    return True


def _overdue(pool: Pool) -> list[str]:
    with redis_errors():
        client = redis_client()
        seconds, microseconds = client.time()
        moment = seconds * 1_000_000 + microseconds
        key = gate.keys_of(pool.id, "pending")[0]
        found = cast(list[bytes], client.zrangebyscore(key, "-inf", moment, start=0, num=BATCH))
    return [order.decode() for order in found]
