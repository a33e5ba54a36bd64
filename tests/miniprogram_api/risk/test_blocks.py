"""The block list: members, addresses, devices; by the database, and at once in the loaded pools."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.redis import redis_client
from miniprogram_api.risk import blocks, subjects
from miniprogram_api.risk.errors import DeviceIdInvalid, NotABlockable
from miniprogram_api.risk.models import Block
from miniprogram_api.risk.subjects import Kind
from points_mall.stock import blocking, gate, pools, rebuilding
from points_mall.stock.gate import Want
from points_mall.stock.pools import pool_of
from tests.builders import enrolled_member, shanghai

NOW = shanghai("2026-11-21 10:00")


def block(kind: Kind, subject: str, hours: int | None = None, actor: str = "li") -> int:
    until = clock.now() + timedelta(hours=hours) if hours else None
    return blocks.block(kind, subject, reason="scripts", actor=actor, until=until)


def rows() -> list[tuple[str, str, str | None]]:
    db.session.rollback()
    query = sa.select(Block.subject, Block.added_by, Block.lifted_by).order_by(Block.id)
    return [(row.subject, row.added_by, row.lifted_by) for row in db.session.execute(query)]


def hits(kind: Kind, subject: str) -> bool:
    return blocks.hits([(kind, subject)]) == (kind.value,)


def loaded_pool() -> int:
    pools.forget_cached()
    with transaction():
        pool_id = pools.publish("test:blocks", 3)
    rebuilding.load(pool_id)
    return pool_id


def word(pool_id: int, member_id: int) -> str:
    [decision] = gate.decide(pool_of(pool_id), [Want(member_id, f"order-of-{member_id}")])
    return decision.word.value


def test_a_block_holds_until_it_is_lifted_and_the_history_stays(app: Flask) -> None:
    clock.set(NOW)
    block(Kind.DEVICE, "d1", actor="li")
    assert hits(Kind.DEVICE, "d1")
    assert not hits(Kind.ADDRESS, "d1")
    block(Kind.DEVICE, "d1", actor="wang")
    assert blocks.unblock(Kind.DEVICE, "d1", actor="zhao")
    assert not blocks.unblock(Kind.DEVICE, "d1", actor="zhao")
    assert not hits(Kind.DEVICE, "d1")
    assert rows() == [("d1", "li", "wang"), ("d1", "wang", "zhao")]


def test_a_block_ends_by_itself(app: Flask) -> None:
    clock.set(NOW)
    member_id = enrolled_member()
    block(Kind.MEMBER, str(member_id), hours=2)
    assert blocks.blocked_members() == [member_id]
    clock.advance(timedelta(hours=2))
    assert blocks.blocked_members() == []


def test_one_block_of_a_subject_is_in_force(app: Flask) -> None:
    clock.set(NOW)
    block(Kind.ADDRESS, "a1")
    twice = Block(kind="address", subject="a1", reason="x", added_by="x", added_at=NOW)
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.add(twice)


def test_a_blocked_member_is_turned_away_at_once_and_let_in_again(app: Flask) -> None:
    li, wang, pool_id = enrolled_member(), enrolled_member("oWang-000000000001"), loaded_pool()
    block(Kind.MEMBER, str(li))
    assert (word(pool_id, li), word(pool_id, wang)) == ("blocked", "taken")
    blocks.unblock(Kind.MEMBER, str(li), actor="zhao")
    assert word(pool_id, li) == "taken"


def test_a_pool_loaded_later_knows_who_is_blocked(app: Flask) -> None:
    li = enrolled_member()
    block(Kind.MEMBER, str(li))
    assert word(loaded_pool(), li) == "blocked"


def test_what_the_pools_missed_is_made_up_for(app: Flask) -> None:
    clock.set(NOW)
    li, pool_id = enrolled_member(), loaded_pool()
    block(Kind.MEMBER, str(li), hours=1)
    redis_client().delete(gate.keys_of(pool_id, "blocked")[0])
    assert blocking.copy_blocked() == 1
    assert word(pool_id, li) == "blocked"
    clock.advance(timedelta(hours=1))
    assert blocking.copy_blocked() == 1
    assert blocking.copy_blocked() == 0
    assert word(pool_id, li) == "taken"


def test_another_process_knows_within_seconds(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not hits(Kind.ADDRESS, "a1")  # a copy is kept
    with transaction() as session:
        session.add(
            Block(kind="address", subject="a1", reason="x", added_by="x", added_at=clock.now())
        )
    assert not hits(Kind.ADDRESS, "a1")
    monkeypatch.setattr(blocks, "COPY_SECONDS", 0.0)
    assert hits(Kind.ADDRESS, "a1")


def test_addresses_and_devices_are_kept_as_keyed_hashes(app: Flask) -> None:
    address = subjects.subject_of(Kind.ADDRESS, "203.0.113.9")
    assert "203" not in address
    assert len(address) == 32
    assert address == subjects.address_subject("::ffff:203.0.113.9")
    assert subjects.address_subject("2001:db8::1") == subjects.address_subject("2001:db8::2")
    assert subjects.address_subject("2001:db8::1") != subjects.address_subject("2001:db8:0:1::1")
    assert subjects.address_subject(None) is None
    device = subjects.subject_of(Kind.DEVICE, "device-0001")
    assert "device" not in device
    with pytest.raises(NotABlockable):
        subjects.subject_of(Kind.ADDRESS, "the neighbour's")
    with pytest.raises(DeviceIdInvalid):
        subjects.subject_of(Kind.DEVICE, "x y")
