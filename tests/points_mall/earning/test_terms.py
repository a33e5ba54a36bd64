"""What a rule may say, and what its file may hold."""

import json
from datetime import date
from typing import Any

import pytest
from marshmallow import ValidationError

from points_mall.earning.errors import EarningRuleNotAllowed
from points_mall.earning.example import EXAMPLE
from points_mall.earning.rule_file import read
from points_mall.earning.terms import (
    MOST_CAMPAIGNS,
    Campaign,
    Cap,
    Caps,
    Cashback,
    Rate,
    Terms,
    check_terms,
    terms_from_json,
)

from .conftest import terms

RATE = {"rate": {"points": 1, "per_fen": 100}}
DOUBLE = Campaign("double", "双倍", 20_000)


def campaign(**facts: Any) -> Terms:
    return terms(campaigns=(Campaign(**{"code": "c", "title": "活动", **facts}),))


def test_the_example_fits_together_and_survives_being_spelt() -> None:
    check_terms(EXAMPLE)
    spelt = json.loads(json.dumps(EXAMPLE.as_json()))
    assert terms_from_json(spelt) == EXAMPLE
    assert read(spelt) == EXAMPLE


def test_a_file_needs_no_more_than_a_rate() -> None:
    assert read(RATE) == Terms(Rate(1, 100))


def test_the_days_of_a_campaign_survive_being_spelt() -> None:
    rule = campaign(multiplier_bp=20_000, from_on=date(2026, 12, 1), until_on=date(2026, 12, 12))
    assert read(json.loads(json.dumps(rule.as_json()))) == rule


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (terms(Rate(-1, 100)), "0 points or more"),
        (terms(Rate(1, 0)), "for 1 to 100000000 fen"),
        (terms(Rate(101, 1)), "at most 100 points a fen"),
        (terms(rates={"dining": Rate(1, 0)}), "for 1 to 100000000 fen"),
        (terms(rates={"top_up": Rate(1, 100)}), "never earns"),
        (terms(rates={"tea": Rate(1, 100)}, excluded=("tea",)), "tea has a rate and is excluded"),
        (terms(rounding="banker"), "rounded by one of floor, half_up, ceil"),
        (terms(campaigns_combine="multiply"), "combine by one of best, add"),
        (terms(minimum_fen=-1), "minimum is 0 fen or more"),
        (terms(campaigns=(DOUBLE, DOUBLE)), "named twice"),
        (terms(campaigns=(DOUBLE,) * (MOST_CAMPAIGNS + 1)), "at most 50 campaigns"),
        (campaign(multiplier_bp=9_999), "multiplies by 1 to 100"),
        (campaign(multiplier_bp=1_000_001), "multiplies by 1 to 100"),
        (
            campaign(multiplier_bp=20_000, from_on=date(2026, 12, 2), until_on=date(2026, 12, 1)),
            "ends before it begins",
        ),
        (campaign(multiplier_bp=20_000, weekdays=(0,)), r"1 \(Monday\) to 7"),
        (campaign(multiplier_bp=20_000, days_of_month=(32,)), "1 to 31"),
        (terms(caps=Caps(day=Cap(0))), "the cap per day is 1 to"),
        (terms(caps=Caps(month=Cap(5, "ignore"))), "beyond the cap per month, one of cap, reject"),
        (terms(cashback=Cashback(0, 100)), "cashback is 1 to 10000"),
        (terms(cashback=Cashback(10_001, 100)), "cashback is 1 to 10000"),
        (terms(cashback=Cashback(100, 0)), "at most 1 fen or more"),
    ],
)
def test_a_rule_that_does_not_fit_together_is_refused(rule: Terms, why: str) -> None:
    with pytest.raises(EarningRuleNotAllowed, match=why):
        check_terms(rule)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"rate": {"points": 1}}, "per_fen"),
        ({"rate": {"points": 1.5, "per_fen": 100}}, "points"),
        ({"rate": {"points": 1, "per_fen": 0}}, "per_fen"),
        ({**RATE, "rates": {"tea": {"points": -1, "per_fen": 100}}}, "tea"),
        ({**RATE, "minimum_fen": -1}, "minimum_fen"),
        ({**RATE, "minimum_fen": 10**11}, "minimum_fen"),
        ({**RATE, "rounding": "up"}, "rounding"),
        ({**RATE, "campaigns_combine": "multiply"}, "campaigns_combine"),
        ({**RATE, "campaigns": [{"code": "c", "title": "c"}]}, "multiplier_bp"),
        ({**RATE, "campaigns": [{"code": "C!", "title": "c", "multiplier_bp": 20000}]}, "code"),
        ({**RATE, "caps": {"week": {"points": 5}}}, "week"),
        ({**RATE, "caps": {"day": {"points": 5, "then": "ignore"}}}, "then"),
        ({**RATE, "cashback": {"rate_bp": 100}}, "most_fen"),
        ({**RATE, "currency": "USD"}, "currency"),
        ([], "_schema"),
    ],
)
def test_a_file_names_the_field_that_is_wrong(wrong: Any, field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        read(wrong)
