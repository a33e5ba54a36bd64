"""Points for a coupon: one transaction, once."""

from datetime import date

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from points_mall.coupons.errors import CouponLimitUsed, NoSuchTemplate, NotForYou
from points_mall.coupons.exchanging import exchange, exchangeable
from points_mall.coupons.models import Coupon
from points_mall.coupons.templates import Draft, publish
from points_mall.coupons.terms import Audience, CouponTerms, Kind, Limits
from points_mall.coupons.validity import Span, Validity
from points_mall.ledger.errors import InsufficientPoints
from points_mall.tiers.services import set_tier
from tests.builders import shanghai

from .conftest import MONTH, balance, count, coupons_of, enrol, template

pytestmark = pytest.mark.usefixtures("all_is_right")


def test_points_become_a_coupon_once(app: Flask) -> None:
    (member,) = enrol(points=100)
    template(points_price=60)
    done = exchange(member, "five", "exchange:1")
    assert (done.points_available, balance(member)) == (40, 40)
    again = exchange(member, "five", "exchange:1")
    assert (again.issued.codes, again.points_available) == (done.issued.codes, 40)
    (row,) = coupons_of(member)
    assert (row.code, row.reason, row.reference) == (done.issued.codes[0], "points", "exchange:1")


def test_too_few_points_buy_nothing(app: Flask) -> None:
    (member,) = enrol(points=59)
    template(points_price=60)
    with pytest.raises(InsufficientPoints) as refused:
        exchange(member, "five", "exchange:1")
    assert refused.value.numbers == {"required": 60, "available": 59}
    assert (balance(member), count(Coupon)) == (59, 0)


def test_what_is_not_offered_is_not_sold(app: Flask) -> None:
    (member,) = enrol(points=100)
    template("free")
    over = Validity(Span.DATES, date(2026, 11, 1), date(2026, 11, 20))
    template("past", validity=over, points_price=10)
    hidden = CouponTerms(Kind.CASH, MONTH, amount_fen=500, points_price=10)
    publish(Draft("hidden", "券", "Coupon", hidden, is_listed=False), actor="test")
    template("here", points_price=10)
    assert [one.code for one in exchangeable()] == ["here"]
    for code in ("free", "past", "hidden", "none"):
        with pytest.raises(NoSuchTemplate):
            exchange(member, code, f"exchange:{code}")
    assert (balance(member), count(Coupon)) == (100, 0)


def test_limits_and_audience_count(app: Flask) -> None:
    (member,) = enrol(points=100)
    template("once", points_price=10, limits=Limits(per_member=1))
    template("gold", points_price=10, audience=Audience(min_tier_rank=1))
    exchange(member, "once", "exchange:1")
    with pytest.raises(CouponLimitUsed):
        exchange(member, "once", "exchange:2")
    with pytest.raises(NotForYou) as refused:
        exchange(member, "gold", "exchange:3")
    assert refused.value.numbers == {"audience": "tier"}
    assert (balance(member), len(coupons_of(member))) == (90, 1)
    set_tier(member, "gold")
    exchange(member, "gold", "exchange:3")
    assert balance(member) == 80


def test_newcomers_and_birthdays(app: Flask) -> None:
    clock.set(shanghai("2026-02-10 10:00"))
    (leapling,) = enrol(points=100, birthday=date(2004, 2, 29))
    (unknown,) = enrol(points=100)
    template("fresh", points_price=10, audience=Audience(new_within_days=2))
    template("bday", points_price=10, audience=Audience(birthday_month=True))
    exchange(leapling, "bday", "exchange:1")
    with pytest.raises(NotForYou) as refused:
        exchange(unknown, "bday", "exchange:1")
    assert refused.value.numbers == {"audience": "birthday"}
    clock.set(shanghai("2026-02-11 23:59"))
    exchange(unknown, "fresh", "exchange:2")
    clock.set(shanghai("2026-02-12 00:00"))
    with pytest.raises(NotForYou):
        exchange(unknown, "fresh", "exchange:3")
    clock.set(shanghai("2026-03-01 00:00"))
    with pytest.raises(NotForYou):
        exchange(leapling, "bday", "exchange:2")
    assert (balance(leapling), balance(unknown)) == (90, 90)
