"""Crowds at the wheel: the last prize, the only chance, a wheel that is changed while it is drawn."""

from collections import Counter
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from lottery import services
from lottery.terms import PrizeTerms
from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db
from miniprogram_api.repeats.records import Told
from points_mall.redemption.models import RedemptionOrder
from points_mall.stock.models import StockUnit
from tests.campaign import times
from tests.lottery.conftest import (
    NOON,
    THANKS,
    all_is_right,
    balance,
    draws_of,
    enrol,
    give_chances,
    give_points,
    only,
    points_prize,
    spin,
    spin_all,
    terms,
    wheel_of,
)
from tests.together import all_at_once

REWARD = PrizeTerms("耳机", "reward", 1, value_fen=29900, stock=1, fulfilment="pickup", code="last")


@pytest.fixture(autouse=True)
def _at_noon(app: Flask) -> None:
    clock.set(NOON)


def kinds(answers: list[Any]) -> Counter[str]:
    """What everybody was given, or refused with."""
    return Counter(
        one.answer.body["granted"]["kind"] if isinstance(one, Told) else one.code for one in answers
    )


def test_sixty_four_draw_for_the_last_prize_and_one_gets_it(app: Flask) -> None:
    members = enrol(64)
    wheel = wheel_of(REWARD, THANKS)
    answers = all_at_once(app, [partial(spin, one, wheel, f"crowd-{one}") for one in members])
    assert kinds(answers) == {"reward": 1, "nothing": 63}
    assert len(draws_of(wheel)) == 64
    assert db.session.scalar(sa.select(sa.func.count(RedemptionOrder.id))) == 1
    held = sa.select(sa.func.count()).where(StockUnit.holder.is_not(None))
    assert db.session.scalar(held) == 1
    all_is_right()


def test_fifty_draws_with_one_chance_are_one_draw(app: Flask) -> None:
    member = enrol()[0]
    wheel = only(points_prize(7), free_draws_per_day=0)
    give_chances(member)
    answers = all_at_once(app, [partial(spin, member, wheel, f"crowd-{n}") for n in range(50)])
    assert kinds(answers) == {"points": 1, "no_draws_left": 49}
    assert (balance(member), len(draws_of(wheel))) == (7, 1)
    all_is_right()


def test_the_last_points_pay_for_as_many_draws_as_they_are_worth(app: Flask) -> None:
    member = enrol()[0]
    wheel = only(PrizeTerms("没中", "nothing", 1), free_draws_per_day=0, points_cost=10)
    give_points(member, 49)
    answers = all_at_once(app, [partial(spin, member, wheel, f"crowd-{n}") for n in range(40)])
    assert kinds(answers) == {"nothing": 4, "insufficient_points": 36}
    assert balance(member) == 9
    all_is_right()


def test_sixteen_devices_of_one_member_keep_the_limit_of_the_day(app: Flask) -> None:
    member = enrol()[0]
    wheel = only(points_prize(1), daily_limit=3)
    answers = all_at_once(app, [partial(spin, member, wheel, f"crowd-{n}") for n in range(16)])
    assert kinds(answers) == {"points": 3, "no_draws_left": 13}
    all_is_right()


def test_thirty_repeats_of_one_key_are_one_draw(app: Flask) -> None:
    member = enrol()[0]
    wheel = only(points_prize(5))
    answers = all_at_once(app, [partial(spin, member, wheel, "the-same-key")] * 30)
    told = [one for one in answers if isinstance(one, Told)]
    assert {one.code for one in answers if not isinstance(one, Told)} <= {"request_in_progress"}
    assert len({one.answer.body["draw_no"] for one in told}) == 1
    assert [one.is_repeat for one in told].count(False) == 1
    assert balance(member) == 5
    all_is_right()


def test_a_wheel_that_is_changed_while_it_is_drawn_is_never_half_changed(app: Flask) -> None:
    members = enrol(48)
    versions = [
        terms(points_prize(value, 1, stock=500, code="grand"), points_prize(1, 3, code="one"),
              PrizeTerms("谢谢", "nothing", 2, is_consolation=True, code="thanks"))
        for value in (100, 200, 300)
    ]  # fmt: skip
    wheel = services.create(versions[0])
    acts: list[Any] = [partial(spin, one, wheel, f"crowd-{one}") for one in members]
    acts[16:16] = [partial(services.change, wheel, one) for one in versions[1:]]
    answers = all_at_once(app, acts)
    told = [one for one in answers if isinstance(one, Told)]
    assert len(told) == 48
    found = [one.version for one in draws_of(wheel)]
    assert found == sorted(found)
    all_is_right()


@pytest.mark.slow
def test_hundreds_draw_for_ten_prizes_again_and_again(app: Flask) -> None:
    members = enrol(100)
    for turn in range(times(3)):
        prize = PrizeTerms("杯", "reward", 1, value_fen=900, stock=10, fulfilment="pickup")
        wheel = wheel_of(prize, points_prize(1, 1, is_consolation=True, code="one"))
        acts = [
            partial(spin, one, wheel, f"crowd-{turn}-{one}-{nth}")
            for one in members
            for nth in range(2)
        ]
        given = kinds(all_at_once(app, acts))
        drawn = draws_of(wheel)
        assert len(drawn) == 200
        assert given["reward"] == min(10, sum(one.picked_position == 1 for one in drawn))
        assert given["points"] == 200 - given["reward"]
        all_is_right()


def test_groups_of_several_processes_number_their_draws_without_a_gap(app: Flask) -> None:
    members = enrol(64)
    for member in members:
        give_points(member, 20)
    prize = PrizeTerms("杯", "reward", 1, value_fen=900, stock=5, fulfilment="pickup")
    wheels = [
        wheel_of(prize, THANKS, points_cost=10, free_draws_per_day=0),
        only(points_prize(3), points_cost=10, free_draws_per_day=0),
    ]
    groups = [
        [(one, wheel, f"crowd-{one}-{wheel}") for one in some for wheel in wheels]
        for some in (members[at::8] for at in range(8))
    ]
    answers = all_at_once(app, [partial(spin_all, group) for group in groups])
    given = kinds([one for group in answers for one in group])
    assert given == {"reward": 5, "nothing": 59, "points": 64}
    for wheel in wheels:
        assert [one.draw_index for one in draws_of(wheel)] == list(range(1, 65))
    all_is_right()
