"""Weights: what makes a wheel, which prize a number falls on, and the odds in words."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lottery.odds import (
    BadWeights,
    Slot,
    check_weights,
    guaranteed,
    odds,
    odds_bp,
    odds_bp_text,
    odds_text,
    pick,
)
from tests.campaign import property_settings

Weights = st.lists(st.integers(0, 80_000_000), min_size=1, max_size=12).filter(any)
SmallWeights = st.lists(st.integers(0, 50), min_size=1, max_size=12).filter(any)


def wheel(*weights: int) -> list[Slot]:
    return [Slot(position, weight) for position, weight in enumerate(weights, 1)]


# ------------------------------------------------------------------ the exact mapping


@pytest.mark.parametrize(
    "weights",
    [
        (1,),
        (1, 2, 4),
        (0, 3, 0, 4, 0),
        (1, 10, 100, 886),
        (1, 100, 1_000, 8_899),
        (8_899, 0, 1_000, 100, 1),
        (100, 10_000, 100_000, 889_903),
    ],
)
def test_each_prize_owns_exactly_its_weight_of_numbers(weights: tuple[int, ...]) -> None:
    """Every number is walked: this, and not statistics, proves the rare prizes."""
    slots = wheel(*weights)
    owned = Counter(pick(slots, number) for number in range(sum(weights)))
    assert owned == Counter({slot.position: slot.weight for slot in slots if slot.weight})


@property_settings(200)
@given(SmallWeights)
def test_any_wheel_gives_each_prize_exactly_its_weight(weights: list[int]) -> None:
    slots = wheel(*weights)
    owned = Counter(pick(slots, number) for number in range(sum(weights)))
    assert [owned[slot.position] for slot in slots] == weights


@property_settings(200)
@given(Weights)
def test_the_odds_add_up_to_one(weights: list[int]) -> None:
    total = sum(weights)
    check_weights(weights, total)
    assert sum((odds(weight, total) for weight in weights), Fraction(0)) == 1
    assert sum((odds_bp(weight, total) for weight in weights), Fraction(0)) == 10_000


@property_settings(200)
@given(Weights)
def test_every_prize_with_a_weight_can_be_drawn_and_no_other(weights: list[int]) -> None:
    """The first and the last number of each prize are its own; one of weight 0 has neither."""
    slots, below = wheel(*weights), 0
    for slot in slots:
        if slot.weight:
            assert pick(slots, below) == slot.position
            assert pick(slots, below + slot.weight - 1) == slot.position
        below += slot.weight
    drawable = {slot.position for slot in slots if slot.weight}
    assert {pick(slots, number) for number in range(below)[:: max(1, below // 50)]} <= drawable


@property_settings(200)
@given(st.permutations(wheel(1, 0, 5, 20, 4)), st.integers(0, 29))
def test_positions_decide_and_not_the_order_in_which_they_are_read(
    shuffled: list[Slot], number: int
) -> None:
    assert pick(shuffled, number) == pick(wheel(1, 0, 5, 20, 4), number)


@pytest.mark.parametrize("number", [-1, 7, 10**12])
def test_a_number_outside_the_wheel_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="outside the wheel"):
        pick(wheel(1, 2, 4), number)


def test_a_wheel_without_slots_has_no_numbers() -> None:
    with pytest.raises(ValueError, match="outside the wheel"):
        pick([], 0)


# ------------------------------------------------------------------ bad weights


@pytest.mark.parametrize(
    ("weights", "total", "why"),
    [
        ([1, 2, 3], 7, "the weights add up to 6, but the total says 7"),
        ([1, 2, 5], 7, "the weights add up to 8, but the total says 7"),
        ([], 1, "the weights add up to 0, but the total says 1"),
        ([0, 0], 1, "the weights add up to 0, but the total says 1"),
        ([8, -1], 7, "a weight must not be negative: -1"),
        ([0, 0], 0, "between 1 and 1000000000: 0"),
        ([-7], -7, "between 1 and 1000000000: -7"),
        ([10**12], 10**12, "between 1 and 1000000000: 1000000000000"),
        ([10**9, 1], 10**9 + 1, "between 1 and 1000000000: 1000000001"),
        ([1, 10**12], 10, "the weights add up to 1000000000001, but the total says 10"),
        ([0.5, 0.5], 1, "a weight must be a whole number: 0.5"),
        ([1.0], 1, "a weight must be a whole number: 1.0"),
        ([True, 1], 2, "a weight must be a whole number: True"),
        (["1"], 1, "a weight must be a whole number: '1'"),
        ([1], True, "between 1 and 1000000000: True"),
        ([1], None, "between 1 and 1000000000: None"),
    ],
)
def test_weights_that_make_no_wheel_are_refused(weights: list[int], total: int, why: str) -> None:
    with pytest.raises(BadWeights) as refused:
        check_weights(weights, total)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("weights", "total"), [([1], 1), ([10**9], 10**9), ([0, 1, 0], 1), ([1] * 997, 997)]
)
def test_weights_that_make_a_wheel_pass(weights: list[int], total: int) -> None:
    check_weights(weights, total)


@property_settings(200)
@given(Weights, st.integers(-3, 3).filter(bool))
def test_a_total_that_is_off_is_always_refused(weights: list[int], off: int) -> None:
    with pytest.raises(BadWeights):
        check_weights(weights, sum(weights) + off)


# ------------------------------------------------------------------ odds in words


@pytest.mark.parametrize(
    ("weight", "total", "percent", "basis_points"),
    [
        (1, 10_000, "0.01%", "1"),
        (100, 10_000, "1%", "100"),
        (1_000, 10_000, "10%", "1000"),
        (8_899, 10_000, "88.99%", "8899"),
        (1, 3, "33.3333%", "3333.3333"),
        (2, 3, "66.6667%", "6666.6667"),
        (1, 7, "14.2857%", "1428.5714"),
        (1, 512, "0.1953125%", "19.53125"),
        (0, 7, "0%", "0"),
        (7, 7, "100%", "10000"),
        (1, 10**9, "0.0000001%", "0.00001"),
        (10**9 - 1, 10**9, "99.9999999%", "9999.99999"),
        (1, 10**9 - 1, "0.0000001%", "0.00001"),
        (10**9 - 2, 10**9 - 1, "99.9999999%", "9999.99999"),
        (123, 1_000_003, "0.0123%", "1.23"),
    ],
)
def test_odds_are_told_exactly_or_closely(
    weight: int, total: int, percent: str, basis_points: str
) -> None:
    assert odds_text(weight, total) == percent
    assert odds_bp_text(weight, total) == basis_points


@property_settings(200)
@given(st.integers(1, 10**9), st.data())
def test_odds_are_never_told_as_never_or_always_when_they_are_not(
    total: int, data: st.DataObject
) -> None:
    weight = data.draw(st.integers(0, total))
    told = Fraction(odds_text(weight, total).removesuffix("%"))
    assert (told == 0) == (weight == 0)
    assert (told == 100) == (weight == total)
    assert abs(told - 100 * odds(weight, total)) <= Fraction(1, 20_000)
    if weight:
        assert abs(told / (100 * odds(weight, total)) - 1) <= Fraction(1, 1_000)


# ------------------------------------------------------------------ the guarantee


def test_a_guarantee_draws_from_the_named_prizes_in_their_own_proportion() -> None:
    kept, total = guaranteed(wheel(1, 100, 1_000, 8_899), {1, 3})
    assert (kept, total) == ([Slot(1, 1), Slot(3, 1_000)], 1_001)
    assert [pick(kept, number) for number in (0, 1, 1_000)] == [1, 3, 3]


@pytest.mark.parametrize("positions", [set(), {9}, {2}])
def test_a_guarantee_of_nothing_is_refused(positions: set[int]) -> None:
    with pytest.raises(BadWeights, match="a guarantee needs a prize"):
        guaranteed(wheel(1, 0, 6), positions)
