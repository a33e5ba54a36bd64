"""Terms that do not fit together are refused when they are saved; those that do survive being spelt."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from marshmallow import ValidationError

from points_mall.coupons.errors import TermsNotAllowed
from points_mall.coupons.spelling import spelt, terms_from_json
from points_mall.coupons.template_file import read_templates
from points_mall.coupons.terms import (
    Audience,
    CouponTerms,
    Kind,
    Limits,
    Policy,
    Restore,
    Scope,
    Stacking,
    check_terms,
)
from points_mall.coupons.validity import Hours, Span, Validity, hours_from
from tests.builders import SHANGHAI, shanghai
from tests.points_mall.discounts.bills import any_terms

from .conftest import MONTH


def made(kind: Kind, **values: Any) -> CouponTerms:
    return CouponTerms(**{"kind": kind, "validity": MONTH, **values})


FULL = made(
    Kind.AMOUNT_OFF,
    validity=Validity(
        Span.DATES,
        date(2026, 11, 1),
        date(2026, 11, 30),
        blackout=(date(2026, 11, 11),),
        weekdays=(1, 2),
        hours=(Hours(660, 840), Hours(1320, 1440)),
    ),
    amount_fen=2000,
    threshold_fen=10000,
    scope=Scope(("A",), ("a",), ("B",), ("b",), ("S1",), ("till",)),
    audience=Audience(2, 30, birthday_month=True),
    limits=Limits(3, 1),
    stacking=Stacking(
        with_others=True, itself=2, with_tier_discount=False, with_offers=False, with_points=False
    ),
    restore=Restore(Policy.BY_SHARE, 7),
    giftable=True,
    points_price=100,
)


def test_terms_survive_being_spelt() -> None:
    assert terms_from_json(spelt(FULL)) == FULL
    assert spelt(made(Kind.CASH, amount_fen=500)) == {
        "kind": "cash",
        "validity": {"span": "days", "days": 30},
        "amount_fen": 500,
    }


@given(any_terms())
def test_any_terms_survive_being_spelt(terms: CouponTerms) -> None:
    assert terms_from_json(spelt(terms)) == terms
    check_terms(terms)


def test_a_file_says_the_same_as_what_is_stored() -> None:
    given_file = {"code": "full", "title_zh": "券", "title_en": "Coupon", "terms": spelt(FULL)}
    (draft,) = read_templates(given_file)
    assert (draft.terms, draft.is_listed) == (FULL, True)


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "red"},
        {"amount_fen": "2000"},
        {"amount_fen": 1.5},
        {"validity": {"span": "days", "days": 30, "hours": ["9-10"]}},
        {"validity": {"span": "weeks"}},
        {"validity": {"span": "dates", "first_on": "2026-02-30", "last_on": "2026-03-01"}},
        {"kind": "money"},
        {"scope": {"channels": ["post"]}},
    ],
)
def test_a_file_of_another_form_is_refused(change: dict[str, Any]) -> None:
    terms = {**spelt(FULL), **change}
    with pytest.raises(ValidationError):
        read_templates({"code": "full", "title_zh": "券", "title_en": "C", "terms": terms})


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        (made(Kind.AMOUNT_OFF, amount_fen=2000, threshold_fen=1999), "more than the bill"),
        (made(Kind.AMOUNT_OFF, threshold_fen=1999), "amount_fen 1 to"),
        (made(Kind.CASH, amount_fen=0), "amount_fen 1 to"),
        (made(Kind.CASH, amount_fen=5, off_bp=5), "has no off_bp"),
        (made(Kind.PERCENT_OFF, off_bp=10000), "the whole bill is no discount"),
        (made(Kind.PERCENT_OFF), "off_bp 1 to 9999"),
        (made(Kind.PERCENT_OFF, off_bp=100, amount_fen=5), "has no amount_fen"),
        (made(Kind.PERCENT_OFF, off_bp=100, most_fen=0), "most_fen is the cap"),
        (made(Kind.CASH, amount_fen=5, most_fen=5), "most_fen is the cap"),
        (made(Kind.CASH, amount_fen=5, units=2), "units"),
        (made(Kind.GIFT_ITEM, threshold_fen=100), "names its gift_sku"),
        (made(Kind.CASH, amount_fen=5, gift_sku="a"), "names its gift_sku"),
        (made(Kind.GIFT_ITEM, gift_sku="a"), "needs a threshold"),
        (made(Kind.EXCHANGE), "names the skus"),
        (made(Kind.FREE_SHIPPING, threshold_fen=-1), "threshold_fen"),
        (made(Kind.FREE_SHIPPING, stacking=Stacking(itself=0)), "itself"),
        (made(Kind.FREE_SHIPPING, limits=Limits(0)), "a limit is at least 1"),
        (made(Kind.FREE_SHIPPING, audience=Audience(-1)), "min_tier_rank"),
        (made(Kind.FREE_SHIPPING, audience=Audience(new_within_days=0)), "new_within_days"),
        (
            made(Kind.FREE_SHIPPING, audience=Audience(named_only=True), giftable=True),
            "neither given away nor sold",
        ),
        (made(Kind.FREE_SHIPPING, points_price=0), "points_price"),
        (made(Kind.FREE_SHIPPING, restore=Restore(Policy.BY_SHARE)), "no sum of money"),
        (made(Kind.FREE_SHIPPING, restore=Restore(Policy.NEVER, 7)), "no life to extend"),
        (made(Kind.FREE_SHIPPING, restore=Restore(extend_days=-1)), "extend_days"),
        (made(Kind.FREE_SHIPPING, hands_out_codes=True, giftable=True), "outside code"),
        (made(Kind.FREE_SHIPPING, validity=Validity(Span.DAYS)), "validity by days"),
        (made(Kind.FREE_SHIPPING, validity=Validity(Span.DATES)), "needs first_on"),
        (
            made(
                Kind.FREE_SHIPPING,
                validity=Validity(Span.DATES, date(2026, 2, 2), date(2026, 2, 1)),
            ),
            "ends before it begins",
        ),
        (
            made(Kind.FREE_SHIPPING, validity=Validity(Span.SAME_DAY, date(2026, 2, 2))),
            "belong to validity by dates",
        ),
        (made(Kind.FREE_SHIPPING, validity=Validity(Span.SAME_DAY, days=1)), "belong to validity"),
        (
            made(Kind.FREE_SHIPPING, validity=Validity(Span.SAME_DAY, weekdays=(0,))),
            "weekdays are",
        ),
        (
            made(Kind.FREE_SHIPPING, validity=Validity(Span.SAME_DAY, weekdays=(1, 1))),
            "named twice",
        ),
        (
            made(Kind.FREE_SHIPPING, validity=Validity(Span.SAME_DAY, hours=(Hours(1440, 5),))),
            "hours begin",
        ),
        (
            made(Kind.FREE_SHIPPING, validity=Validity(Span.SAME_DAY, hours=(Hours(5, 5),))),
            "hours end",
        ),
    ],
)
def test_terms_that_cannot_be(terms: CouponTerms, why: str) -> None:
    with pytest.raises(TermsNotAllowed, match=why):
        check_terms(terms)


@pytest.mark.parametrize(
    ("validity", "begins", "ends"),
    [
        (Validity(Span.SAME_DAY), "2026-11-21 23:59", "2026-11-22 00:00"),
        (Validity(Span.DAYS, days=1), "2026-11-21 23:59", "2026-11-23 00:00"),
        (Validity(Span.DAYS, days=30), "2026-11-21 23:59", "2026-12-22 00:00"),
        (
            Validity(Span.DATES, date(2026, 12, 1), date(2026, 12, 12)),
            "2026-12-01 00:00",
            "2026-12-13 00:00",
        ),
        (
            Validity(Span.DATES, date(2028, 2, 29), date(2028, 2, 29)),
            "2028-02-29 00:00",
            "2028-03-01 00:00",
        ),
    ],
)
def test_a_coupon_ends_at_the_shops_midnight(validity: Validity, begins: str, ends: str) -> None:
    window = validity.window(shanghai("2026-11-21 23:59"), SHANGHAI)
    assert window == (shanghai(begins), shanghai(ends))


def test_midnight_is_the_shops_also_where_the_clock_changes() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    _, ends = Validity(Span.SAME_DAY).window(shanghai("2026-10-25 08:00"), berlin)
    assert ends.isoformat() == "2026-10-26T00:00:00+01:00"


def test_a_template_is_over_when_its_last_day_is() -> None:
    validity = Validity(Span.DATES, date(2026, 11, 1), date(2026, 11, 21))
    assert not validity.is_over(date(2026, 11, 21))
    assert validity.is_over(date(2026, 11, 22))
    assert not MONTH.is_over(date(2030, 1, 1))


@pytest.mark.parametrize("text", ["9:00-10:00", "09:60-10:00", "noon", "09:00", "-", ""])
def test_hours_have_one_form(text: str) -> None:
    with pytest.raises(ValueError, match="no time of the day"):
        hours_from(text)
    assert str(hours_from("22:00-24:00")) == "22:00-24:00"
