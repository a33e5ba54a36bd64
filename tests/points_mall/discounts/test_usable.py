"""Why a coupon is not taken: a stable code for each case."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from points_mall.coupons.states import State
from points_mall.coupons.terms import Kind, Scope
from points_mall.coupons.validity import Hours, Span, Validity
from points_mall.discounts.bill import Bill, BillLine, all_of
from points_mall.discounts.reasons import WORDS, Reason
from points_mall.discounts.usable import usable
from tests.builders import SHANGHAI

from .bills import SATURDAY, bill, cash, held, terms


def reason(coupon: Any, a_bill: Bill) -> Reason | None:
    return usable(coupon, a_bill, all_of(a_bill))


def code(coupon: Any, a_bill: Bill) -> str | None:
    found = reason(coupon, a_bill)
    assert found is None or found.code in WORDS
    return None if found is None else found.code


def test_a_coupon_in_order_is_taken() -> None:
    assert reason(cash(100), bill(1000)) is None


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.USED, "used"),
        (State.LOCKED, "locked"),
        (State.VOID, "void"),
        (State.EXPIRED, "expired"),
    ],
)
def test_only_an_unused_coupon_is_taken(state: State, expected: str) -> None:
    made = terms(Kind.CASH, amount_fen=100)
    assert code(held(made, state=state), bill(1000)) == expected


def test_it_ends_at_the_shops_midnight_to_the_second() -> None:
    midnight = datetime(2026, 11, 22, 0, 0, tzinfo=SHANGHAI)
    coupon = held(terms(Kind.CASH, amount_fen=100), valid_until=midnight)
    assert code(coupon, bill(1000, at=midnight - timedelta(microseconds=1))) is None
    assert code(coupon, bill(1000, at=midnight)) == "expired"


def test_before_it_begins() -> None:
    later = SATURDAY + timedelta(seconds=1)
    coupon = held(terms(Kind.CASH, amount_fen=100), valid_from=later)
    assert code(coupon, bill(1000)) == "not_yet_valid"
    assert code(coupon, bill(1000, at=later)) is None


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"blackout": (date(2026, 11, 21),)}, "blackout_day"),
        ({"blackout": (date(2026, 11, 22),)}, None),
        ({"weekdays": (1, 2, 3, 4, 5)}, "wrong_weekday"),
        ({"weekdays": (6,)}, None),
        ({"hours": (Hours(11 * 60, 12 * 60),)}, "wrong_hour"),  # it is 12:00
        ({"hours": (Hours(12 * 60, 13 * 60),)}, None),
        ({"hours": (Hours(22 * 60, 2 * 60),)}, "wrong_hour"),
        ({"hours": (Hours(22 * 60, 2 * 60), Hours(720, 721))}, None),
    ],
)
def test_days_and_hours(limits: dict[str, Any], expected: str | None) -> None:
    validity = Validity(Span.DAYS, days=30, **limits)
    made = terms(Kind.CASH, amount_fen=100, validity=validity)
    assert code(held(made), bill(1000)) == expected


def test_hours_over_midnight() -> None:
    night = Hours(22 * 60, 2 * 60)
    assert [night.include(minute) for minute in (1319, 1320, 1439, 0, 119, 120)] == [
        False, True, True, True, True, False,
    ]  # fmt: skip


def test_stores_and_channels() -> None:
    scope = Scope(stores=("S1",), channels=("till",))
    coupon = held(terms(Kind.CASH, amount_fen=100, scope=scope))
    assert code(coupon, bill(1000, store="S1")) is None
    assert code(coupon, bill(1000, store="S2")) == "wrong_store"
    assert code(coupon, bill(1000)) == "wrong_store"
    assert code(coupon, bill(1000, store="S1", channel="wechat_pay")) == "wrong_channel"


def test_goods() -> None:
    assert code(cash(100, scope=Scope(skus=("z",))), bill(1000)) == "nothing_in_scope"
    assert code(cash(100), bill(0)) == "nothing_left"
    assert code(held(terms(Kind.FREE_SHIPPING)), bill(1000)) == "no_shipping"
    assert code(held(terms(Kind.FREE_SHIPPING)), bill(1000, shipping_fen=1)) is None
    gift = held(terms(Kind.GIFT_ITEM, gift_sku="z", threshold_fen=1))
    assert code(gift, bill(1000)) == "gift_not_on_bill"


def test_a_threshold_says_how_much_is_missing() -> None:
    coupon = held(terms(Kind.AMOUNT_OFF, amount_fen=100, threshold_fen=1500))
    assert reason(coupon, bill(1000)) == Reason("threshold_not_met", {"missing_fen": 500})


def test_a_reason_speaks_both_languages() -> None:
    one = Reason("threshold_not_met", {"missing_fen": 500})
    assert (one.sentence("zh"), one.sentence("en")) == (
        "未达到使用门槛",
        "The threshold is not met",
    )
    assert one.as_json() == {"code": "threshold_not_met", "missing_fen": 500}


def test_a_bill_says_which_instant_it_means_and_has_nothing_below_nothing() -> None:
    with pytest.raises(TypeError, match="naive"):
        bill(1000, at=datetime(2026, 11, 21, 12, 0))  # noqa: DTZ001 - that is the point
    with pytest.raises(ValueError, match="below nothing"):
        bill(-1)
    with pytest.raises(ValueError, match="below nothing"):
        Bill((BillLine(1, "a", "A", 0, 100),), SATURDAY, "till")
