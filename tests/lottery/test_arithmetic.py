"""The merchant's arithmetic, against sums worked out by hand and exact ones."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lottery import fairness
from lottery.arithmetic import (
    Cost,
    Guarantee,
    Prize,
    draws_per_paid_draw,
    expected_cost,
    odds_in_the_long_run,
    payback,
    simulate,
    stock_lasts,
    stock_needed,
)
from lottery.odds import BadWeights, Slot, pick
from tests.campaign import property_settings

from .vectors import SEED

# A headphone of 300 yuan, a 5-yuan coupon, 50 points, and nothing.
SHOP = [
    Prize(1, 1, value_fen=30_000, stock=2),
    Prize(2, 100, value_fen=500),
    Prize(3, 1_000, points=50),
    Prize(4, 8_899),
]
AGAIN = [Prize(1, 1, points=100), Prize(2, 1, draws_again=True), Prize(3, 2)]


def test_a_draw_costs_what_its_prizes_are_worth_times_their_odds() -> None:
    # 3 fen for the headphone, 5 fen for the coupon; 50 points one time in ten
    assert expected_cost(SHOP) == Cost(points=Fraction(5), fen=Fraction(8))


def test_draw_again_pays_for_further_draws() -> None:
    # one in four again: 1 + 1/4 + 1/16 + ... = 4/3 draws, each worth 25 points
    assert draws_per_paid_draw(AGAIN) == Fraction(4, 3)
    assert expected_cost(AGAIN) == Cost(points=Fraction(100, 3), fen=Fraction(0))


def test_a_wheel_that_only_says_draw_again_is_refused() -> None:
    with pytest.raises(BadWeights, match="never ends"):
        expected_cost([Prize(1, 7, draws_again=True), Prize(2, 0, points=5)])


def test_a_guarantee_makes_the_guaranteed_prizes_more_frequent() -> None:
    # g = 1/2 and at latest the second draw: rounds of 1 or 2 draws, 3/2 on average,
    # each with one guaranteed prize; so 2/3 of draws, and 1/3 is left for the rest.
    slots = [Slot(1, 1), Slot(2, 1), Slot(3, 2)]
    long_run = odds_in_the_long_run(slots, Guarantee(2, frozenset({1, 2})))
    assert long_run == {1: Fraction(1, 3), 2: Fraction(1, 3), 3: Fraction(1, 3)}
    always = odds_in_the_long_run(slots, Guarantee(1, frozenset({1})))
    assert always == {1: Fraction(1), 2: Fraction(0), 3: Fraction(0)}


@property_settings(200)
@given(st.lists(st.integers(0, 99), min_size=2, max_size=6), st.integers(1, 9), st.integers(1, 20))
def test_with_a_guarantee_the_odds_still_add_up_to_one(
    weights: list[int], first: int, nth: int
) -> None:
    slots = [Slot(position, weight) for position, weight in enumerate([first, *weights], 1)]
    long_run = odds_in_the_long_run(slots, Guarantee(nth, frozenset({1, 3})))
    assert sum(long_run.values()) == 1
    assert long_run[1] >= Fraction(first, first + sum(weights))


def test_the_odds_with_a_guarantee_are_those_of_drawing_on_and_on() -> None:
    """Played out as production plays it: the fourth draw without one is drawn among the named."""
    slots, since, wins = [Slot(1, 10), Slot(2, 90)], 0, 0
    for index in range(20_000):
        text = fairness.message(1, 1, "guarantee", index, "")
        position = 1 if since == 3 else pick(slots, fairness.number(SEED, text, 100))
        since = 0 if position == 1 else since + 1
        wins += position == 1
    share = odds_in_the_long_run(slots, Guarantee(4, frozenset({1})))[1]
    assert share == Fraction(1000, 3439)  # one in each round of 1 + 0.9 + 0.81 + 0.729 draws
    assert abs(wins / 20_000 - float(share)) < 0.01


def exact(share: Fraction, draws: int, stock: int) -> float:
    ways = (
        math.comb(draws, count) * share**count * (1 - share) ** (draws - count)
        for count in range(stock + 1)
    )
    return float(sum(ways))


@pytest.mark.parametrize(
    ("share", "draws", "stock", "probability"),
    [
        (Fraction(1, 2), 2, 1, 0.75),
        (Fraction(1, 2), 10, 0, 1 / 1024),
        (Fraction(1, 2), 10, 9, 1 - 1 / 1024),
        (Fraction(1, 10_000), 10_000, 0, (1 - 1e-4) ** 10_000),
        (Fraction(1, 10), 5, 5, 1.0),
        (Fraction(1), 5, 4, 0.0),
        (Fraction(0), 5, 0, 1.0),
        (Fraction(1, 10), 5, -1, 0.0),
    ],
)
def test_the_probability_that_stock_lasts(
    share: Fraction, draws: int, stock: int, probability: float
) -> None:
    assert stock_lasts(share, draws, stock) == pytest.approx(probability, rel=1e-9)


@property_settings(200)
@given(st.integers(1, 99), st.integers(1, 120), st.data())
def test_stock_lasts_as_the_exact_sum_says(percent: int, draws: int, data: st.DataObject) -> None:
    stock = data.draw(st.integers(0, draws))
    share = Fraction(percent, 100)
    assert stock_lasts(share, draws, stock) == pytest.approx(exact(share, draws, stock), rel=1e-9)


def test_a_million_draws_are_no_burden() -> None:
    # 100 prizes expected, one in ten thousand of a million draws: Poisson(100) has 0.5266 at 100
    assert stock_lasts(Fraction(1, 10_000), 1_000_000, 100) == pytest.approx(0.5266, abs=1e-4)
    assert stock_lasts(Fraction(1, 10_000), 1_000_000, 200) == pytest.approx(1.0)
    assert 0 < stock_lasts(Fraction(1, 10_000), 1_000_000, 10) < 1e-20


def test_the_stock_that_is_needed_is_the_smallest_that_lasts() -> None:
    share = Fraction(1, 10_000)
    needed = stock_needed(share, 100_000, 0.99)
    assert needed == 18  # the 99 % quantile of Poisson(10)
    assert stock_lasts(share, 100_000, 17) < 0.99 <= stock_lasts(share, 100_000, 18)


def test_the_payback_table_tells_income_cost_and_stock() -> None:
    table = payback(SHOP, points_cost=20, paid_draws=10_000)
    assert table.income_points == 200_000
    assert table.draws == Fraction(10_000)
    assert table.cost == Cost(points=Fraction(50_000), fen=Fraction(80_000))
    assert table.ratio == Fraction(1, 4)
    assert [row.expected_count for row in table.rows] == [1, 100, 1_000, 8_899]
    assert [row.cost.fen for row in table.rows] == [30_000, 50_000, 0, 0]
    assert [row.stock for row in table.rows] == [2, None, None, None]
    # at most two of one expected: 5/(2e) of Poisson, a hair more of the binomial
    assert table.rows[0].lasts == pytest.approx(0.9197, abs=1e-4)
    assert [row.lasts for row in table.rows[1:]] == [None, None, None]


def test_with_draw_again_stock_lasts_as_each_paid_draw_ends_with_one_prize() -> None:
    wheel = [Prize(1, 1, stock=0), Prize(2, 1, draws_again=True, stock=9), Prize(3, 2)]
    table = payback(wheel, points_cost=10, paid_draws=3)
    assert table.draws == Fraction(4)
    # of each paid draw one third ends with the prize: none of three does, (2/3)^3
    assert [row.lasts for row in table.rows] == [pytest.approx(8 / 27), None, None]


def test_free_draws_pay_nothing_back() -> None:
    assert payback(SHOP, points_cost=0, paid_draws=10).ratio is None


def test_a_simulation_repeats_with_its_seed_and_tells_how_far_it_is() -> None:
    slots, told = [prize.slot for prize in reversed(SHOP)], list[int]()
    counts = simulate(slots, 25_000, SEED, told.append)
    assert told == [10_000, 10_000, 5_000]
    assert sum(counts.values()) == 25_000
    assert list(counts) == [1, 2, 3, 4]
    assert counts == simulate(slots, 25_000, SEED)
    assert counts != simulate(slots, 25_000)


def test_a_simulation_draws_as_production_does() -> None:
    expected = [0, 0]
    for index in range(50):
        text = fairness.message(0, 0, "simulation", index, "")
        expected[pick([Slot(0, 3), Slot(1, 4)], fairness.number(SEED, text, 7))] += 1
    assert simulate([Slot(1, 4), Slot(0, 3)], 50, SEED) == {0: expected[0], 1: expected[1]}
