"""How many units are left, for people to look at: at most a second old, and never a promise."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import db
from miniprogram_api.core.memory import Memory
from miniprogram_api.core.redis import RedisAway, redis_client, redis_errors

from .gate import keys_of
from .models import StockPool, StockUnit

_pools = cast(sa.Table, StockPool.__table__)
_units = cast(sa.Table, StockUnit.__table__)
_GENERATIONS = sa.select(_pools.c.id, _pools.c.generation).where(among(_pools.c.id, "pools"))
_FREE = (
    sa.select(_units.c.pool_id, sa.func.count().label("free"))
    .where(among(_units.c.pool_id, "pools"), _units.c.holder.is_(None))
    .group_by(_units.c.pool_id)
)

_left_of: Memory[int, int] = Memory("stock.remaining")


def remaining_of(pool_ids: Iterable[int]) -> dict[int, int]:
    """How many units of each pool can be taken, as this process saw it within the last second.

    Redis tells, where it has the pool as it is today; otherwise the database does.
    """
    wanted = sorted(set(pool_ids))
    answer = _left_of.known(wanted)
    if stale := [pool for pool in wanted if pool not in answer]:
        fresh = _count(stale)
        _left_of.put(fresh)
        answer |= fresh
    return answer


def forget_cached() -> None:
    """Count anew at the next question (for tests, and after a change by this process)."""
    _left_of.forget()


def _count(pool_ids: Sequence[int]) -> dict[int, int]:
    counted = _by_redis(pool_ids)
    missing = [pool for pool in pool_ids if pool not in counted]
    return counted | (_by_database(missing) if missing else {})


def _by_redis(pool_ids: Sequence[int]) -> dict[int, int]:
    known = dict(db.session.execute(_GENERATIONS, {"pools": list(pool_ids)}).all())
    try:
        with redis_errors():
            pipe = redis_client().pipeline(transaction=False)
            for pool in pool_ids:
                meta, free = keys_of(pool, "meta", "free")
                pipe.hmget(meta, "generation", "size", "next")
                pipe.scard(free)
            facts = pipe.execute()
    except RedisAway:
        return {}
    return {
        pool: left
        for pool, meta, given_back in zip(pool_ids, facts[::2], facts[1::2], strict=True)
        if (left := _left(meta, given_back, known.get(pool))) is not None
    }


def _left(meta: Sequence[bytes | None], given_back: int, generation: int | None) -> int | None:
    """What a loaded pool has left; None: it is not loaded as the database knows it."""
    loaded, size, handed_out = meta
    if loaded is None or size is None or handed_out is None or int(loaded) != generation:
        return None
    return int(size) - int(handed_out) + given_back


def _by_database(pool_ids: Sequence[int]) -> dict[int, int]:
    rows: Sequence[Any] = db.session.execute(_FREE, {"pools": list(pool_ids)}).all()
    counted = {row.pool_id: row.free for row in rows}
    return {pool: counted.get(pool, 0) for pool in pool_ids}
