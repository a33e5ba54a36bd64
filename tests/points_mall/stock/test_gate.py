"""What the gate answers: one script, one round trip, on real Redis."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from miniprogram_api.core.db import transaction
from miniprogram_api.core.errors import SlowDown
from miniprogram_api.core.redis import redis_client
from points_mall.stock import gate, pools, rebuilding
from points_mall.stock.errors import AllowanceUsed, Blocked, Ended, NotStarted, SoldOut
from points_mall.stock.gate import Decision, Stale, Want, Word
from points_mall.stock.pools import Pool, pool_of

from .conftest import own, published


def ask(pool: Pool, member: int, order: str, quantity: int = 1) -> Decision:
    return gate.decide(pool, [Want(member, order, quantity)])[0]


def windowed(opens: timedelta, closes: timedelta) -> Pool:
    now = datetime.now(UTC)
    with transaction():
        pool_id = pools.publish("test:window", 5, opens_at=now + opens, closes_at=now + closes)
    rebuilding.load(pool_id)
    return pool_of(pool_id, fresh=True)


def test_units_are_handed_out_in_order_until_there_are_none(app: Flask) -> None:
    pool = published(3)
    words = [ask(pool, member, f"o{member}") for member in range(1, 5)]
    assert [one.detail for one in words] == ["1", "2", "3", ""]
    assert words[3].word is Word.SOLD_OUT
    assert isinstance(words[3].refusal(), SoldOut)


def test_an_order_that_holds_units_is_given_the_same_again(app: Flask) -> None:
    pool = published(3)
    assert ask(pool, 1, "o").word is Word.TAKEN
    again = ask(pool, 1, "o")
    assert (again.word, again.units) == (Word.HELD, [1])


def test_a_group_is_decided_in_one_call_in_its_order(app: Flask) -> None:
    pool = published(3)
    wants = [Want(1, "a", 2), Want(2, "b", 2), Want(3, "c", 1), Want(1, "a", 2)]
    decisions = gate.decide(pool, wants)
    assert [(one.word, one.detail) for one in decisions] == [
        ("taken", "1,2"), ("sold_out", ""), ("taken", "3"), ("held", "1,2")
    ]  # fmt: skip


def test_what_is_given_back_can_be_taken_again_once(app: Flask) -> None:
    pool = published(1)
    ask(pool, 1, "a")
    gate.give_back(pool, ["a"])
    gate.give_back(pool, ["a", "never"])
    assert ask(pool, 2, "b").units == [1]
    assert ask(pool, 3, "c").word is Word.SOLD_OUT


def test_what_is_forgotten_is_not_free(app: Flask) -> None:
    pool = published(1)
    ask(pool, 1, "a")
    gate.forget(pool, ["a"])
    assert ask(pool, 2, "b").word is Word.SOLD_OUT


def test_a_member_takes_no_more_than_the_allowance(app: Flask) -> None:
    pool = published(5, allowance=2)
    words = [ask(pool, 1, f"o{n}") for n in range(3)]
    assert [one.word for one in words] == ["taken", "taken", "allowance_used"]
    assert isinstance(words[2].refusal(), AllowanceUsed)
    gate.give_back(pool, ["o0"])
    assert ask(pool, 1, "o3").word is Word.TAKEN


def test_before_the_opening_nothing_is_taken(app: Flask) -> None:
    pool = windowed(timedelta(hours=1), timedelta(hours=2))
    refusal = ask(pool, 1, "a").refusal()
    assert isinstance(refusal, NotStarted)
    assert refusal.numbers == {"starts_at": pool.opens_at}
    with transaction():
        pools.change(pool.id, opens_at=None, closes_at=None, allowance=None)
    opened = rebuilding.load(pool.id)
    assert ask(opened, 2, "b").units == [1]


def test_after_the_close_nothing_is_taken(app: Flask) -> None:
    pool = windowed(-timedelta(hours=2), -timedelta(hours=1))
    assert isinstance(ask(pool, 1, "a").refusal(), Ended)


def test_a_blocked_member_is_turned_away(app: Flask) -> None:
    pool = published(2)
    redis_client().sadd(gate.keys_of(pool.id, "blocked")[0], 7)
    assert isinstance(ask(pool, 7, "a").refusal(), Blocked)
    assert ask(pool, 8, "b").word is Word.TAKEN


@pytest.mark.parametrize("app_settings", [{"CLAIM_BURST": 3, "CLAIM_INTERVAL_SECONDS": 0.7}])
def test_a_member_who_hammers_is_slowed_down_and_told_how_long(app: Flask) -> None:
    pool = published(50)
    words = [ask(pool, 1, f"o{n}") for n in range(5)]
    assert [one.word for one in words] == ["taken"] * 3 + ["slow_down"] * 2
    refusal = words[3].refusal()
    assert isinstance(refusal, SlowDown)
    assert refusal.retry_after_seconds == 1
    assert ask(pool, 2, "another").word is Word.TAKEN


def test_an_empty_redis_and_another_generation_are_stale(app: Flask) -> None:
    pool = published(2)
    with transaction():
        pools.raise_by(pool.id, 1)
    with pytest.raises(Stale):
        gate.decide(pool_of(pool.id, fresh=True), [Want(1, "a")])
    redis_client().flushall()
    with pytest.raises(Stale):
        gate.decide(pool, [Want(1, "a")])


def test_the_gate_survives_a_script_flush(app: Flask) -> None:
    pool = published(2)
    ask(pool, 1, "a")
    redis_client().script_flush()
    assert ask(pool, 2, "b").units == [2]


def test_a_crowd_takes_exactly_what_there_is(app: Flask) -> None:
    pool = published(20)
    taken: list[int] = []
    start = threading.Barrier(40)

    def buy(member: int) -> None:
        with app.app_context():
            start.wait()
            decision = ask(pool, member, f"o{member}")
            if decision.may_try:
                taken.extend(decision.units)

    crowd = [threading.Thread(target=buy, args=(member,)) for member in range(40)]
    for buyer in crowd:
        buyer.start()
    for buyer in crowd:
        buyer.join()
    assert sorted(taken) == list(range(1, 21))


def test_the_keys_of_a_pool_share_one_slot(app: Flask) -> None:
    assert gate.keys_of(42) == [
        "{pool:42}:meta", "{pool:42}:free", "{pool:42}:who", "{pool:42}:orders",
        "{pool:42}:pending", "{pool:42}:pace", "{pool:42}:blocked",
    ]  # fmt: skip


def test_a_unit_is_owned_once_whatever_redis_said(app: Flask, members: list[int]) -> None:
    pool = published(2)
    assert own(pool, "a", members[0], 1)
    assert not own(pool, "b", members[1], 1)
