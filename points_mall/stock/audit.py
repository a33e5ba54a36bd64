"""Proof: Redis compared with the database, pool by pool. Reads only."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.db import db
from miniprogram_api.core.redis import redis_client, redis_errors

from .gate import keys_of
from .models import StockPool
from .pools import Pool, to_pool
from .rebuilding import Contents, contents_of


@dataclass(frozen=True)
class Difference:
    """Something that differs between Redis and the database."""

    pool_code: str
    what: str
    database: str
    redis: str

    def __str__(self) -> str:
        return f"{self.pool_code}: {self.what}: database {self.database}, Redis {self.redis}"


@dataclass(frozen=True)
class Loaded:
    """What Redis says of a pool."""

    generation: int
    free: frozenset[int]
    orders: dict[str, tuple[int, list[int]]]
    who: dict[int, int]
    pending: frozenset[str]


Proof = Callable[[], Iterable[Any]]
"""What a feature above finds wrong with the units that it hands out: dataclasses with a sentence."""

_proofs: dict[str, Proof] = {}


def register(name: str, proof: Proof) -> None:
    """Let a feature above prove its part whenever the stock is verified."""
    _proofs[name] = proof


def everything() -> Iterator[Any]:
    """All that is wrong: Redis against the database, then what the features above find.

    :raises RedisAway: Redis cannot be compared.
    """
    yield from differences()
    for proof in _proofs.values():
        yield from proof()


def differences() -> Iterator[Difference]:
    """Everything that differs, for every pool that has been loaded."""
    rows = db.session.execute(
        sa.select(StockPool.__table__)
        .where(StockPool.loaded_at.is_not(None))
        .order_by(StockPool.id)
    ).all()
    for row in rows:
        yield from compare(to_pool(row))


def compare(pool: Pool) -> list[Difference]:
    """What differs for one pool.

    Redis without the pool, or with another generation of it, is no difference: nobody is let
    through before it is loaded again.
    """
    loaded = loaded_of(pool)
    if loaded is None or loaded.generation != pool.generation:
        return []
    db.session.rollback()  # read what is committed now
    told = contents_of(db.session(), pool.id)
    return [
        Difference(pool.code, what, database, redis)
        for what, database, redis in _checks(told, loaded)
        if database != redis
    ]


def loaded_of(pool: Pool) -> Loaded | None:
    """What Redis says of a pool; None: it is not loaded."""
    with redis_errors():
        pipe = redis_client().pipeline(transaction=True)
        meta, free, who, orders, pending = keys_of(
            pool.id, "meta", "free", "who", "orders", "pending"
        )
        pipe.hgetall(meta)
        pipe.smembers(free)
        pipe.hgetall(who)
        pipe.hgetall(orders)
        pipe.zrange(pending, 0, -1)
        facts, free_units, counts, held, waiting = pipe.execute()
    if b"generation" not in facts:
        return None
    in_order = range(int(facts[b"next"]) + 1, int(facts[b"size"]) + 1)
    return Loaded(
        int(facts[b"generation"]),
        frozenset(int(unit) for unit in free_units) | frozenset(in_order),
        dict(_order(order, text) for order, text in held.items()),
        {int(member): int(count) for member, count in counts.items()},
        frozenset(order.decode() for order in waiting),
    )


def _order(order: bytes, text: bytes) -> tuple[str, tuple[int, list[int]]]:
    member, _, numbers = text.decode().partition(":")
    return order.decode(), (int(member), sorted(map(int, numbers.split(","))))


def _checks(told: Contents, loaded: Loaded) -> Iterator[tuple[str, str, str]]:
    """What both sides say, leaving out what is under way: taken in Redis, not yet confirmed."""
    under_way = {unit for order in loaded.pending for unit in loaded.orders.get(order, (0, []))[1]}
    free = {*told.free, *range(told.last + 1, told.size + 1)}
    yield "free units", _numbers(free - under_way), _numbers(set(loaded.free) - under_way)
    for order in sorted({*told.orders, *loaded.orders} - loaded.pending):
        yield f"order {order}", _told(told.orders.get(order)), _told(loaded.orders.get(order))
    for order in loaded.pending:
        told.orders.pop(order, None)
    owned, counted = told.who, _settled(loaded)
    for member in sorted({*owned, *counted}):
        yield f"member {member}", str(owned.get(member, 0)), str(counted.get(member, 0))


def _settled(loaded: Loaded) -> dict[int, int]:
    """Units by member, in Redis, without what is under way."""
    counts = dict(loaded.who)
    for order in loaded.pending & loaded.orders.keys():
        member, numbers = loaded.orders[order]
        counts[member] = counts.get(member, 0) - len(numbers)
    return {member: count for member, count in counts.items() if count}


def _numbers(units: set[int]) -> str:
    shown = sorted(units)
    return f"{len(shown)} ({', '.join(map(str, shown[:20]))}{'…' if len(shown) > 20 else ''})"


def _told(order: Any) -> str:
    return "none" if order is None else f"member {order[0]} units {sorted(order[1])}"
