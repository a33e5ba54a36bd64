"""What refunds bring back: whole, by share or never; and the cents add up, whatever the order."""

from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import transaction
from points_mall.coupons.holding import Use, use
from points_mall.coupons.restoring import Restoration, Restored, restore, share_of
from points_mall.coupons.spelling import terms_from_json
from points_mall.coupons.terms import CouponTerms, Kind, Policy, Restore
from tests.builders import shanghai

from .conftest import MONTH, coupon, coupons_of, enrol, give, history, state, template

pytestmark = pytest.mark.usefixtures("all_is_right")
BY_SHARE = Restore(Policy.BY_SHARE)
NOT_FRESH = [HealthCheck.function_scoped_fixture]


@pytest.fixture
def member(app: Flask) -> int:
    return enrol()[0]


def used(member: int, took: int = 500, reference: str = "purchase:P1") -> str:
    (code,) = give(member)
    with transaction():
        use([Use(member, code, reference, took)])
    return code


def refund(so_far: int, paid: int, by: str, reference: str = "purchase:P1") -> list[Restored]:
    with transaction():
        return restore([Restoration(reference, so_far, paid, by)])


def test_a_whole_refund_brings_the_coupon_back(member: int) -> None:
    template()
    code = used(member)
    assert refund(999, 1000, "refund:1") == []
    assert state(code) == "used"
    (back,) = refund(1000, 1000, "refund:2")
    assert (back.code, back.worth_fen, back.valid_until) == (
        code, 500, shanghai("2026-12-22 00:00"),
    )  # fmt: skip
    row = coupon(code)
    assert (row.state, row.used_for, row.took_fen) == ("unused", None, None)
    assert history(code) == ["issued", "used", "restored"]


def test_a_repeat_brings_back_nothing_more(member: int) -> None:
    template()
    code = used(member)
    refund(1000, 1000, "refund:1")
    assert refund(1000, 1000, "refund:1") == []
    with transaction():
        use([Use(member, code, "purchase:P2", 500)])
    assert refund(1000, 1000, "refund:1") == []
    assert coupon(code).used_for == "purchase:P2"


def test_never_is_never(member: int) -> None:
    template(restore=Restore(Policy.NEVER))
    code = used(member)
    assert refund(1000, 1000, "refund:1") == []
    assert state(code) == "used"


def test_validity_is_kept_or_extended_and_that_is_recorded(member: int) -> None:
    template(restore=Restore(extend_days=7))
    code = used(member)
    clock.set(shanghai("2026-12-25 09:00"))  # its end was the midnight after the 21st
    (back,) = refund(1000, 1000, "refund:1")
    assert back.valid_until == coupon(code).valid_until == shanghai("2027-01-02 00:00")
    template("keep")
    (kept,) = give(member, "keep")
    with transaction():
        use([Use(member, kept, "purchase:P2", 500)])
    clock.advance(timedelta(days=60))
    (back,) = refund(1, 1, "refund:2", "purchase:P2")
    assert back.valid_until == coupon(kept).valid_until == shanghai("2027-01-25 00:00")


def test_a_share_comes_back_as_a_coupon_of_its_own(member: int) -> None:
    template("five", Kind.AMOUNT_OFF, amount_fen=2000, threshold_fen=10000, restore=BY_SHARE)
    code = used(member, 2000)
    (first,) = refund(2000, 8000, "refund:1")
    (second,) = refund(3333, 8000, "refund:2")
    (third,) = refund(8000, 8000, "refund:3")
    assert [one.worth_fen for one in (first, second, third)] == [500, 333, 1167]
    assert (state(code), coupon(code).restored_fen) == ("used", 2000)
    child = coupon(first.code)
    assert (child.terms["amount_fen"], child.terms["threshold_fen"]) == (500, 2500)
    assert (child.title_zh, child.valid_until) == ("退款返还券", coupon(code).valid_until)
    assert history(code) == ["issued", "used", "shared", "shared", "shared"]
    assert history(first.code) == ["issued"]


def test_a_whole_refund_at_once_brings_back_the_coupon_itself(member: int) -> None:
    template(restore=BY_SHARE)
    code = used(member)
    (back,) = refund(1000, 1000, "refund:1")
    assert (back.code, state(code), len(coupons_of(member))) == (code, "unused", 1)


def test_a_share_can_be_used_and_refunded_like_any_coupon(member: int) -> None:
    template(restore=BY_SHARE)
    used(member)
    (half,) = refund(500, 1000, "refund:1")
    with transaction():
        use([Use(member, half.code, "purchase:P2", 250)])
    (quarter,) = refund(500, 1000, "refund:2", "purchase:P2")
    assert quarter.worth_fen == 125


def test_a_share_below_a_fen_waits_for_the_next_refund(member: int) -> None:
    template(restore=BY_SHARE)
    used(member, 1)
    assert refund(999, 1000, "refund:1") == []
    assert [one.worth_fen for one in refund(1000, 1000, "refund:2")] == [1]


def test_several_coupons_of_a_bill_and_several_bills_at_once(member: int) -> None:
    template(restore=BY_SHARE)
    one, two = used(member, 500), used(member, 300)
    other = used(member, 500, "purchase:P2")
    with transaction():
        back = restore(
            [
                Restoration("purchase:P1", 500, 1000, "refund:1"),
                Restoration("purchase:P2", 70, 70, "refund:2"),
            ]
        )
    assert sorted((item.coupon, item.worth_fen) for item in back) == sorted(
        [(one, 250), (two, 150), (other, 500)]
    )


@settings(deadline=None, max_examples=25, suppress_health_check=NOT_FRESH)
@given(st.data())
def test_any_refunds_of_any_bill_add_up(member: int, data: st.DataObject) -> None:
    template(restore=BY_SHARE)
    number = len(coupons_of(member))
    reference = f"purchase:X{number}"
    took, paid = data.draw(st.integers(1, 500)), data.draw(st.integers(1, 5000))
    used(member, took, reference)
    so_far, worth = 0, 0
    while so_far < paid:
        so_far = data.draw(st.integers(so_far + 1, paid))
        back = refund(so_far, paid, f"refund:{number}:{so_far}", reference)
        worth += sum(one.worth_fen for one in back)
        assert worth == took * so_far // paid
    assert worth == took


@given(st.integers(1, 5000), st.integers(0, 5000), st.data())
def test_a_part_of_a_coupon_never_asks_for_less_than_it_should(
    amount: int, more: int, data: st.DataObject
) -> None:
    terms = CouponTerms(
        Kind.AMOUNT_OFF, MONTH, amount_fen=amount, threshold_fen=amount + more, giftable=True
    )
    worth = data.draw(st.integers(1, amount))
    part = share_of(terms, worth)
    assert part.amount_fen == worth <= part.threshold_fen
    assert part.threshold_fen * amount >= terms.threshold_fen * worth
    assert not part.giftable


def test_the_terms_of_a_share_are_terms(member: int) -> None:
    template(restore=BY_SHARE)
    used(member)
    (half,) = refund(500, 1000, "refund:1")
    assert terms_from_json(coupon(half.code).terms).amount_fen == 250
