"""What sending an order costs: owed with it, taken off by tier or coupon, given back with the whole."""

from typing import Any

import pytest

from miniprogram_api.core.db import db
from points_mall.catalogue import shelf
from points_mall.catalogue.models import Reward
from points_mall.coupons.errors import CouponNotUsable
from points_mall.coupons.terms import Kind, Stacking
from points_mall.purchases import placing
from points_mall.purchases.bills import Asked
from points_mall.purchases.refunding import refund_purchase
from points_mall.redemption import services as redemption
from points_mall.redemption.orders import order_with
from points_mall.tiers.services import set_tier
from tests.points_mall.coupons.conftest import coupon, give, history, state, template
from tests.services.wechat import Simulator

from .counter import Counter, order_status, refunds_asked
from .shop import growth_of, moved, points_of, purchase_with, wallet_of
from .test_cash_half import ADDRESS, all_audited

SHIPPING = 800


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {**simulator.pay_settings(), "SHIPPING_FEN": SHIPPING, "CLAIM_BURST": 0}


def sent(counter: Counter, member_id: int, cash_fen: int = 0, **terms: Any) -> str:
    """An order of 300 points and some cash that is to be sent; its number."""
    values = {"fulfilment": "delivery", **terms}
    return counter.redeems(member_id, 300, cash_fen, delivery=ADDRESS, **values)


def steps(quote: dict[str, Any]) -> list[tuple[str, int, int]]:
    told = quote["explanation"].get("price", {}).get("steps", [])
    return [(one["rule"], one["amount_fen"], one["shipping_share_fen"]) for one in told]


def test_what_is_sent_owes_its_shipping_once_for_the_order(counter: Counter) -> None:
    li = counter.shopper(points=900)
    order = order_with(sent(counter, li, cash_fen=990))
    assert (order.cash_fen, order.shipping_fen, order.status) == (1790, 800, "awaiting_payment")
    picked_up = order_with(counter.redeems(li, 300, 0))
    assert (picked_up.cash_fen, picked_up.shipping_fen, picked_up.status) == (0, 0, "ready")
    assert points_of(li) == (300, 300, 0)  # the points of what waits to be paid are held

    body = counter.buys(li, order_no=order.order_no)

    figures = ("gross_fen", "shipping_fen", "discount_fen", "total_fen", "payable_fen")
    assert [body[name] for name in figures] == [1790, 800, 0, 1790, 1790]
    assert body["explanation"]["shipping"] == {"fen": 800, "payable_fen": 800}
    counter.hears(counter.is_paid(body["purchase_no"]))
    assert order_status(order.order_no) == "placed"
    assert purchase_with(body["purchase_no"]).points_earned == 0  # shipping earns no points
    assert all_audited() == []


def test_the_catalogue_tells_what_sending_costs_beforehand(counter: Counter) -> None:
    li = counter.shopper(points=900)
    sent(counter, li)
    counter.redeems(li, 300, 0)
    rewards = db.session.scalars(shelf.listed().order_by(Reward.id)).all()
    told = [(one["fulfilment"], one["shipping_fen"]) for one in shelf.seen_by(li, rewards)]
    assert told == [("delivery", 800), ("pickup", 0)]


def test_a_coupon_takes_shipping_off_and_nothing_else(counter: Counter) -> None:
    template("ship", Kind.FREE_SHIPPING)
    template("five", Kind.CASH)
    li = counter.shopper(points=500)
    [ship], [five] = give(li, "ship"), give(li, "five")
    order_no = sent(counter, li, cash_fen=990)
    quote = placing.quote(li, Asked(order_no=order_no, coupons=None))
    assert (steps(quote), quote["best_coupons"]) == ([("free_shipping", 800, 800)], [ship])
    assert (quote["payable_fen"], quote["shipping_fen"], quote["discount_fen"]) == (990, 800, 800)
    told = {one["code"]: one["reason"] and one["reason"]["code"] for one in quote["coupons"]}
    assert told == {ship: None, five: "nothing_in_scope"}
    before = moved()
    with pytest.raises(CouponNotUsable) as refused:
        counter.buys(li, order_no=order_no, coupons=(five,))
    assert refused.value.numbers["reason"] == "nothing_in_scope"
    assert moved() == before

    body = counter.buys(li, order_no=order_no, coupons=(ship,))
    assert state(ship) == "locked"
    counter.hears(counter.is_paid(body["purchase_no"]))
    assert (state(ship), coupon(ship).took_fen, state(five)) == ("used", 800, "unused")
    assert all_audited() == []


def test_a_coupon_with_a_cap_or_a_threshold_keeps_to_it(counter: Counter) -> None:
    template("half", Kind.FREE_SHIPPING, most_fen=500, stacking=Stacking())
    template("from10", Kind.FREE_SHIPPING, threshold_fen=1000, stacking=Stacking())
    li = counter.shopper(points=500)
    [half], [from10] = give(li, "half"), give(li, "from10")
    order_no = sent(counter, li, cash_fen=990)
    assert placing.quote(li, Asked(order_no=order_no, coupons=(half,)))["payable_fen"] == 1290
    with pytest.raises(CouponNotUsable) as refused:  # the goods' cash counts, not the shipping
        placing.quote(li, Asked(order_no=order_no, coupons=(from10,)))
    assert refused.value.numbers["missing_fen"] == 10


def test_a_tier_that_ships_free_owes_nothing_and_keeps_the_coupon(counter: Counter) -> None:
    template("ship", Kind.FREE_SHIPPING)
    li = counter.shopper(points=500)
    set_tier(li, "gold")  # whose benefit it is
    [ship] = give(li, "ship")
    order_no = sent(counter, li)
    quote = placing.quote(li, Asked(order_no=order_no, coupons=None))
    assert steps(quote) == [("tier_free_shipping", 800, 800)]
    assert quote["explanation"]["price"]["steps"][0]["label_zh"] == "gold包邮"
    assert (quote["payable_fen"], quote["best_coupons"]) == (0, [])
    assert quote["coupons"][0]["reason"]["code"] == "no_shipping"

    body = counter.buys(li, order_no=order_no)

    assert (body["status"], body["total_fen"]) == ("paid", 0)
    assert (order_status(order_no), points_of(li)) == ("placed", (200, 0, 0))
    assert state(ship) == "unused"
    assert all_audited() == []


def test_an_order_whose_shipping_a_coupon_paid_is_cancelled_and_everything_returns(
    counter: Counter,
) -> None:
    template("ship", Kind.FREE_SHIPPING)
    li = counter.shopper(points=500)
    [ship] = give(li, "ship")
    order_no = sent(counter, li)
    body = counter.buys(li, order_no=order_no, coupons=(ship,))
    assert (body["status"], order_status(order_no)) == ("paid", "placed")
    assert growth_of(li) == (0, 1, 0)

    redemption.cancel(li, order_no)
    counter.works()

    assert (order_status(order_no), points_of(li)) == ("cancelled", (500, 0, 0))
    assert history(ship) == ["issued", "locked", "used", "restored"]
    assert (growth_of(li), refunds_asked()) == ((0, 0, 0), [])
    assert all_audited() == []


def test_a_whole_refund_gives_shipping_back_and_one_by_line_leaves_it(counter: Counter) -> None:
    li = counter.shopper(points=900, bonus=5000)
    numbers = [
        counter.buys(li, order_no=sent(counter, li, cash_fen=990), most_wallet_fen=None)
        for _ in range(2)
    ]
    whole, by_line = (str(one["purchase_no"]) for one in numbers)
    assert wallet_of(li) == (0, 5000 - 2 * 1790, 0)
    refund_purchase(by_line, lines={1: 990}, reason="缺货", actor="cli:li")
    assert wallet_of(li) == (0, 5000 - 2 * 1790 + 990, 0)
    refund_purchase(whole, reason="缺货", actor="cli:li")
    assert wallet_of(li) == (0, 5000 - 800, 0)
    db.session.rollback()
    refund_purchase(by_line, lines={2: 800}, reason="运费", actor="cli:li")
    assert wallet_of(li) == (0, 5000, 0)
    assert all_audited() == []


def test_who_pays_in_time_neither_shipping_nor_goods_has_the_points_back(counter: Counter) -> None:
    li = counter.shopper(points=500)
    order_no = sent(counter, li)
    assert points_of(li) == (200, 300, 0)
    redemption.cancel(li, order_no)
    assert (order_status(order_no), points_of(li)) == ("cancelled", (500, 0, 0))
    assert all_audited() == []
