"""Loading Redis from the database: `load.lua`, step by step."""

from flask import Flask

from miniprogram_api.core.redis import redis_client
from points_mall.stock import audit, gate, rebuilding
from points_mall.stock.gate import Want
from points_mall.stock.pools import pool_of

from .conftest import own, published


def test_a_loaded_pool_is_what_the_database_says(app: Flask, members: list[int]) -> None:
    pool = published(6)
    own(pool, "a", members[0], 2, 4)
    own(pool, "b", members[1], 1)
    redis_client().flushall()
    rebuilding.load(pool.id)
    loaded = audit.loaded_of(pool_of(pool.id, fresh=True))
    assert loaded is not None
    assert loaded.free == {3, 5, 6}
    assert loaded.orders == {"a": (members[0], [2, 4]), "b": (members[1], [1])}
    assert loaded.who == {members[0]: 2, members[1]: 1}
    assert loaded.pending == frozenset()


def test_large_pools_are_loaded_in_steps(app: Flask, members: list[int]) -> None:
    count = 2 * rebuilding.STEP + 1
    pool = published(count)
    own(pool, "a", members[0], count)  # the highest, so that every lower number is listed
    loaded = rebuilding.load(pool.id)
    assert redis_client().scard(gate.keys_of(pool.id, "free")[0]) == count - 1
    assert gate.decide(loaded, [Want(members[1], "b", count - 1)])[0].word == "taken"
    assert gate.decide(loaded, [Want(members[2], "c")])[0].word == "sold_out"


def test_a_pool_is_closed_until_the_last_step(app: Flask) -> None:
    pool = published(3)
    rebuilding._load(gate.keys_of(pool.id), ["begin"])
    rebuilding._load(gate.keys_of(pool.id), ["free", 1, 2, 3])
    assert audit.loaded_of(pool) is None
    assert audit.compare(pool) == []
