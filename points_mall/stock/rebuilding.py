"""Redis made again from the database: what is held is gone, the rest is free."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import after_commit, retrying, transaction
from miniprogram_api.core.log import log
from miniprogram_api.core.redis import RedisAway, Script

from .gate import keys_of
from .models import StockPool, StockUnit
from .pools import Pool, forget_cached, locked, new_generation, to_pool

QUIET = timedelta(seconds=1)
"""Conflicts of one moment share one rebuild."""

STEP = 2000
"""Arguments of one call of the loading script."""

_log = log(__name__)
_load = Script(__file__, "scripts/load.lua")
_blocked_members: list[Callable[[], Iterable[int]]] = []


@dataclass
class Contents:
    """What Redis has to know of a pool.

    :param size: the highest number that can be handed out.
    :param last: the highest number that is not handed out in order; those above it are free.
    :param free: free numbers up to `last`.
    """

    size: int = 0
    last: int = 0
    free: list[int] = field(default_factory=list)
    orders: dict[str, tuple[int, list[int]]] = field(default_factory=dict)

    @property
    def who(self) -> dict[int, int]:
        """How many units each member has."""
        counts: dict[int, int] = defaultdict(int)
        for member_id, numbers in self.orders.values():
            counts[member_id] += len(numbers)
        return dict(counts)


def blocked_members_from(source: Callable[[], Iterable[int]]) -> None:
    """Ask `source` who may not take part, whenever a pool is loaded."""
    if source not in _blocked_members:
        _blocked_members.append(source)


def blocked_members() -> list[int]:
    """Everybody who may not take part."""
    return sorted({member for source in _blocked_members for member in source()})


def contents_of(session: Session, pool_id: int) -> Contents:
    """What the database says of a pool's units."""
    rows = session.execute(
        sa.select(StockUnit.unit_no, StockUnit.holder, StockUnit.member_id)
        .where(StockUnit.pool_id == pool_id)
        .order_by(StockUnit.unit_no)
    ).all()
    contents = Contents()
    free = []
    for unit_no, holder, member_id in rows:
        contents.size = unit_no
        if holder is None or member_id is None:
            free.append(unit_no)
        else:
            contents.orders.setdefault(holder, (member_id, []))[1].append(unit_no)
    contents.last = contents.size
    while free and free[-1] == contents.last:
        contents.last = free.pop() - 1
    contents.free = free
    return contents


@retrying
def load(pool_id: int, stale_generation: int | None = None) -> Pool:
    """Load Redis from the database, unless somebody has since `stale_generation` was seen.

    One at a time: the pool's row is locked, and whoever waited finds the new generation.

    :raises RedisAway: Redis could not be loaded; nothing changed.
    """
    with transaction() as session:
        row = locked(pool_id)
        if stale_generation is None or row.generation == stale_generation:
            _reload(session, row)
        forget_cached()
        return to_pool(row)


def load_after_commit(pool_id: int) -> None:
    """Let Redis follow what the current transaction changes in a pool, once it has committed.

    A Redis that is away then is loaded by the first claim.
    """
    after_commit(lambda: _try_to_load(pool_id))


def _try_to_load(pool_id: int) -> None:
    try:
        load(pool_id)
    except RedisAway as away:
        _log.warning("pool_not_loaded", pool=pool_id, reason=str(away))


@retrying
def load_after_conflict(pool_id: int) -> Pool:
    """Load Redis again because it handed out a number that has an owner; at most once a second."""
    with transaction() as session:
        row = locked(pool_id)
        if row.loaded_at is None or row.loaded_at < now() - QUIET:
            _reload(session, row)
        forget_cached()
        return to_pool(row)


def _reload(session: Session, row: StockPool) -> None:
    row.generation, row.loaded_at = new_generation(), now()
    session.flush()  # SQLite and PostgreSQL alike hold the row until Redis is loaded
    _fill(to_pool(row), contents_of(session, row.id))


def _fill(pool: Pool, contents: Contents) -> None:
    keys = keys_of(pool.id)
    orders = (
        text
        for order_no, (member_id, numbers) in contents.orders.items()
        for text in (order_no, f"{member_id}:{','.join(map(str, numbers))}")
    )
    _load(keys, ["begin"])
    for step, values in (
        ("free", contents.free),
        ("who", (value for pair in contents.who.items() for value in pair)),
        ("orders", orders),
        ("blocked", blocked_members()),
    ):
        for some in _steps(values):
            _load(keys, [step, *some])
    _load(keys, ["open", *_meta(pool, contents)])


def _meta(pool: Pool, contents: Contents) -> list[str | int]:
    facts: list[str | int] = ["size", contents.size, "next", contents.last]
    facts += ["generation", pool.generation]
    if pool.opens_at is not None:
        facts += ["opens_us", _microseconds(pool.opens_at)]
    if pool.closes_at is not None:
        facts += ["closes_us", _microseconds(pool.closes_at)]
    if pool.allowance is not None:
        facts += ["allowance", pool.allowance]
    return facts


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def _steps(values: Iterable[object]) -> Iterator[Sequence[object]]:
    rest = iter(values)
    while some := list(islice(rest, STEP)):
        yield some
