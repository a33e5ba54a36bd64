"""A rule promises coupons by their template; what it promised is given."""

from datetime import date, timedelta

import pytest
from flask import Flask

from miniprogram_api.core.db import transaction
from points_mall.coupons.terms import Limits
from points_mall.coupons.validity import Span, Validity
from points_mall.grants.errors import RewardNotAllowed
from points_mall.grants.granting import grant_all
from points_mall.grants.kinds import Grant, check_reward
from points_mall.grants.rewards import Reward

from .conftest import NOON, START, coupons_of, enrol, template

pytestmark = pytest.mark.usefixtures("all_is_right")


def test_granted_once_for_its_cause_whatever_the_limits(app: Flask) -> None:
    template(limits=Limits(per_member=1))
    (member,) = enrol()
    grant = Grant(member, "coupon", 2, START, "draw:1", "five", NOON + timedelta(days=3))
    for _ in range(2):
        with transaction():
            (granted,) = grant_all([grant])
        assert granted.told == {
            "amount": 2,
            "title": "五元券",
            "expires_at": "2026-11-24T12:00:00+08:00",
        }
    rows = coupons_of(member)
    assert [(row.reason, row.reference, row.number) for row in rows] == [
        ("test_gift", "draw:1", 0),
        ("test_gift", "draw:1", 1),
    ]


@pytest.mark.parametrize(
    ("reward", "why"),
    [
        (Reward("coupon", 1), "no coupon template None"),
        (Reward("coupon", 1, "none"), "no coupon template 'none'"),
        (Reward("coupon", 0, "five"), "1 to 20"),
        (Reward("coupon", 21, "five"), "1 to 20"),
        (Reward("coupon", 1, "past"), "is over"),
    ],
)
def test_a_rule_cannot_promise_a_coupon_that_is_not(app: Flask, reward: Reward, why: str) -> None:
    template()
    template("past", validity=Validity(Span.DATES, date(2026, 1, 1), date(2026, 1, 2)))
    check_reward(Reward("coupon", 20, "five"))
    with pytest.raises(RewardNotAllowed, match=why):
        check_reward(reward)
