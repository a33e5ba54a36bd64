"""Pools in the database: ownership, raising and lowering, Redis made again, the sweep, the audit."""

from typing import Any, cast

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.redis import redis_client
from points_mall.stock import audit, gate, pools, rebuilding, sold_out, sweeping, units
from points_mall.stock.gate import Stale, Want, Word
from points_mall.stock.models import StockUnit
from points_mall.stock.pools import NotEnoughFree, Pool, pool_of
from points_mall.stock.units import Ownership

from .conftest import own, published


def take(pool: Pool, member: int, order: str, quantity: int = 1) -> list[int]:
    """A whole claim: through the gate, into the database, confirmed."""
    decision = gate.decide(pool, [Want(member, order, quantity)])[0]
    assert own(pool, order, member, *decision.units)
    gate.confirm(pool.id, [order])
    return decision.units


def holders() -> dict[int, str | None]:
    db.session.rollback()
    rows = db.session.execute(sa.select(StockUnit.unit_no, StockUnit.holder))
    return {row.unit_no: row.holder for row in rows}


# ------------------------------------------------------------------ ownership


def test_a_group_owns_its_units_in_one_statement_and_losers_own_nothing(
    app: Flask, members: list[int]
) -> None:
    pool = published(5)
    own(pool, "first", members[0], 3)
    with transaction():
        answers = units.own(
            [
                Ownership(pool.id, "a", members[1], (1, 2)),
                Ownership(pool.id, "b", members[2], (3, 4)),
                Ownership(pool.id, "c", members[3], (2,)),
                Ownership(pool.id, "d", members[4], (5,)),
            ]
        )
    assert answers == [True, False, False, True]
    assert holders() == {1: "a", 2: "a", 3: "first", 4: None, 5: "d"}


def test_losing_again_does_not_cost_what_an_order_owns(app: Flask, members: list[int]) -> None:
    pool = published(2)
    own(pool, "a", members[0], 1)
    assert not own(pool, "a", members[0], 1)
    assert holders()[1] == "a"


def test_the_database_counts_the_allowance(app: Flask, members: list[int]) -> None:
    pool = published(9, allowance=2)
    assert own(pool, "a", members[0], 1)
    assert not own(pool, "b", members[0], 2, 3)
    assert own(pool, "c", members[0], 4)
    assert not own(pool, "d", members[0], 5)
    assert own(pool, "e", members[1], 5, 6)


def test_given_up_units_and_allowance_can_be_had_again(app: Flask, members: list[int]) -> None:
    pool = published(2, allowance=1)
    own(pool, "a", members[0], 1)
    with transaction():
        assert [(row.pool_id, row.unit_no) for row in units.give_up(["a"])] == [(pool.id, 1)]
    assert own(pool, "b", members[0], 1)


def test_the_database_itself_refuses_a_third_of_two(app: Flask, members: list[int]) -> None:
    pool = published(3, allowance=2)
    own(pool, "a", members[0], 1)
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(
            sa.update(StockUnit)
            .where(StockUnit.unit_no == 2)
            .values(holder="b", member_id=members[0], nth=1)
        )


# ------------------------------------------------------------------ raised and lowered


def test_raised_while_it_runs_there_is_more_to_take(app: Flask, members: list[int]) -> None:
    pool = published(1)
    take(pool, members[0], "a")
    with transaction():
        pools.raise_by(pool.id, 2)
    raised = rebuilding.load(pool.id, pool_of(pool.id, fresh=True).generation)
    assert take(raised, members[1], "b") == [2]
    assert list(audit.differences()) == []


def test_lowered_it_loses_free_units_only(app: Flask, members: list[int]) -> None:
    pool = published(5)
    for number in range(3):
        take(pool, members[number], f"o{number}")
    with transaction():
        pools.lower_by(pool.id, 2)
    with pytest.raises(NotEnoughFree), transaction():
        pools.lower_by(pool.id, 1)
    assert holders() == {1: "o0", 2: "o1", 3: "o2"}


def test_holes_left_by_lowering_are_never_handed_out(app: Flask, members: list[int]) -> None:
    pool = published(6)
    with transaction():
        units.own([Ownership(pool.id, "top", members[0], (6,))])
        pools.lower_by(pool.id, 2)
        units.give_up(["top"])
    loaded = rebuilding.load(pool.id)
    assert sorted(take(loaded, members[n], f"o{n}")[0] for n in range(4)) == [1, 2, 3, 6]
    assert gate.decide(loaded, [Want(99, "late")])[0].word is Word.SOLD_OUT


# ------------------------------------------------------------------ Redis lost


def test_redis_is_made_again_from_the_database(app: Flask, members: list[int]) -> None:
    pool = published(4, allowance=1)
    for number in (0, 1):
        take(pool, members[number], f"o{number}")
    redis_client().flushall()
    loaded = rebuilding.load(pool.id, pool.generation)
    words = [
        gate.decide(loaded, [want])[0]
        for want in (Want(members[0], "o0"), Want(members[0], "other"), Want(members[2], "o2"))
    ]
    assert [(one.word, one.detail) for one in words] == [
        ("held", "1"), ("allowance_used", ""), ("taken", "3")
    ]  # fmt: skip
    assert list(audit.differences()) == []


def test_of_two_who_see_a_stale_redis_one_loads_it(app: Flask) -> None:
    pool = published(4)
    redis_client().flushall()
    first = rebuilding.load(pool.id, pool.generation)
    second = rebuilding.load(pool.id, pool.generation)
    assert first == second != pool


def test_conflicts_of_one_moment_share_one_rebuild(app: Flask) -> None:
    pool = published(4)
    assert rebuilding.load_after_conflict(pool.id).generation == pool.generation


def test_a_redis_with_an_older_copy_hands_out_owned_numbers_and_the_database_refuses(
    app: Flask, members: list[int]
) -> None:
    pool = published(3)
    older = redis_client().hgetall(gate.keys_of(pool.id, "meta")[0])
    take(pool, members[0], "a")
    redis_client().delete(*gate.keys_of(pool.id))
    redis_client().hset(gate.keys_of(pool.id, "meta")[0], mapping=cast(Any, older))
    assert gate.decide(pool, [Want(members[1], "b")])[0].units == [1]
    assert not own(pool, "b", members[1], 1)
    assert next(audit.differences()).what == "order a"


# ------------------------------------------------------------------ sweep and audit


def lapse(pool: Pool) -> None:
    """Let the deadline of whatever is pending pass."""
    key = gate.keys_of(pool.id, "pending")[0]
    for order in redis_client().zrange(key, 0, -1):
        redis_client().zadd(key, {cast(str, order): 1})


def test_the_sweep_gives_back_what_a_crash_left_and_confirms_what_is_owned(
    app: Flask, members: list[int]
) -> None:
    pool = published(3)
    gate.decide(
        pool, [Want(members[0], "lost"), Want(members[1], "owned"), Want(members[2], "new")]
    )
    own(pool, "owned", members[1], 2)
    assert sweeping.sweep(pool) == 0
    lapse(pool)
    gate.decide(pool, [Want(members[3], "none")])
    assert sweeping.sweep(pool) == 2
    loaded = audit.loaded_of(pool)
    assert loaded is not None
    assert (sorted(loaded.orders), set(loaded.free)) == (["owned"], {1, 3})
    assert list(audit.differences()) == []


def test_what_is_under_way_is_no_difference(app: Flask, members: list[int]) -> None:
    pool = published(3)
    gate.decide(pool, [Want(members[0], "a"), Want(members[1], "b")])
    own(pool, "b", members[1], 2)
    assert list(audit.differences()) == []


def test_the_audit_names_what_differs_and_reconciling_mends_it(
    app: Flask, members: list[int]
) -> None:
    pool = published(3)
    take(pool, members[0], "a")
    with transaction():
        units.give_up(["a"])
    told = [str(one) for one in audit.differences()]
    assert told == [
        "test:1: free units: database 3 (1, 2, 3), Redis 2 (2, 3)",
        f"test:1: order a: database none, Redis member {members[0]} units [1]",
        f"test:1: member {members[0]}: database 0, Redis 1",
    ]
    assert sweeping.reconcile(pool)
    assert list(audit.differences()) == []
    assert not sweeping.reconcile(pool_of(pool.id, fresh=True))


def test_sold_out_is_remembered_for_a_moment_but_not_to_those_who_hold_units(
    app: Flask, members: list[int]
) -> None:
    pool = published(1)
    take(pool, members[0], "a")
    assert not sold_out.is_known(pool.id, members[1])
    sold_out.remember(pool.id)
    assert sold_out.is_known(pool.id, members[1])
    assert not sold_out.is_known(pool.id, members[0])


def test_a_pool_that_was_changed_is_closed_until_it_is_loaded(app: Flask) -> None:
    pool = published(3)
    with transaction():
        pools.change(pool.id, opens_at=None, closes_at=None, allowance=1)
    with pytest.raises(Stale):
        gate.decide(pool_of(pool.id, fresh=True), [Want(1, "a")])
