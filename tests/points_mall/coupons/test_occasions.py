"""Welcome and birthday gifts: a rule in the database, given once to each."""

from datetime import date

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import transaction
from miniprogram_api.jobs.models import Job
from points_mall.coupons import occasions, tier_gifts
from points_mall.coupons.errors import OccasionRuleNotAllowed
from points_mall.coupons.models import OccasionRule
from points_mall.grants.errors import RewardNotAllowed
from points_mall.grants.rewards import Reward
from points_mall.tiers.steps import Benefits
from tests.builders import shanghai

from .conftest import balance, count, coupons_of, enrol, template

pytestmark = pytest.mark.usefixtures("all_is_right")


def rule(occasion: str, *rewards: Reward) -> None:
    occasions.publish(occasion, rewards, actor="test")


def test_a_newcomer_gets_what_newcomers_get_once(app: Flask) -> None:
    template()
    rule("welcome", Reward("coupon", 2, "five", 7), Reward("points", 50))
    (member,) = enrol()
    with transaction():
        occasions.welcome(member_id=member, joined_at=None)
        occasions.welcome(member_id=member, joined_at=None)
    assert count(Job) == 1
    assert occasions.give_welcome(member) == 2
    occasions.give_welcome(member)
    assert [row.valid_until for row in coupons_of(member)] == [shanghai("2026-11-29 00:00")] * 2
    assert balance(member) == 50


def test_without_a_rule_nothing_is_written(app: Flask) -> None:
    (member,) = enrol()
    with transaction():
        occasions.welcome(member_id=member)
    assert count(Job) == 0
    template()
    rule("welcome", Reward("coupon", 1, "five"))
    rule("welcome")
    with transaction():
        occasions.welcome(member_id=member)
    assert (count(Job), count(OccasionRule)) == (0, 2)


def test_birthday_gifts_come_once_a_year(app: Flask) -> None:
    template()
    rule("birthday", Reward("coupon", 1, "five"))
    (today,) = enrol(birthday=date(1990, 11, 21))
    (other,) = enrol(birthday=date(1990, 11, 22))
    (unknown,) = enrol()
    assert occasions.give_birthday_gifts() == 1
    occasions.give_birthday_gifts()
    assert [len(coupons_of(one)) for one in (today, other, unknown)] == [1, 0, 0]
    clock.set(shanghai("2027-11-21 00:10"))
    occasions.give_birthday_gifts()
    assert [row.reference for row in coupons_of(today)] == ["birthday:2026", "birthday:2027"]


@pytest.mark.parametrize(
    ("now", "given"),
    [
        ("2027-02-28 12:00", 0),
        ("2027-03-01 12:00", 1),
        ("2028-02-28 12:00", 0),
        ("2028-02-29 12:00", 1),
        ("2028-03-01 12:00", 0),
        ("2100-03-01 12:00", 1),
    ],
)
def test_who_was_born_on_29_february(app: Flask, now: str, given: int) -> None:
    clock.set(shanghai(now))
    template()
    rule("birthday", Reward("coupon", 1, "five"))
    (leapling,) = enrol(birthday=date(2004, 2, 29))
    occasions.give_birthday_gifts()
    assert len(coupons_of(leapling)) == given


def test_somebody_born_on_1_march_gets_one_gift(app: Flask) -> None:
    clock.set(shanghai("2027-03-01 12:00"))
    template()
    rule("birthday", Reward("coupon", 1, "five"))
    (member,) = enrol(birthday=date(2000, 3, 1))
    assert occasions.give_birthday_gifts() == 1
    assert len(coupons_of(member)) == 1


def test_who_has_closed_the_account_gets_nothing(app: Flask) -> None:
    template()
    rule("welcome", Reward("coupon", 1, "five"))
    (gone,) = enrol(closed_at=shanghai("2026-11-20 12:00"))
    assert occasions.give_welcome(gone) == 0
    assert coupons_of(gone) == []


@pytest.mark.parametrize(
    ("occasion", "rewards"),
    [
        ("easter", [Reward("points", 5)]),
        ("welcome", [Reward("points", 5), Reward("points", 6)]),
    ],
)
def test_rules_that_cannot_be(app: Flask, occasion: str, rewards: list[Reward]) -> None:
    with pytest.raises(OccasionRuleNotAllowed):
        rule(occasion, *rewards)
    with pytest.raises(RewardNotAllowed):
        rule("welcome", Reward("coupon", 1, "none"))
    assert count(OccasionRule) == 0


def test_what_a_tier_has_each_month_and_for_the_birthday(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    template()
    template("cake")
    one, two = enrol(2, birthday=date(1990, 11, 21))
    by_member = {
        one: Benefits(birthday_gift="cake", monthly_coupon="five"),
        two: Benefits(birthday_gift="a title that is no template"),
    }
    monkeypatch.setattr(tier_gifts, "benefits_of", lambda ids: {at: by_member[at] for at in ids})
    assert (tier_gifts.give_monthly_coupons(), tier_gifts.give_monthly_coupons()) == (1, 0)
    occasions.give_birthday_gifts()
    clock.set(shanghai("2026-12-01 00:30"))
    assert tier_gifts.give_monthly_coupons() == 1
    assert [row.reference for row in coupons_of(one)] == [
        "monthly:2026-11", "birthday:2026", "monthly:2026-12",
    ]  # fmt: skip
    assert coupons_of(two) == []
