"""Refunds in any number and any order add up to what was paid, and to every discount that was given."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points_mall.coupons.held import Held
from points_mall.discounts.bill import Bill
from points_mall.discounts.choosing import best_combination
from points_mall.discounts.errors import RefundTooLarge
from points_mall.discounts.pricing import Shop, price
from points_mall.discounts.refunding import (
    PaidLine,
    given_back_of,
    refunded_lines,
    refunded_shares,
)

from .bills import adds_up, any_bill, any_coupons, any_shop, bill, cash


def test_a_refund_is_divided_by_what_is_left_of_each_line() -> None:
    lines = [PaidLine(1000), PaidLine(1000, 900), PaidLine(1000)]
    assert refunded_shares(lines, 100) == (48, 5, 47)


def test_more_than_is_left_is_refused() -> None:
    with pytest.raises(RefundTooLarge) as refused:
        refunded_shares([PaidLine(1000, 600), PaidLine(500)], 901)
    assert refused.value.numbers == {"left_fen": 900}
    with pytest.raises(RefundTooLarge) as refused:
        refunded_lines([PaidLine(1000, 600), PaidLine(500)], {0: 401})
    assert refused.value.numbers == {"left_fen": 400}


def test_a_refund_by_line_names_its_lines() -> None:
    assert refunded_lines([PaidLine(1000), PaidLine(500), PaidLine(0)], {1: 500}) == (0, 500, 0)


def test_what_a_coupon_took_off_a_line_goes_back_with_the_line() -> None:
    priced = price(bill(3000, 1000), [cash(400)])  # 300 and 100 off
    (step,) = priced.steps
    lines = [PaidLine(2700, 1350), PaidLine(900), PaidLine(0)]
    assert given_back_of(step, lines) == 150
    assert given_back_of(step, [PaidLine(2700, 2700), PaidLine(900, 900), PaidLine(0)]) == 400


def test_a_line_that_cost_nothing_goes_back_with_the_last_fen() -> None:
    priced = price(bill(300, shipping_fen=800), [cash(300)])
    (step,) = priced.steps
    assert given_back_of(step, [PaidLine(0), PaidLine(800, 799)]) == 0
    assert given_back_of(step, [PaidLine(0), PaidLine(800, 800)]) == 300


@settings(deadline=None, max_examples=300)
@given(any_bill(), any_coupons(), any_shop(), st.data())
def test_any_refunds_add_up(
    a_bill: Bill, coupons: list[Held], shop: Shop, data: st.DataObject
) -> None:
    """Σ lines = bill, never negative, never more back than paid, and every discount comes back whole."""
    priced = best_combination(a_bill, coupons, shop).priced
    adds_up(priced)
    lines = [PaidLine(payable) for payable in (*priced.payable, priced.shipping_fen)]
    assert sum(line.payable_fen for line in lines) == priced.payable_fen
    back = [0] * len(priced.steps)
    while left := sum(line.left_fen for line in lines):
        amount = data.draw(st.integers(1, left)) if left > 1 else 1
        if data.draw(st.booleans()):
            shares = refunded_shares(lines, amount)
        else:
            open_lines = [at for at, line in enumerate(lines) if line.left_fen]
            at = data.draw(st.sampled_from(open_lines))
            shares = refunded_lines(lines, {at: min(amount, lines[at].left_fen)})
        lines = [
            PaidLine(line.payable_fen, line.refunded_fen + share)
            for line, share in zip(lines, shares, strict=True)
        ]
        assert min(shares) >= 0
        assert all(0 <= line.refunded_fen <= line.payable_fen for line in lines)
        now = [given_back_of(step, lines) for step in priced.steps]
        assert all(before <= after for before, after in zip(back, now, strict=True))
        back = now
        with pytest.raises(RefundTooLarge):
            refunded_shares(lines, sum(line.left_fen for line in lines) + 1)
    assert sum(line.refunded_fen for line in lines) == priced.payable_fen
    whole = [given_back_of(step, lines) for step in priced.steps]
    assert whole == [step.amount_fen for step in priced.steps]
