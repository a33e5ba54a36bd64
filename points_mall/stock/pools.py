"""Pools: published, changed and closed in the database; Redis follows."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.db import current_transaction, db
from miniprogram_api.core.errors import NotFound, Unprocessable
from miniprogram_api.core.memory import Memory

from .models import StockPool, StockUnit

MAX_UNITS = 1_000_000


@dataclass(frozen=True)
class Pool:
    """A pool as it stood when it was read."""

    id: int
    code: str
    generation: int
    opens_at: datetime | None
    closes_at: datetime | None
    allowance: int | None


class NoSuchPool(NotFound):
    """There is no such pool."""

    code = "no_such_pool"


class NotEnoughFree(Unprocessable):
    """A pool is lowered by free units only; owned ones stay with their owners."""

    code = "not_enough_free"
    title_zh = "剩余库存不足，无法减少这么多"
    title_en = "Not that many units are free"


pools = StockPool.__table__
units = StockUnit.__table__
_POOL = sa.select(pools).where(pools.c.id == sa.bindparam("pool_id"))


def pool_of(pool_id: int, *, fresh: bool = False) -> Pool:
    """A pool, as read at most a second ago by this process.

    :raises NoSuchPool: there is none.
    """
    if fresh:
        _known.forget()
    pool = _known.get(pool_id)
    if pool is None:
        raise NoSuchPool(f"no pool {pool_id}")
    return pool


def forget_cached() -> None:
    """Read pools anew at the next question (for tests, and after a change by this process)."""
    _known.forget()


def _read(pool_id: int) -> Pool | None:
    row = db.session.execute(_POOL, {"pool_id": pool_id}).one_or_none()
    return None if row is None else to_pool(row)


_known = Memory("stock.pools", _read)


def to_pool(row: Any) -> Pool:
    """What a row of the table says."""
    return Pool(row.id, row.code, row.generation, row.opens_at, row.closes_at, row.allowance)


def publish(
    code: str,
    count: int,
    *,
    opens_at: datetime | None = None,
    closes_at: datetime | None = None,
    allowance: int | None = None,
) -> int:
    """Make a pool of `count` units, numbered from one; answer its id.

    Redis is loaded by `rebuilding.load`, ahead of the opening, or by the first claim.
    """
    session = current_transaction()
    pool = StockPool(code=code, opens_at=opens_at, closes_at=closes_at, allowance=allowance)
    session.add(pool)
    session.flush()  # its units need its id
    _add_units(session, pool.id, range(1, count + 1))
    return pool.id


def change(
    pool_id: int,
    *,
    opens_at: datetime | None,
    closes_at: datetime | None,
    allowance: int | None,
) -> None:
    """Change when it may be taken and how often by one member; units and owners stay."""
    pool = locked(pool_id)
    pool.opens_at, pool.closes_at, pool.allowance = opens_at, closes_at, allowance
    _bump(pool)


def raise_by(pool_id: int, count: int) -> None:
    """Add `count` units to a pool, while it runs."""
    pool = locked(pool_id)
    session = current_transaction()
    last = session.scalar(
        sa.select(sa.func.max(StockUnit.unit_no)).where(StockUnit.pool_id == pool_id)
    )
    _add_units(session, pool_id, range((last or 0) + 1, (last or 0) + count + 1))
    _bump(pool)


def lower_by(pool_id: int, count: int) -> None:
    """Take `count` free units out of a pool, the highest numbers first.

    :raises NotEnoughFree: owned units are never taken away.
    """
    pool = locked(pool_id)
    session = current_transaction()
    free = (
        sa.select(StockUnit.unit_no)
        .where(StockUnit.pool_id == pool_id, StockUnit.holder.is_(None))
        .order_by(StockUnit.unit_no.desc())
        .limit(count)
        .with_for_update(skip_locked=True)
    )
    numbers = session.scalars(free).all()
    if len(numbers) < count:
        raise NotEnoughFree(f"{len(numbers)} units are free, {count} were to go", free=len(numbers))
    session.execute(
        sa.delete(StockUnit).where(
            StockUnit.pool_id == pool_id,
            bulk.among(units.c.unit_no, "numbers"),
            StockUnit.holder.is_(None),
        ),
        {"numbers": numbers},
        execution_options={"synchronize_session": False},
    )
    _bump(pool)


def locked(pool_id: int) -> StockPool:
    """The pool's row, locked until the transaction ends.

    :raises NoSuchPool: there is none.
    """
    pool = current_transaction().get(
        StockPool, pool_id, with_for_update=True, populate_existing=True
    )
    if pool is None:
        raise NoSuchPool(f"no pool {pool_id}")
    return pool


def new_generation() -> int:
    """A name for a load of Redis that no other load has had: 52 random bits, exact in Lua."""
    return secrets.randbits(52) + 1


def _bump(pool: StockPool) -> None:
    """A Redis that was loaded before this is stale from now on."""
    pool.generation = new_generation()
    pool.loaded_at = None
    _known.forget()


def _add_units(session: Session, pool_id: int, numbers: Iterable[int]) -> None:
    fresh = [{"pool_id": pool_id, "unit_no": number} for number in numbers]
    for start in range(0, len(fresh), 10_000):
        bulk.insert(session, units, fresh[start : start + 10_000])
