"""Drawing: who may, what pays, which rule, what happens when a prize has run out. One at a time."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from lottery import services
from lottery.models import MemberWheel
from lottery.odds import Slot, pick
from lottery.terms import PrizeTerms
from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from points_mall.ledger import posting
from points_mall.tiers.services import set_tier
from tests.builders import shanghai
from tests.evidence import database_fingerprint
from tests.faults.statements import watched

from .conftest import (
    GIFT,
    NOON,
    THANKS,
    all_is_right,
    balance,
    draws_of,
    enrol,
    give_chances,
    give_points,
    only,
    period_of,
    points_prize,
    refused,
    spin,
    spin_all,
    spins,
    terms,
    wheel_of,
)

NOTHING = PrizeTerms("没中", "nothing", 1)


@pytest.fixture
def member(app: Flask) -> int:
    return enrol()[0]


# ------------------------------------------------------------------ what pays


def test_free_draws_come_first_then_chances_then_points(member: int) -> None:
    wheel = only(NOTHING, free_draws_per_day=1, points_cost=20)
    give_points(member, 50)
    give_chances(member)
    paid = [(body["paid_by"], body["points"]) for body in spins(member, wheel, 4)]
    assert paid == [("free", 0), ("chance", 0), ("points", 20), ("points", 20)]
    assert balance(member) == 10
    all_is_right()


def test_too_few_points_are_refused_with_the_numbers(member: int) -> None:
    wheel = only(NOTHING, free_draws_per_day=0, points_cost=20)
    give_points(member, 19)
    untouched = database_fingerprint()
    refusal = refused(member, wheel)
    assert (refusal.code, refusal.numbers) == (
        "insufficient_points",
        {"required": 20, "available": 19},
    )
    assert database_fingerprint() == untouched


def test_expired_points_do_not_pay_and_points_of_an_overdue_hold_do(member: int) -> None:
    wheel = only(NOTHING, free_draws_per_day=0, points_cost=20)
    give_points(member, 30, "short", expires_at=NOON + timedelta(hours=1))
    give_points(member, 25, "long")
    with transaction():
        posting.hold(
            member, 50, reason=GIFT, reference="h", expires_at=NOON + timedelta(minutes=90)
        )
    clock.advance(timedelta(hours=2))
    body = spin(member, wheel, "key-00001").answer.body
    assert body["points_available"] == 5
    assert refused(member, wheel).code == "insufficient_points"
    all_is_right()


def test_the_chance_soonest_to_expire_is_used_first_and_an_expired_one_never(member: int) -> None:
    wheel = only(NOTHING, free_draws_per_day=0)
    give_chances(member, 1, "late", expires_at=NOON + timedelta(days=9))
    give_chances(member, 1, "soon", expires_at=NOON + timedelta(days=1))
    give_chances(member, 1, "other", wheel=only(NOTHING))
    assert spin(member, wheel, "key-00001").answer.body["chances"] == 1
    clock.advance(timedelta(days=2))
    assert spin(member, wheel, "key-00002").answer.body["chances"] == 0
    clock.advance(timedelta(days=8))
    assert refused(member, wheel).code == "no_draws_left"
    all_is_right()


def test_a_chance_granted_twice_for_one_cause_is_one(member: int) -> None:
    wheel = only(NOTHING, free_draws_per_day=0)
    give_chances(member, 1, "purchase:1")
    give_chances(member, 1, "purchase:1")
    spin(member, wheel, "key-00001")
    assert refused(member, wheel).code == "no_draws_left"


def test_free_draws_come_back_every_day(member: int) -> None:
    wheel = only(NOTHING, free_draws_per_day=1)
    spin(member, wheel, "key-00001")
    assert refused(member, wheel).code == "no_draws_left"
    clock.set(shanghai("2026-11-22 00:00"))
    assert spin(member, wheel, "key-00002").answer.body["proof"]["period"] == "2026-11-22"
    all_is_right()


# ------------------------------------------------------------------ limits and audience


def test_the_limit_of_a_day_and_the_limit_in_all_hold(member: int) -> None:
    wheel = only(NOTHING, daily_limit=2, total_limit=3)
    spins(member, wheel, 2)
    refusal = refused(member, wheel)
    assert (refusal.code, refusal.numbers) == (
        "no_draws_left",
        {"daily_limit": 2, "total_limit": 3},
    )
    clock.advance(timedelta(days=1))
    spins(member, wheel, 1, first=2)
    assert refused(member, wheel).code == "no_draws_left"
    clock.advance(timedelta(days=1))
    assert refused(member, wheel).code == "no_draws_left"
    all_is_right()


def test_a_wheel_opens_and_ends_to_the_second(member: int) -> None:
    opens, closes = shanghai("2026-11-21 13:00"), shanghai("2026-11-21 14:00")
    later = services.create(replace(terms(NOTHING), opens_at=opens, closes_at=closes))
    assert (refused(member, later).code, refused(member, later).numbers) == (
        "not_started",
        {"starts_at": opens},
    )
    clock.set(opens)
    spin(member, later, "key-00001")
    clock.set(closes - timedelta(seconds=1))
    spin(member, later, "key-00002")
    clock.set(closes)
    assert refused(member, later).code == "ended"


def test_a_wheel_that_was_closed_is_closed_for_good(member: int) -> None:
    wheel = only(NOTHING)
    spin(member, wheel, "key-00001")
    services.close(wheel)
    assert refused(member, wheel).code == "ended"
    assert spin(member, wheel, "key-00001").is_repeat
    all_is_right()


def test_a_wheel_that_is_none_is_not_found_and_promises_nothing(member: int) -> None:
    give_points(member, 1)
    untouched = database_fingerprint()
    assert refused(member, 77).code == "no_such_wheel"
    assert database_fingerprint() == untouched


def test_a_tier_and_new_members_only(app: Flask) -> None:
    old, new = enrol(1)[0], enrol(1, NOON - timedelta(days=3), 50)[0]
    gold = only(NOTHING, min_tier_rank=1)
    assert refused(old, gold).code == "tier_too_low"
    set_tier(old, "gold")
    spin(old, gold, "key-00001")
    fresh = only(NOTHING, new_member_days=7)
    spin(new, fresh, "key-00002")
    refusal = refused(old, fresh)
    assert (refusal.code, refusal.numbers) == ("not_for_you", {"new_member_days": 7})


# ------------------------------------------------------------------ prizes that run out


def test_an_exhausted_prize_falls_to_the_consolation(member: int) -> None:
    wheel = wheel_of(
        points_prize(100, 1, stock=2), points_prize(1, 0, is_consolation=True, code="one")
    )
    won = [body["granted"]["points"] for body in spins(member, wheel, 4)]
    assert won == [100, 100, 1, 1]
    assert [(one.picked_position, one.granted_position) for one in draws_of(wheel)] == [
        (1, 1), (1, 1), (1, 2), (1, 2),
    ]  # fmt: skip
    all_is_right()


def test_two_draws_of_one_group_for_the_last_unit_give_one(member: int) -> None:
    wheel = wheel_of(
        points_prize(100, 1, stock=1), points_prize(1, 0, is_consolation=True, code="one")
    )
    other = enrol(1, first_number=9)[0]
    told = spin_all([(member, wheel, "key-00001"), (other, wheel, "key-00002")])
    assert [one.answer.body["granted"]["points"] for one in told] == [100, 1]  # type: ignore[union-attr]
    all_is_right()


# ------------------------------------------------------------------ the guarantee


def test_at_latest_the_nth_draw_gives_a_guaranteed_prize(member: int) -> None:
    rare = points_prize(50, 1, is_guaranteed=True)
    wheel = wheel_of(rare, PrizeTerms("没中", "nothing", 999_999), guarantee_nth=3)
    spins(member, wheel, 7)
    drawn = draws_of(wheel)
    assert [one.rule for one in drawn] == [
        "odds", "odds", "guarantee", "odds", "odds", "guarantee", "odds",
    ]  # fmt: skip
    assert [one.granted_position for one in drawn] == [2, 2, 1, 2, 2, 1, 2]
    all_is_right()


def test_the_guarantee_is_of_each_member_and_reduces_the_wheel_to_the_set(app: Flask) -> None:
    one, other = enrol(2)
    wheel = wheel_of(
        PrizeTerms("没中", "nothing", 10**6),
        points_prize(5, 3, is_guaranteed=True),
        points_prize(6, 0, is_guaranteed=True),
        points_prize(7, 2, is_guaranteed=True),
        guarantee_nth=2,
    )
    spins(one, wheel, 1)
    spins(other, wheel, 1)
    spins(one, wheel, 1, first=1)
    rules = [(row.member_id, row.rule) for row in draws_of(wheel)]
    assert rules == [(one, "odds"), (other, "odds"), (one, "guarantee")]
    assert draws_of(wheel)[-1].granted_position in {2, 4}
    assert [pick([Slot(2, 3), Slot(3, 0), Slot(4, 2)], n) for n in range(5)] == [2, 2, 2, 4, 4]


# ------------------------------------------------------------------ repeats, versions, groups


def test_a_repeat_gives_the_same_prize_and_nothing_more(member: int) -> None:
    wheel = only(points_prize(30), daily_limit=1)
    first = spin(member, wheel, "key-00001")
    again = spin(member, wheel, "key-00001")
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert again.answer == first.answer
    assert (balance(member), len(draws_of(wheel))) == (30, 1)


def test_a_new_version_draws_later_draws_and_earlier_ones_stay_proven(member: int) -> None:
    wheel = wheel_of(points_prize(1, 5), NOTHING, weight_total=6)
    spins(member, wheel, 3)
    number = services.change(wheel, terms(points_prize(9, 1), points_prize(8, 7)))
    assert number == 2
    spins(member, wheel, 3, first=3)
    assert [one.version for one in draws_of(wheel)] == [1, 1, 1, 2, 2, 2]
    assert [one.draw_index for one in draws_of(wheel)] == [1, 2, 3, 4, 5, 6]
    all_is_right()


def test_a_change_keeps_the_units_of_a_prize_by_its_code(member: int) -> None:
    grand = points_prize(100, 1, stock=3, code="grand")
    wheel = wheel_of(grand, THANKS)
    spins(member, wheel, 2)
    services.change(wheel, terms(points_prize(70, 1, stock=3, code="grand"), THANKS))
    won = [body["granted"] for body in spins(member, wheel, 2, first=2)]
    assert won == [{"kind": "points", "points": 70}, {"kind": "nothing"}]
    with pytest.raises(Exception, match="0 units are free"):
        services.change(wheel, terms(points_prize(70, 1, stock=2, code="grand"), THANKS))
    services.change(wheel, terms(points_prize(60, 1, stock=4, code="grand"), THANKS))
    assert spins(member, wheel, 1, first=4)[0]["granted"]["points"] == 60
    all_is_right()


def test_in_a_group_one_refusal_fails_alone_and_takes_no_number(app: Flask) -> None:
    rich, poor, third = enrol(3)
    wheel = only(NOTHING, free_draws_per_day=0, points_cost=10)
    for member in (rich, third):
        give_points(member, 10)
    told = spin_all([(rich, wheel, "key-1111"), (poor, wheel, "key-2222"), (third, wheel, "key-3")])
    assert [getattr(one, "code", "drawn") for one in told] == [
        "drawn", "insufficient_points", "drawn",
    ]  # fmt: skip
    assert [one.draw_index for one in draws_of(wheel)] == [1, 2]
    all_is_right()


def test_a_member_who_draws_twice_in_one_group_pays_for_both_or_is_refused_once(
    member: int,
) -> None:
    wheel = only(points_prize(3), free_draws_per_day=0, points_cost=10)
    give_points(member, 15)
    told = spin_all([(member, wheel, "key-1111"), (member, wheel, "key-2222")])
    assert [getattr(one, "code", "drawn") for one in told] == ["drawn", "insufficient_points"]
    assert balance(member) == 8
    all_is_right()


def test_draws_of_several_wheels_in_one_group_are_numbered_each_by_itself(app: Flask) -> None:
    members = enrol(4)
    wheels = [only(points_prize(2)), only(NOTHING)]
    spin_all([(m, w, f"key-{m}-{w}") for m in members for w in wheels])
    for wheel in wheels:
        assert [one.draw_index for one in draws_of(wheel)] == [1, 2, 3, 4]
    all_is_right()


def test_the_number_of_statements_does_not_depend_on_the_group(app: Flask) -> None:
    members = enrol(64)
    reward = PrizeTerms("杯", "reward", 0, value_fen=900, stock=64, fulfilment="pickup")
    wheel = wheel_of(points_prize(3, 1, stock=500), reward, THANKS, points_cost=5,
                     free_draws_per_day=0)  # fmt: skip
    for member in members:
        give_points(member, 1000)
    counts = {}
    for size in (1, 2, 64):
        spin_all([(m, wheel, f"first-{size}-{m}") for m in members[:size]])  # rows are there
        with watched(db.engine) as calls:
            spin_all([(m, wheel, f"again-{size}-{m}") for m in members[:size]])
        counts[size] = len(calls.asked)
    assert counts[1] == counts[2] == counts[64]
    all_is_right()


def test_a_day_that_is_published_while_one_waits_lets_the_draw_go_to_the_next(member: int) -> None:
    wheel = only(NOTHING)
    spin(member, wheel, "key-00001")
    clock.set(shanghai("2026-11-22 00:00"))
    body = spin(member, wheel, "key-00002").answer.body
    assert (body["proof"]["period"], body["proof"]["draw_index"]) == ("2026-11-22", 1)
    assert period_of(wheel).seed_hex is None


def test_the_counts_of_a_member_are_kept(member: int) -> None:
    wheel = only(NOTHING)
    spins(member, wheel, 3)
    db.session.rollback()
    row = db.session.scalars(sa.select(MemberWheel)).one()
    assert (row.draws, row.draws_today, row.free_today, row.since_guaranteed) == (3, 3, 3, 3)
