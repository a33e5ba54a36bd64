"""What a purchase earns under a rule, step by step: by example, and whatever the numbers."""

from datetime import date
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points_mall.earning.facts import BoughtLine, Earned, Occasion
from points_mall.earning.rules import Used, judge, round_points
from points_mall.earning.terms import (
    ADD,
    BEST,
    CAP,
    CEIL,
    FLOOR,
    HALF_UP,
    REJECT,
    Campaign,
    Cap,
    Caps,
    Cashback,
    Rate,
    Terms,
)
from points_mall.earning.usage import Usage
from tests.campaign import property_settings

from .conftest import SATURDAY, bought, terms

SUNDAY = date(2026, 11, 22)
DOUBLE = Campaign("double", "双倍", 20_000)
HALF_MORE = Campaign("half_more", "多一半", 15_000)


def earned(
    rule: Terms, occasion: Occasion, day: date = SATURDAY, used: Used | None = None
) -> Earned:
    return judge(rule, 3, occasion, day, used or Used())


def points(rule: Terms, occasion: Occasion, day: date = SATURDAY, **used: int) -> int:
    return earned(rule, occasion, day, Used(**used)).points


def outcome(rule: Terms, occasion: Occasion, **used: int) -> tuple[int, str]:
    answer = earned(rule, occasion, used=Used(**used))
    return answer.points, answer.explanation["outcome"]


# ------------------------------------------------------------------ rates and rounding


def test_a_point_a_yuan_is_rounded_down() -> None:
    assert [points(terms(), bought(fen)) for fen in (0, 99, 100, 199, 2190)] == [0, 0, 1, 1, 21]


@pytest.mark.parametrize(
    ("rounding", "expected"), [(FLOOR, [0, 0, 1, 1]), (HALF_UP, [0, 1, 1, 2]), (CEIL, [1, 1, 1, 2])]
)
def test_points_are_rounded_as_the_rule_names_it(rounding: str, expected: list[int]) -> None:
    rule = terms(rounding=rounding)
    assert [points(rule, bought(fen)) for fen in (49, 50, 100, 150)] == expected


def test_only_the_sum_of_the_lines_is_rounded_and_shared_out_to_them() -> None:
    answer = earned(terms(), bought(150, 150, 99))
    assert answer.points == 3
    assert [line["points"] for line in answer.explanation["lines"]] == [1, 1, 1]
    assert answer.explanation["exact"] == "399/100"


def test_a_rate_is_a_fraction_that_loses_nothing() -> None:
    a_third = terms(Rate(1, 3), rates={"tea": Rate(1, 7)})
    lines = (
        BoughtLine("food", 1),
        BoughtLine("food", 1),
        BoughtLine("food", 1),
        BoughtLine("tea", 7),
    )
    assert points(a_third, bought(lines=lines)) == 2


def test_the_tier_multiplies_what_is_not_yet_rounded() -> None:
    assert points(terms(), bought(1050, multiplier_bp=12_000)) == 12  # 12.6, and not 10 x 1.2


# ------------------------------------------------------------------ what earns


def test_categories_have_rates_of_their_own_or_earn_nothing() -> None:
    rule = terms(rates={"dining": Rate(2, 100)}, excluded=("gift_card",))
    lines = (BoughtLine("dining", 1000), BoughtLine("gift_card", 9900), BoughtLine("food", 500))
    answer = earned(rule, bought(lines=lines))
    assert answer.points == 25
    assert [line["points"] for line in answer.explanation["lines"]] == [20, 0, 5]
    assert answer.explanation["eligible_fen"] == 1500


def test_money_paid_into_the_wallet_never_earns() -> None:
    assert outcome(terms(), bought(100_000, category="top_up")) == (0, "nothing_earns")


def test_the_money_half_of_a_redemption_earns_only_where_the_rule_says_so() -> None:
    paid = bought(1000, category="redemption")
    assert outcome(terms(), paid) == (0, "nothing_earns")
    assert outcome(terms(rates={"redemption": Rate(1, 200)}), paid) == (5, "earned")


def test_the_minimum_counts_what_earns_and_not_the_rest() -> None:
    rule = terms(minimum_fen=1000, excluded=("gift_card",))
    with_card = (BoughtLine("food", 999), BoughtLine("gift_card", 5000))
    assert outcome(rule, bought(lines=with_card)) == (0, "below_minimum")
    assert outcome(rule, bought(1000)) == (10, "earned")


def test_a_purchase_too_small_for_a_point_says_so() -> None:
    assert outcome(terms(), bought(99)) == (0, "rounded_away")


def test_a_purchase_paid_in_points_alone_earns_nothing() -> None:
    assert outcome(terms(), bought()) == (0, "nothing_earns")
    assert outcome(terms(rounding=CEIL), bought(0)) == (0, "nothing_earns")


def test_a_line_cannot_be_worth_less_than_nothing() -> None:
    with pytest.raises(ValueError, match="-1 fen"):
        BoughtLine("food", -1)


# ------------------------------------------------------------------ campaigns


@pytest.mark.parametrize(
    ("conditions", "day", "facts", "expected"),
    [
        ({}, SATURDAY, {}, 20),
        ({"from_on": SUNDAY}, SATURDAY, {}, 10),
        ({"from_on": SUNDAY}, SUNDAY, {}, 20),
        ({"until_on": SATURDAY}, SATURDAY, {}, 20),
        ({"until_on": SATURDAY}, SUNDAY, {}, 10),
        ({"weekdays": (6,)}, SATURDAY, {}, 20),
        ({"weekdays": (6,)}, SUNDAY, {}, 10),
        ({"days_of_month": (18, 22)}, SUNDAY, {}, 20),
        ({"days_of_month": (18, 22)}, SATURDAY, {}, 10),
        ({"birthday_month": True}, SATURDAY, {"birthday": date(1990, 11, 2)}, 20),
        ({"birthday_month": True}, SATURDAY, {"birthday": date(1990, 12, 21)}, 10),
        ({"birthday_month": True}, SATURDAY, {}, 10),
        ({"first_purchase": True}, SATURDAY, {"is_first": True}, 20),
        ({"first_purchase": True}, SATURDAY, {}, 10),
        ({"categories": ("food",)}, SATURDAY, {}, 20),
        ({"categories": ("dining",)}, SATURDAY, {}, 10),
        ({"weekdays": (6,), "first_purchase": True}, SATURDAY, {}, 10),
    ],
)
def test_a_campaign_counts_when_all_of_its_conditions_hold(
    conditions: dict[str, Any], day: date, facts: dict[str, Any], expected: int
) -> None:
    rule = terms(campaigns=(Campaign("c", "活动", 20_000, **conditions),))
    assert points(rule, bought(1000, **facts), day) == expected


@pytest.mark.parametrize(("combine", "expected"), [(BEST, 20), (ADD, 25)])
def test_campaigns_combine_as_the_rule_declares_it(combine: str, expected: int) -> None:
    rule = terms(campaigns=(HALF_MORE, DOUBLE), campaigns_combine=combine)
    assert points(rule, bought(1000)) == expected


def test_the_explanation_names_the_campaigns_that_counted() -> None:
    best = earned(terms(campaigns=(HALF_MORE, DOUBLE)), bought(1000))
    both = earned(terms(campaigns=(HALF_MORE, DOUBLE), campaigns_combine=ADD), bought(1000))
    assert best.explanation["lines"][0]["campaigns"] == ["double"]
    assert both.explanation["lines"][0]["campaigns"] == ["half_more", "double"]


def test_a_category_campaign_multiplies_its_own_lines_alone() -> None:
    rule = terms(campaigns=(Campaign("tea", "茶饮三倍", 30_000, categories=("tea",)),))
    answer = earned(rule, bought(lines=(BoughtLine("tea", 1000), BoughtLine("food", 1000))))
    assert [line["points"] for line in answer.explanation["lines"]] == [30, 10]


def test_campaigns_and_the_tier_multiply_each_other() -> None:
    assert points(terms(campaigns=(DOUBLE,)), bought(1000, multiplier_bp=15_000)) == 30


# ------------------------------------------------------------------ caps


@pytest.mark.parametrize(
    ("caps", "used", "expected"),
    [
        (Caps(purchase=Cap(30)), {}, (30, "capped")),
        (Caps(purchase=Cap(50)), {}, (50, "earned")),
        (Caps(purchase=Cap(30, REJECT)), {}, (0, "rejected")),
        (Caps(day=Cap(100)), {"day": 60, "month": 60}, (40, "capped")),
        (Caps(day=Cap(100)), {"day": 100, "month": 100}, (0, "capped")),
        (Caps(day=Cap(100)), {"day": 120, "month": 120}, (0, "capped")),
        (Caps(day=Cap(100, REJECT)), {"day": 60, "month": 60}, (0, "rejected")),
        (Caps(day=Cap(100, REJECT)), {"day": 50, "month": 50}, (50, "earned")),
        (Caps(month=Cap(1000)), {"day": 0, "month": 990}, (10, "capped")),
        (Caps(month=Cap(1000, REJECT)), {"day": 0, "month": 990}, (0, "rejected")),
        (Caps(Cap(40), Cap(100), Cap(1000)), {"day": 70, "month": 980}, (20, "capped")),
        (Caps(Cap(40), Cap(100, REJECT)), {"day": 60, "month": 60}, (40, "capped")),
    ],
)
def test_caps_give_what_is_left_or_reject(
    caps: Caps, used: dict[str, int], expected: tuple[int, str]
) -> None:
    assert outcome(terms(caps=caps), bought(5000), **used) == expected


def test_the_explanation_tells_which_caps_took_points() -> None:
    rule = terms(caps=Caps(Cap(40), Cap(100), Cap(1000)))
    answer = earned(rule, bought(5000), used=Used(day=70, month=980))
    assert answer.explanation["caps"] == [
        {"period": "purchase", "most": 40, "used": 0, "then": "cap", "asked": 50},
        {"period": "day", "most": 100, "used": 70, "then": "cap", "asked": 40},
        {"period": "month", "most": 1000, "used": 980, "then": "cap", "asked": 30},
    ]


# ------------------------------------------------------------------ cashback


@pytest.mark.parametrize(("fen", "expected"), [(0, 0), (199, 1), (10_000, 100), (90_000, 500)])
def test_cashback_is_a_part_of_what_earns_and_has_a_most(fen: int, expected: int) -> None:
    rule = terms(cashback=Cashback(rate_bp=100, most_fen=500))
    assert earned(rule, bought(fen)).cashback_fen == expected


def test_nothing_comes_back_below_the_minimum_nor_for_what_does_not_earn() -> None:
    rule = terms(minimum_fen=1000, excluded=("gift_card",), cashback=Cashback(100, 500))
    assert earned(rule, bought(999)).cashback_fen == 0
    lines = (BoughtLine("food", 2000), BoughtLine("gift_card", 90_000))
    assert earned(rule, bought(lines=lines)).cashback_fen == 20


def test_caps_are_of_points_and_leave_the_cashback() -> None:
    rule = terms(caps=Caps(purchase=Cap(1, REJECT)), cashback=Cashback(100, 500))
    answer = earned(rule, bought(5000))
    assert (answer.points, answer.cashback_fen) == (0, 50)


# ------------------------------------------------------------------ the explanation


def test_every_step_is_told() -> None:
    rule = terms(
        minimum_fen=100,
        rates={"dining": Rate(2, 100)},
        campaigns=(DOUBLE,),
        caps=Caps(day=Cap(100)),
        cashback=Cashback(100, 500),
    )
    lines = (BoughtLine("dining", 1990), BoughtLine("top_up", 5000))
    facts: dict[str, Any] = {
        "multiplier_bp": 12_000,
        "birthday": date(1990, 11, 3),
        "is_first": True,
    }
    assert earned(rule, bought(lines=lines, **facts), used=Used(20, 500)) == Earned(
        80,
        19,
        3,
        {
            "rule": "earning",
            "source": "till",
            "day": "2026-11-21",
            "tier_multiplier_bp": 12_000,
            "is_first": True,
            "is_birthday_month": True,
            "version": 3,
            "outcome": "capped",
            "lines": [
                {
                    "category": "dining",
                    "amount_fen": 1990,
                    "rate": {"points": 2, "per_fen": 100},
                    "campaigns": ["double"],
                    "multiplier_bp": 20_000,
                    "points": 80,
                },
                {
                    "category": "top_up",
                    "amount_fen": 5000,
                    "rate": None,
                    "campaigns": [],
                    "multiplier_bp": 10_000,
                    "points": 0,
                },
            ],
            "eligible_fen": 1990,
            "minimum_fen": 100,
            "exact": "2388/25",
            "rounding": "floor",
            "rounded": 95,
            "caps": [{"period": "day", "most": 100, "used": 20, "then": "cap", "asked": 95}],
            "points": 80,
            "cashback": {"rate_bp": 100, "most_fen": 500, "fen": 19},
        },
    )


# ------------------------------------------------------------------ whatever the numbers

CATEGORIES = ("food", "dining", "jewellery", "gift_card", "top_up")
RATES = st.builds(Rate, st.integers(0, 50), st.integers(1, 1000))
CAMPAIGNS = st.lists(
    st.builds(
        Campaign,
        st.uuids().map(str),
        st.just("活动"),
        st.integers(10_000, 100_000),
        weekdays=st.sampled_from([(), (6,), (7,)]),
        first_purchase=st.booleans(),
        categories=st.sampled_from([(), ("food",), ("dining", "jewellery")]),
    ),
    max_size=3,
).map(tuple)


@st.composite
def some_terms(draw: st.DrawFn, caps: Caps | None = None) -> Terms:
    return Terms(
        draw(RATES),
        rounding=draw(st.sampled_from([FLOOR, HALF_UP, CEIL])),
        minimum_fen=draw(st.sampled_from([0, 100, 5000])),
        rates={"dining": draw(RATES), "jewellery": draw(RATES)},
        excluded=("gift_card",),
        campaigns=draw(CAMPAIGNS),
        campaigns_combine=draw(st.sampled_from([BEST, ADD])),
        caps=caps or Caps(),
    )


LINES = st.lists(
    st.builds(BoughtLine, st.sampled_from(CATEGORIES), st.integers(0, 1_000_000)), max_size=5
).map(tuple)
OCCASIONS = st.builds(
    bought, lines=LINES, multiplier_bp=st.integers(10_000, 50_000), is_first=st.booleans()
)
ROUND = {FLOOR: floor, HALF_UP: lambda exact: floor(exact + Fraction(1, 2)), CEIL: ceil}


def by_fractions(rule: Terms, occasion: Occasion) -> int:
    """The same by the definition, with Python's fractions; caps aside."""
    exact, eligible_fen = Fraction(0), 0
    for line in occasion.lines:
        if line.category in ("gift_card", "top_up"):
            continue
        rate = rule.rates.get(line.category, rule.rate)
        factors = [
            Fraction(one.multiplier_bp, 10_000)
            for one in rule.campaigns
            if one.weekdays in ((), (6,))
            and (occasion.is_first or not one.first_purchase)
            and (not one.categories or line.category in one.categories)
        ]
        best = max(factors, default=Fraction(1))
        added = 1 + sum((factor - 1 for factor in factors), Fraction(0))
        times = best if rule.campaigns_combine == BEST else added
        tier = Fraction(occasion.multiplier_bp, 10_000)
        exact += Fraction(line.amount_fen * rate.points, rate.per_fen) * tier * times
        eligible_fen += line.amount_fen
    return 0 if eligible_fen < rule.minimum_fen else int(ROUND[rule.rounding](exact))


@property_settings(300)
@given(some_terms(), OCCASIONS)
def test_points_are_those_of_exact_fractions(rule: Terms, occasion: Occasion) -> None:
    assert points(rule, occasion) == by_fractions(rule, occasion)


@property_settings(200)
@given(some_terms(Caps(purchase=Cap(1000))), OCCASIONS)
def test_the_shares_of_the_lines_add_up_to_the_points(rule: Terms, occasion: Occasion) -> None:
    answer = earned(rule, occasion)
    shares = [line["points"] for line in answer.explanation["lines"]]
    assert sum(shares) == answer.points
    for line, share in zip(answer.explanation["lines"], shares, strict=True):
        assert share == 0 or (share > 0 and line["rate"]["points"] > 0)


@property_settings(200)
@given(some_terms(Caps(purchase=Cap(1000), day=Cap(1500))), OCCASIONS, st.integers(0, 10_000))
def test_who_pays_more_never_earns_less(rule: Terms, occasion: Occasion, more_fen: int) -> None:
    more = bought(
        lines=(*occasion.lines, BoughtLine("food", more_fen)),
        multiplier_bp=occasion.multiplier_bp,
        is_first=occasion.is_first,
    )
    assert points(rule, more) >= points(rule, occasion)


@st.composite
def some_purchases(draw: st.DrawFn) -> list[tuple[Occasion, date]]:
    days = [date(2026, 11, 29), date(2026, 11, 30), date(2026, 12, 1)]
    purchases = draw(
        st.lists(st.tuples(st.integers(0, 90_000), st.sampled_from(days)), max_size=12)
    )
    return [(bought(fen), day) for fen, day in purchases]


@property_settings(200)
@given(some_purchases(), st.sampled_from([CAP, REJECT]), st.sampled_from([CAP, REJECT]), st.data())
def test_caps_are_never_exceeded_in_any_order(
    purchases: list[tuple[Occasion, date]], by_day: str, by_month: str, data: st.DataObject
) -> None:
    rule = terms(caps=Caps(Cap(500), Cap(800, by_day), Cap(1000, by_month)))
    usage = Usage()
    for occasion, day in data.draw(st.permutations(purchases)):
        answer = judge(rule, 1, occasion, day, usage.before(1, day))
        assert 0 <= answer.points <= 500
        usage.add(1, day, answer.points)
    for _, day in purchases:
        used = usage.before(1, day)
        assert used.day <= 800
        assert used.month <= 1000


@property_settings(200)
@given(st.integers(0, 10**12), st.integers(1, 10**9))
def test_roundings_are_those_of_fractions(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    for rounding, expected in ROUND.items():
        assert round_points(numerator, denominator, rounding) == expected(exact)
