"""A pool of a few units, members, and short names."""

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import transaction
from miniprogram_api.members.models import Member
from points_mall.stock import pools, rebuilding, units
from points_mall.stock.pools import Pool, pool_of
from points_mall.stock.units import Ownership


@pytest.fixture
def app_settings() -> dict[str, object]:
    """No pace: the tests of the pace set their own."""
    return {"CLAIM_BURST": 0}


@pytest.fixture
def members(app: Flask) -> list[int]:
    """Forty members."""
    with transaction() as session:
        rows = [Member(member_no=f"{n:012d}", joined_at=clock.now()) for n in range(40)]
        session.add_all(rows)
        session.flush()  # the ids are the answer
        return [row.id for row in rows]


def published(count: int = 5, allowance: int | None = None, code: str = "test:1") -> Pool:
    """A pool, loaded in Redis."""
    with transaction():
        pool_id = pools.publish(code, count, allowance=allowance)
    rebuilding.load(pool_id)
    return pool_of(pool_id, fresh=True)


def own(pool: Pool, order_no: str, member_id: int, *unit_nos: int) -> bool:
    with transaction():
        wanted = Ownership(pool.id, order_no, member_id, unit_nos, pool.allowance)
        return units.own([wanted])[0]
