"""What is left, the operator's commands, and the jobs that look after pools."""

import json

import pytest
from flask import Flask

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import transaction
from miniprogram_api.core.redis import redis_client
from miniprogram_api.jobs.engine import run_due
from miniprogram_api.jobs.outbox import enqueue
from points_mall.stock import audit, gate, pools, remaining, sweeping, units
from points_mall.stock.audit import Difference
from points_mall.stock.gate import Want
from points_mall.stock.models import StockPool
from points_mall.stock.pools import pool_of
from points_mall.stock.rebuilding import load_after_commit
from points_mall.stock.remaining import remaining_of

from .conftest import own, published


def run(app: Flask, *words: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["stock", *words])
    return done.exit_code, done.output


def left(pool_id: int) -> int:
    remaining.forget_cached()
    return remaining_of([pool_id])[pool_id]


def test_what_is_left_is_told_by_redis_while_it_is_up_to_date(
    app: Flask, members: list[int]
) -> None:
    pool = published(5)
    gate.decide(pool, [Want(members[0], "a", 2), Want(members[1], "b")])
    assert left(pool.id) == 2
    gate.give_back(pool, ["a"])
    assert left(pool.id) == 4
    with transaction():
        pools.raise_by(pool.id, 3)
    assert left(pool.id) == 8  # of another generation: the database, where nothing is owned yet
    redis_client().flushall()
    assert left(pool.id) == 8


def test_many_pools_are_counted_together_and_kept_for_a_second(
    app: Flask, members: list[int]
) -> None:
    first, second = published(5, code="test:1"), published(0, code="test:2")
    assert remaining_of([first.id, second.id, first.id]) == {first.id: 5, second.id: 0}
    gate.decide(first, [Want(members[0], "a")])
    assert remaining_of([first.id]) == {first.id: 5}
    assert remaining_of([]) == {}
    assert left(first.id) == 4


def test_redis_follows_once_a_change_has_committed(app: Flask) -> None:
    with transaction():
        pool_id = pools.publish("test:1", 3)
        load_after_commit(pool_id)
        assert not redis_client().exists(gate.keys_of(pool_id, "meta")[0])
    assert redis_client().exists(gate.keys_of(pool_id, "meta")[0])


@pytest.mark.parametrize("app_settings", [{"REDIS_URL": "unix:///nowhere/redis.sock"}])
def test_a_change_stands_even_if_redis_cannot_follow(app: Flask) -> None:
    with transaction():
        pool_id = pools.publish("test:1", 3)
        load_after_commit(pool_id)
    assert remaining_of([pool_id]) == {pool_id: 3}
    with transaction() as session:
        session.get_one(StockPool, pool_id).loaded_at = now()
    for words in (["verify"], ["rebuild"], ["sweep"]):
        assert run(app, *words)[0] == 1


def test_verify_tells_what_differs_and_exits_with_one(app: Flask, members: list[int]) -> None:
    pool = published(3)
    code, output = run(app, "verify")
    assert (code, output) == (0, "0 differences · 差异 0 处\n")
    own(pool, "a", members[0], 1)
    code, output = run(app, "verify", "--json")
    assert code == 1
    assert {one["what"] for one in json.loads(output)} == {
        "free units", "order a", f"member {members[0]}",
    }  # fmt: skip
    assert "test:1: free units: database 2" in run(app, "verify")[1]
    assert run(app, "rebuild", "--pool", "test:1")[0] == 0
    assert run(app, "verify")[0] == 0
    assert run(app, "rebuild", "--pool", "test:2")[0] == 1
    assert run(app, "rebuild")[1].startswith("1 pools loaded")


def test_verify_asks_the_features_above(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Difference("test:1", "order a", "none", "one")]
    monkeypatch.setitem(audit._proofs, "test", lambda: found)
    assert list(audit.everything()) == found
    assert run(app, "verify")[0] == 1


def test_the_jobs_sweep_and_reconcile(
    app: Flask, members: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "PENDING_SECONDS", 0)
    crashed, drifted = published(3, code="test:1"), published(3, code="test:2")
    gate.decide(crashed, [Want(members[0], "a")])
    own(drifted, "b", members[1], 1)
    with transaction():
        enqueue("stock.sweep", {}, key="now")
        enqueue("stock.reconcile", {}, key="now")
    assert run_due() == 2
    assert left(crashed.id) == 3
    assert left(drifted.id) == 2
    assert list(audit.differences()) == []


def test_sweep_by_hand_tells_what_it_did(
    app: Flask, members: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "PENDING_SECONDS", 0)
    pool = published(3)
    gate.decide(pool_of(pool.id), [Want(members[0], "a")])
    own(pool, "b", members[1], 2)
    code, output = run(app, "sweep", "--json")
    assert (code, json.loads(output)) == (
        0, {"orders_given_back": 1, "pools_reloaded": ["test:1"]},
    )  # fmt: skip
    assert sweeping.sweep_all() == 0


def test_units_held_by_members_are_counted_by_pool(app: Flask, members: list[int]) -> None:
    pool = published(4)
    own(pool, "a", members[0], 1, 2)
    with transaction():
        counts = units.counts_held([pool.id], members[:2])
    assert counts == {(pool.id, members[0]): 2}
