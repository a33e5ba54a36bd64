"""`flask lottery verify` finds what somebody changed behind the shop's back, wherever it is."""

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from lottery import audit, periods, services
from lottery.terms import PrizeTerms
from miniprogram_api.core import append_only
from miniprogram_api.core.clock import clock
from miniprogram_api.core.crypto import seal
from miniprogram_api.core.db import db, transaction

from .conftest import (
    NOON,
    THANKS,
    all_is_right,
    enrol,
    give_chances,
    give_points,
    points_prize,
    spins,
    terms,
    wheel_of,
)

GUARDED = (
    "draw",
    "wheel_version",
    "wheel_prize",
    "draw_chance_grant",
    "draw_chance_use",
    "ledger_entry",
)
PRIZES = (
    points_prize(10, 2, stock=50, code="ten"),
    PrizeTerms("杯", "reward", 2, value_fen=900, stock=50, fulfilment="pickup", code="cup"),
    PrizeTerms("券", "coupon", 2, 1, item="full50", code="coupon"),
    PrizeTerms("再来", "draw_again", 1, code="again"),
    points_prize(30, 1, is_guaranteed=True, code="thirty"),
    THANKS,
)


@pytest.fixture
def wheel(app: Flask) -> int:
    """A wheel of every kind, drawn forty times by two members under two versions."""
    one, other = enrol(2)
    options: dict[str, Any] = {"free_draws_per_day": 2, "points_cost": 5, "guarantee_nth": 6}
    wheel = wheel_of(*PRIZES, **options)
    for member in (one, other):
        give_points(member, 1000)
        give_chances(member, 3)
    spins(one, wheel, 20)
    services.change(wheel, terms(*PRIZES[1:], PRIZES[0], **options))
    spins(other, wheel, 20, first=20)
    all_is_right()
    return wheel


def lower_guards(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        for name in GUARDED:
            session.execute(sa.text(f"ALTER TABLE {name} DISABLE TRIGGER ALL"))
        return
    session.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
    for name in GUARDED:
        for statement in append_only.sqlite_ddl(name):
            session.execute(sa.text(f"DROP TRIGGER {statement.split()[2]}"))


def tampered(*statements: str) -> list[str]:
    """What the audit finds when somebody has done this, guards down."""
    session = db.session()
    session.rollback()
    try:
        lower_guards(session)
        for statement in statements:
            assert session.execute(sa.text(statement)).rowcount, statement  # type: ignore[attr-defined]
        session.flush()
        found = [finding.what for finding in audit.findings(session)]
    finally:
        session.rollback()
    assert [str(one) for one in audit.findings(session)] == []
    session.rollback()
    return found


SOME = "id = (SELECT max(id) FROM draw WHERE granted_position = picked_position)"

PAID = "id = (SELECT max(id) FROM draw WHERE paid_by = 'points')"
FAULTS: dict[str, tuple[str, str]] = {
    "another prize was drawn": (
        f"UPDATE draw SET picked_position = picked_position % 6 + 1 WHERE {SOME}",
        "picked_position",
    ),
    "another nonce": (f"UPDATE draw SET nonce = 'replaced-1' WHERE {SOME}", "digest_hex"),
    "another member": (f"UPDATE draw SET member_ref = 'somebody' WHERE {SOME}", "member_ref"),
    "another digest": (f"UPDATE draw SET digest_hex = 'ff' WHERE {SOME}", "digest_hex"),
    "another rule": (
        "UPDATE draw SET rule = 'guarantee' WHERE id = (SELECT min(id) FROM draw)",
        "rule",
    ),
    "another moment": (f"UPDATE draw SET created_at = '2020-01-01 00:00:00' WHERE {SOME}", "hash"),
    "another payment": (
        f"UPDATE draw SET points = points + 1 WHERE {PAID}",
        "points paid",
    ),
    "what was given": (
        "UPDATE draw SET granted = replace(granted, '10}', '99}') WHERE granted LIKE '%points%10}'",
        "granted points",
    ),
    "a weight": (
        "UPDATE wheel_prize SET weight = weight + 1 WHERE code = 'cup'",
        "version 1: hash",
    ),
    "a name": ("UPDATE wheel_prize SET name = '大奖' WHERE code = 'cup'", "version 1: hash"),
    "a rule of the wheel": (
        "UPDATE wheel_version SET guarantee_nth = 7 WHERE version = 2",
        "version 2: hash",
    ),
    "a promise": ("UPDATE fairness_period SET commitment = 'ab'", "commitment"),
    "a number": ("UPDATE fairness_period SET next_index = next_index + 1", "next_index"),
    "a chance": ("DELETE FROM draw_chance_use WHERE id = 1", "chance used"),
    "a coupon": ("UPDATE coupon SET reference = 'x' WHERE id = 1", "chances and coupons"),
    "an entry": (
        "UPDATE ledger_entry SET points = points + 1 WHERE reason = 'lottery_prize'",
        "entry of points won",
    ),
    "a unit": (
        "UPDATE stock_unit SET holder = NULL, member_id = NULL WHERE holder IS NOT NULL",
        "units",
    ),
    "a unit for nobody": (
        "UPDATE stock_unit SET holder = 'RXX', member_id = 1 WHERE holder IS NULL AND unit_no = 50",
        "wheel:1:ten unit 50",
    ),
    "an order": ("UPDATE redemption_order SET points = 5", "order of the prize"),
    "a count": (
        "UPDATE member_wheel SET since_guaranteed = since_guaranteed + 1",
        "counts of member 1",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_was_changed_is_found(wheel: int, name: str) -> None:
    statement, what = FAULTS[name]
    assert what in tampered(statement)


def test_a_draw_that_was_taken_out_is_found(wheel: int) -> None:
    found = tampered(
        "DELETE FROM draw_chance_use WHERE draw_no = (SELECT draw_no FROM draw WHERE draw_index = 40)"
        " OR id = 1",
        "DELETE FROM draw WHERE draw_index = 40",
    )
    assert {"next_index", "last_hash"} <= set(found)


def test_a_gap_in_the_middle_is_found(wheel: int) -> None:
    found = tampered("DELETE FROM draw WHERE draw_index = 3")
    assert {"draw_index", "prev_hash"} <= set(found)


def test_weights_that_still_add_up_are_found_too(wheel: int) -> None:
    found = tampered(
        "UPDATE wheel_prize SET weight = weight + 1 WHERE code = 'cup'",
        "UPDATE wheel_prize SET weight = weight - 1 WHERE code = 'coupon'",
    )
    assert {"version 1: hash", "version 2: hash"} <= set(found)


def test_a_wrong_seed_is_found_before_and_after_it_is_published(wheel: int) -> None:
    place = "fairness_period.seed:1:2026-11-21"
    sealed = seal("00" * 32, place)
    found = tampered(f"UPDATE fairness_period SET seed_sealed = '{sealed}'")
    assert {"commitment", "digest_hex"} <= set(found)
    foreign = seal("00" * 32, "elsewhere")
    assert "commitment" in tampered(f"UPDATE fairness_period SET seed_sealed = '{foreign}'")
    clock.advance(timedelta(days=1))
    assert periods.reveal_due() == 1
    wrong = "ab" * 32
    found = tampered(f"UPDATE fairness_period SET seed_hex = '{wrong}'")
    assert {"commitment", "digest_hex"} <= set(found)


@pytest.mark.parametrize(
    "table",
    [
        "draw",
        "wheel_version",
        "wheel_prize",
        "draw_chance_grant",
        "draw_chance_use",
        "coupon_event",
    ],
)
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_the_database_refuses_to_change_what_was_written(wheel: int, table: str, verb: str) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), transaction() as session:
        session.execute(sa.text(verb.format(table)))


def test_the_command_says_so_and_exits_accordingly(app: Flask, wheel: int) -> None:
    def run(*options: str) -> Any:
        return app.test_cli_runner().invoke(args=["lottery", "verify", *options])

    done = run("--json")
    assert (done.exit_code, json.loads(done.output)) == (0, [])
    with transaction() as session:
        session.execute(sa.text("UPDATE fairness_period SET commitment = 'ab'"))
    done = run("--json")
    assert done.exit_code == 1
    assert [one["what"] for one in json.loads(done.output)] == ["commitment"]
    assert "差异 1 处" in run().output


def test_published_days_verify_with_their_seeds_alone(wheel: int) -> None:
    clock.set(NOON + timedelta(days=1))
    periods.reveal_due()
    all_is_right()
