"""From gross to payable: the declared order, what counts towards a threshold, shares that add up."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from points_mall.coupons.errors import CouponNotUsable, CouponsNotCombinable
from points_mall.coupons.held import Held
from points_mall.coupons.terms import Kind, Scope, Stacking
from points_mall.discounts.bill import Bill, BillLine
from points_mall.discounts.offers import ThresholdOffer
from points_mall.discounts.pricing import ORDER, Shop, price

from .bills import SATURDAY, adds_up, any_bill, any_coupons, any_shop, bill, cash, held, terms

STACKS = Stacking(with_others=True)
OFFER = ThresholdOffer("mj", "满减", "Offer", ((10000, 1000), (20000, 3000)))


def test_the_declared_order() -> None:
    assert ORDER == (
        "tier_discount",
        "threshold_offer",
        "tier_free_shipping",
        "percent_off",
        "amount_off",
        "cash",
        "gift_item",
        "exchange",
        "free_shipping",
    )


def test_each_step_takes_from_what_the_steps_before_left() -> None:
    coupons = [
        cash(500, "cash"),
        held(terms(Kind.FREE_SHIPPING, stacking=STACKS), "ship"),
        held(terms(Kind.AMOUNT_OFF, amount_fen=2000, threshold_fen=10000, stacking=STACKS), "off"),
        held(terms(Kind.PERCENT_OFF, off_bp=1200, stacking=STACKS), "percent"),
    ]
    priced = price(bill(12000, 8000, shipping_fen=800), coupons, Shop(1000, (OFFER,)))
    # 20000 −10% = 18000; −1000 (满100) = 17000; −12% = 14960; −2000 = 12960; −500 = 12460
    assert [(step.rule, step.amount_fen) for step in priced.steps] == [
        ("tier_discount", 2000),
        ("threshold_offer", 1000),
        ("percent_off", 2040),
        ("amount_off", 2000),
        ("cash", 500),
        ("free_shipping", 800),
    ]
    assert (priced.payable_fen, priced.shipping_fen, priced.discount_fen) == (12460, 0, 8340)
    adds_up(priced)


def test_a_tier_that_ships_free_takes_shipping_off_and_leaves_the_coupon_in_hand() -> None:
    coupon, shop = held(terms(Kind.FREE_SHIPPING), "ship"), Shop(ships_free=True)
    shipped = bill(12000, shipping_fen=800)
    (step,) = price(shipped, shop=shop).steps
    assert (step.rule, step.amount_fen, step.shares) == ("tier_free_shipping", 800, (0,))
    assert (step.label_zh, step.shipping_share_fen) == ("会员等级折扣包邮", 800)
    assert price(bill(12000), shop=shop).steps == ()
    with pytest.raises(CouponNotUsable) as refused:
        price(shipped, [coupon], shop)
    assert refused.value.numbers["reason"] == "no_shipping"


def test_of_a_bill_with_a_price_of_its_own_only_shipping_comes_down() -> None:
    own = replace(bill(20000, shipping_fen=800), has_own_price=True)
    shop = Shop(1000, (OFFER,))
    assert price(own, shop=shop).steps == ()
    capped = held(terms(Kind.FREE_SHIPPING, most_fen=500, threshold_fen=20000), "ship")
    priced = price(own, [capped], shop)
    assert (priced.payable, priced.shipping_fen) == ((20000,), 300)
    with pytest.raises(CouponNotUsable) as refused:
        price(own, [cash(500)], shop)
    assert refused.value.numbers["reason"] == "nothing_in_scope"


def test_a_bill_without_anything_is_its_own_price() -> None:
    priced = price(bill(2190, shipping_fen=500))
    assert (priced.steps, priced.payable, priced.payable_fen) == ((), (2190,), 2690)


def test_shares_go_by_largest_remainder_and_the_first_of_equals_is_served_first() -> None:
    (step,) = price(bill(1000, 1000, 1000), [cash(1000)]).steps
    assert step.shares == (334, 333, 333)


def test_a_threshold_counts_what_is_payable_after_tier_and_offers_and_before_coupons() -> None:
    coupon = held(terms(Kind.AMOUNT_OFF, amount_fen=1000, threshold_fen=10000))
    assert price(bill(10000), [coupon]).payable_fen == 9000
    with pytest.raises(CouponNotUsable) as refused:  # 10000 −5% = 9500
        price(bill(10000), [coupon], Shop(500))
    assert refused.value.numbers == {
        "coupon": "c1",
        "reason": "threshold_not_met",
        "missing_fen": 500,
    }
    both = [
        held(terms(Kind.AMOUNT_OFF, amount_fen=1000, threshold_fen=10000, stacking=STACKS)),
        held(terms(Kind.PERCENT_OFF, off_bp=5000, stacking=STACKS), "half"),
    ]
    assert price(bill(10000), both).payable_fen == 4000  # another coupon spoils no threshold


def test_only_lines_in_scope_count_and_pay_less() -> None:
    scoped = held(
        terms(Kind.AMOUNT_OFF, amount_fen=500, threshold_fen=3000, scope=Scope(categories=("A",)))
    )
    priced = price(bill(3000, 9000), [scoped])
    assert priced.payable == (2500, 9000)
    with pytest.raises(CouponNotUsable, match="threshold"):
        price(bill(2999, 9000), [scoped])


def test_an_exclusion_comes_before_what_is_named() -> None:
    scope = Scope(categories=("A", "B"), excluded_skus=("b",))
    assert price(bill(1000, 1000), [cash(5000, scope=scope)]).payable == (0, 1000)


def test_a_cash_coupon_takes_no_more_than_there_is() -> None:
    priced = price(bill(300, shipping_fen=800), [cash(1000)])
    assert (priced.payable_fen, priced.taken_by("c1")) == (800, 300)
    adds_up(priced)


def test_a_percentage_is_rounded_down_and_capped() -> None:
    assert price(bill(999), [held(terms(Kind.PERCENT_OFF, off_bp=1200))]).payable_fen == 880
    capped = held(terms(Kind.PERCENT_OFF, off_bp=5000, most_fen=1000))
    assert price(bill(9999), [capped]).payable_fen == 8999


def test_a_gift_is_free_when_the_rest_reaches_the_threshold() -> None:
    gift = held(terms(Kind.GIFT_ITEM, gift_sku="b", threshold_fen=5000))
    assert price(bill(5000, 1200), [gift]).payable == (5000, 0)
    with pytest.raises(CouponNotUsable, match="threshold"):
        price(bill(4999, 1200), [gift])
    with pytest.raises(CouponNotUsable) as refused:
        price(bill(5000), [gift])
    assert refused.value.numbers["reason"] == "gift_not_on_bill"


def test_an_exchange_frees_units_the_dearest_first() -> None:
    lines = (BillLine(1, "tea", "drinks", 3, 3000), BillLine(2, "coffee", "drinks", 2, 5000))
    exchange = held(terms(Kind.EXCHANGE, units=3, scope=Scope(skus=("tea", "coffee"))))
    assert price(Bill(lines, SATURDAY, "till"), [exchange]).payable == (2000, 0)


def test_two_exchanges_free_two_units_of_one_line() -> None:
    lines = (BillLine(1, "tea", "drinks", 3, 3000),)
    made = terms(Kind.EXCHANGE, scope=Scope(skus=("tea",)), stacking=Stacking(itself=2))
    two = [held(made, "x1", "tea"), held(made, "x2", "tea")]
    priced = price(Bill(lines, SATURDAY, "till"), two)
    assert [step.amount_fen for step in priced.steps] == [1000, 1000]


def test_two_of_one_template_need_the_threshold_twice() -> None:
    made = terms(Kind.AMOUNT_OFF, amount_fen=1000, threshold_fen=10000, stacking=Stacking(itself=3))
    two = [held(made, "x1", "t"), held(made, "x2", "t")]
    assert price(bill(20000), two).payable_fen == 18000
    with pytest.raises(CouponsNotCombinable) as refused:
        price(bill(19999), two)
    assert refused.value.numbers == {"coupon": "x2", "reason": "threshold_not_met"}


@pytest.mark.parametrize(
    ("coupons", "reason"),
    [
        ([cash(100, "a", others=False), cash(100, "b")], "not_stackable"),
        ([cash(100, "a"), cash(100, "b", others=False)], "not_stackable"),
        ([cash(100, "a", template="t"), cash(100, "b", template="t")], "too_many_of_it"),
        ([cash(100, "a", itself=2)] * 2, "too_many_of_it"),  # one coupon, named twice
    ],
)
def test_coupons_that_do_not_go_together(coupons: list[Held], reason: str) -> None:
    with pytest.raises(CouponsNotCombinable) as refused:
        price(bill(10000), coupons)
    assert refused.value.numbers["reason"] == reason


def test_a_coupon_may_take_the_place_of_the_tier_discount_and_of_the_offers() -> None:
    alone = Stacking(with_tier_discount=False, with_offers=False, with_points=False)
    made = held(terms(Kind.PERCENT_OFF, off_bp=2000, stacking=alone))
    priced = price(bill(20000), [made], Shop(1000, (OFFER,)))
    assert [step.rule for step in priced.steps] == ["percent_off"]
    assert (priced.payable_fen, priced.may_use_points) == (16000, False)


def test_the_highest_level_reached_counts_and_a_repeating_one_each_time() -> None:
    assert [OFFER.off(reached) for reached in (9999, 10000, 19999, 20000, 90000)] == [
        0, 1000, 1000, 3000, 3000,
    ]  # fmt: skip
    each = ThresholdOffer("m", "每满减", "Each", ((5000, 300),), repeats=True)
    assert [each.off(reached) for reached in (4999, 5000, 14999)] == [0, 300, 600]


def test_an_offer_looks_at_its_own_lines_store_and_channel() -> None:
    scope = Scope(categories=("A",), stores=("S1",), channels=("till",))
    shop = Shop(0, (ThresholdOffer("m", "满减", "Offer", ((1000, 100),), scope),))
    assert price(bill(1000, 5000, store="S1"), (), shop).payable == (900, 5000)
    assert price(bill(1000, 5000, store="S2"), (), shop).payable == (1000, 5000)
    assert price(bill(1000, store="S1", channel="wechat_pay"), (), shop).payable == (1000,)


def test_the_explanation_is_plain_json() -> None:
    assert price(bill(1000, 500), [cash(300)]).explanation() == {
        "gross_fen": 1500,
        "steps": [
            {
                "rule": "cash",
                "label_zh": "券",
                "label_en": "Coupon",
                "amount_fen": 300,
                "shares": [200, 100],
                "shipping_share_fen": 0,
                "reference": "c1",
            }
        ],
        "payable": [800, 400],
        "shipping_fen": 0,
        "payable_fen": 1200,
    }


@settings(deadline=None, max_examples=300)
@given(any_bill(), any_coupons(), any_shop())
def test_whatever_is_taken_off_adds_up(a_bill: Bill, coupons: list[Held], shop: Shop) -> None:
    for some in ([], coupons[:1], coupons[:2], coupons):
        try:
            priced = price(a_bill, some, shop)
        except (CouponNotUsable, CouponsNotCombinable):
            continue
        adds_up(priced)
