"""Making wheels: what is refused when it is saved, in services and in files."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from lottery import services
from lottery.errors import PrizeAboveLegalCap, WeightsNotValid, WheelClosed, WheelNotValid
from lottery.terms import PrizeTerms
from miniprogram_api.core.errors import DomainError
from points_mall.grants.errors import RewardNotAllowed
from tests.evidence import database_fingerprint

from .conftest import NOON, THANKS, only, points_prize, terms, wheel_of

NOTHING = PrizeTerms("没中", "nothing", 1)
CUP = PrizeTerms("杯", "reward", 1, value_fen=900, stock=5, fulfilment="pickup")


def saved(*prizes: PrizeTerms, **more: Any) -> type[DomainError]:
    """What such a wheel is refused with; nothing is written."""
    untouched = database_fingerprint()
    with pytest.raises(DomainError) as caught:
        wheel_of(*prizes, **more)
    assert database_fingerprint() == untouched
    return type(caught.value)


@pytest.mark.parametrize(
    ("weights", "total"),
    [
        ((1, 2), 4), ((1, 2), 2), ((-1, 2), 1), ((0, 0), 0), ((1, -1), 0), ((5,), 10**12),
        ((10**12,), 10**12), ((1.5, 1.5), 3), ((True, 1), 2),
    ],
)  # fmt: skip
def test_weights_that_make_no_wheel_are_refused(app: Flask, weights: Any, total: Any) -> None:
    prizes = [PrizeTerms(f"奖{n}", "nothing", weight) for n, weight in enumerate(weights)]
    assert saved(*prizes, weight_total=total) is WeightsNotValid


def test_a_prize_above_the_legal_cap_is_refused_and_one_at_the_cap_is_not(app: Flask) -> None:
    car = replace(CUP, value_fen=50_000_01)
    assert saved(car, THANKS) is PrizeAboveLegalCap
    wheel_of(replace(CUP, value_fen=50_000_00), THANKS)


@pytest.mark.parametrize("prize", [
    points_prize(0), points_prize(-5), points_prize(10**9),
    PrizeTerms("券", "coupon", 1, 1), PrizeTerms("券", "coupon", 1, 0, item="full50"),
    PrizeTerms("券", "coupon", 1, 1, item="满减"),
    PrizeTerms("机会", "draw_chance", 1, 1, item="999"),
    PrizeTerms("机会", "draw_chance", 1, 1, item="①"),
    PrizeTerms("余额", "wallet", 1, 0), PrizeTerms("余额", "wallet", 1, 50_000_01),
])  # fmt: skip
def test_a_prize_that_nobody_gives_so_is_refused(app: Flask, prize: PrizeTerms) -> None:
    assert saved(prize) is RewardNotAllowed


@pytest.mark.parametrize("prizes", [
    (replace(CUP, stock=None), THANKS), (replace(CUP, value_fen=0), THANKS),
    (replace(CUP, fulfilment=None), THANKS), (replace(CUP, fulfilment="pigeon"), THANKS),
    (replace(CUP, amount=1), THANKS), (replace(CUP, expires_days=3), THANKS),
    (CUP,), (CUP, replace(THANKS, is_consolation=False)),
    (CUP, THANKS, replace(THANKS, code="other")),
    (replace(NOTHING, stock=3), THANKS), (replace(NOTHING, amount=3),),
    (PrizeTerms("再来", "draw_again", 1),),
    (CUP, PrizeTerms("再来", "draw_again", 0, is_consolation=True)),
    (CUP, points_prize(1, is_consolation=True, stock=9)),
    (points_prize(1, code="same"), points_prize(2, code="same")),
    (points_prize(1, is_guaranteed=True),),
    (replace(points_prize(1), fulfilment="pickup"),),
    (replace(points_prize(1), value_fen=-1),), (replace(points_prize(1), stock=-1), THANKS),
    (replace(points_prize(1), expires_days=0),),
])  # fmt: skip
def test_prizes_that_do_not_fit_are_refused(app: Flask, prizes: tuple[PrizeTerms, ...]) -> None:
    assert saved(*prizes) is WheelNotValid


@pytest.mark.parametrize("more", [
    {"daily_limit": 0}, {"total_limit": -1}, {"points_cost": -1}, {"free_draws_per_day": -1},
    {"new_member_days": 0}, {"min_tier_rank": -1}, {"closes_at": NOON - timedelta(days=11)},
    {"guarantee_nth": 5}, {"guarantee_nth": 1},
])  # fmt: skip
def test_terms_that_do_not_fit_are_refused(app: Flask, more: dict[str, Any]) -> None:
    assert saved(NOTHING, **more) is WheelNotValid


def test_a_guarantee_that_could_not_be_kept_is_refused(app: Flask) -> None:
    impossible = points_prize(5, 0, is_guaranteed=True)
    assert saved(impossible, NOTHING, guarantee_nth=5) is WheelNotValid
    limited = points_prize(5, 1, is_guaranteed=True, stock=9)
    assert saved(limited, THANKS, guarantee_nth=5) is WheelNotValid
    kept = points_prize(1, 1, is_guaranteed=True, is_consolation=True, code="kept")
    wheel_of(limited, kept, guarantee_nth=5)


def test_more_than_fifty_prizes_are_refused(app: Flask) -> None:
    assert saved(*[NOTHING] * 51) is WheelNotValid


def test_a_closed_wheel_is_not_changed(app: Flask) -> None:
    wheel = only(NOTHING)
    services.close(wheel)
    with pytest.raises(WheelClosed):
        services.change(wheel, terms(NOTHING))
