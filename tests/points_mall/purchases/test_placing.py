"""Placing purchases: what is set aside, what WeChat is asked, and what a repeat hears."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.members.models import MemberIdentity
from miniprogram_api.repeats.records import IdempotencyKeyReused
from miniprogram_api.wechat.errors import PaymentNotConfigured, WeChatUnavailable
from points_mall.purchases import cancelling, placing
from points_mall.purchases.bills import Asked, Item
from points_mall.purchases.errors import NoSuchPurchase
from points_mall.purchases.models import Purchase, PurchaseLine
from points_mall.purchases.placing_errors import NoWechatIdentity, PurchaseStepNotAllowed
from points_mall.purchases.wechat_models import WechatPayment
from points_mall.redemption.errors import PaymentTimeOver
from points_mall.wallet import plans
from tests.services.wechat import Simulator
from tests.together import all_at_once

from .counter import Counter, order_status, payment_of
from .shop import audited, moved, points_of, purchase_with, wallet_of

LATTE = (Item("latte"),)


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return simulator.pay_settings()


def lines_of(purchase_no: str) -> list[tuple[Any, ...]]:
    columns = (PurchaseLine.sku, PurchaseLine.quantity, PurchaseLine.payable_fen)
    query = sa.select(*columns).join(Purchase, Purchase.id == PurchaseLine.purchase_id)
    rows = db.session.execute(query.filter_by(purchase_no=purchase_no))
    return sorted(map(tuple, rows))


def test_a_purchase_holds_points_takes_the_wallet_and_asks_wechat(counter: Counter) -> None:
    li = counter.shopper(points=500, principal=300, bonus=200)
    body = counter.buys(
        li, items=(Item("latte", 2), Item("tee")), most_points=400, most_wallet_fen=None
    )
    assert body["status"] == "awaiting_payment"
    assert (body["total_fen"], body["payable_fen"]) == (14280, 13380)
    assert sorted(body["payment"]) == ["nonceStr", "package", "paySign", "signType", "timeStamp"]
    assert points_of(li) == (100, 400, 0)
    assert wallet_of(li) == (0, 0, 0)
    assert lines_of(body["purchase_no"]) == [("latte", 2, 4380), ("tee", 1, 9900)]
    payment = payment_of(body["purchase_no"])
    assert (payment.amount_fen, payment.state) == (13380, "open")
    [order] = counter.simulator.look("orders", out_trade_no=body["purchase_no"])
    assert (order["amount"]["total"], order["trade_state"]) == (13380, "NOTPAY")
    assert order["description"] == "拿铁 等2件"
    assert audited() == []


def test_a_repeat_hears_the_first_answer_and_asks_wechat_no_more(counter: Counter) -> None:
    li = counter.shopper(points=500)
    first = counter.buys(li, "one-intention", items=LATTE, most_points=None)
    before, asked = moved(), len(counter.simulator.seen("/v3/pay/transactions/jsapi"))
    clock.advance(timedelta(minutes=3))
    again = placing.place(
        li,
        counter.claim(li, "one-intention", Asked(LATTE, most_points=None)),
        Asked(LATTE, most_points=None),
    )
    assert (again.body, again.is_repeat) == (first, True)
    assert len(counter.simulator.seen("/v3/pay/transactions/jsapi")) == asked
    assert moved() == before


def test_a_key_stands_for_one_request(counter: Counter) -> None:
    li = counter.shopper()
    counter.buys(li, "one-intention", items=LATTE)
    before = moved()
    with pytest.raises(IdempotencyKeyReused):
        counter.buys(li, "one-intention", amount_fen=100)
    assert moved() == before


def test_what_owes_no_cash_is_paid_at_once(counter: Counter) -> None:
    li = counter.shopper(points=100, principal=2000, bonus=90)
    body = counter.buys(li, items=LATTE, most_points=None, most_wallet_fen=None)
    assert (body["status"], body["payable_fen"], body["payment"]) == ("paid", 0, None)
    purchase = purchase_with(body["purchase_no"])
    assert (purchase.status, purchase.paid_at, purchase.points_earned) == ("paid", now(), 20)
    assert points_of(li) == (20, 0, 0)  # 20 yuan of it were the member's own money
    assert wallet_of(li) == (0, 0, 0)
    assert counter.simulator.seen("/v3/pay") == []
    assert audited() == []


def test_where_wechat_is_away_the_purchase_stands_and_is_paid_later(counter: Counter) -> None:
    li = counter.shopper()
    counter.simulator.fault("http_500", path="/v3/pay/transactions/jsapi")
    body = counter.buys(li, "one-intention", items=LATTE)
    assert (body["status"], body["payment"]) == ("awaiting_payment", None)
    with pytest.raises(WeChatUnavailable):
        placing.pay_again(li, body["purchase_no"])
    counter.simulator.mend()
    fresh = placing.pay_again(li, body["purchase_no"])
    assert fresh["payable_fen"] == 2190
    assert fresh["payment"]["package"].startswith("prepay_id=")
    assert counter.buys(li, "one-intention", items=LATTE)["payment"] == fresh["payment"]
    assert len(counter.simulator.look("orders")) == 1


def test_an_answer_that_was_lost_is_asked_for_under_the_same_number(counter: Counter) -> None:
    li = counter.shopper()
    counter.simulator.fault("reset", path="/v3/pay/transactions/jsapi", after_acting=True)
    body = counter.buys(li, items=LATTE)
    assert body["payment"] is None
    counter.simulator.mend()
    assert placing.pay_again(li, body["purchase_no"])["payment"]["signType"] == "RSA"
    orders = counter.simulator.look("orders")
    assert [order["out_trade_no"] for order in orders] == [body["purchase_no"]]


def test_paying_is_for_who_owes_in_time(counter: Counter) -> None:
    li, mei = counter.shopper("o-li"), counter.shopper("o-mei", bonus=5000)
    mine = counter.buys(li, items=LATTE)["purchase_no"]
    paid = counter.buys(mei, items=LATTE, most_wallet_fen=None)["purchase_no"]
    before = moved()
    with pytest.raises(NoSuchPurchase):
        placing.pay_again(mei, mine)
    with pytest.raises(PurchaseStepNotAllowed):
        placing.pay_again(mei, paid)
    clock.advance(timedelta(minutes=13))
    counter.simulator.set_clock(now())
    assert placing.pay_again(li, mine)["payable_fen"] == 2190
    clock.advance(timedelta(minutes=1))
    with pytest.raises(PaymentTimeOver):
        placing.pay_again(li, mine)
    assert moved() == before


def test_whom_wechat_does_not_know_cannot_owe_cash(counter: Counter) -> None:
    li = counter.shopper(points=500, bonus=2190)
    with transaction() as session:
        session.execute(sa.delete(MemberIdentity).where(MemberIdentity.member_id == li))
    before = moved()
    with pytest.raises(NoWechatIdentity):
        counter.buys(li, items=LATTE, most_points=None)
    assert moved() == before
    assert counter.buys(li, items=LATTE, most_wallet_fen=None)["status"] == "paid"


def test_a_top_up_keeps_what_the_plan_promised(counter: Counter) -> None:
    plans.put_plan("hundred", title="充100送10", pay_fen=10000, bonus_fen=1000)
    li = counter.shopper()
    body = counter.buys(li, plan="hundred", most_points=None, most_wallet_fen=None)
    plans.put_plan("hundred", title="充100送1", pay_fen=10000, bonus_fen=100)
    counter.hears(counter.is_paid(body["purchase_no"]))
    assert wallet_of(li) == (10000, 1000, 0)
    assert points_of(li) == (0, 0, 0)
    assert audited() == []


# ------------------------------------------------------------------ letting it be


def test_what_is_cancelled_gives_points_and_wallet_money_back(counter: Counter) -> None:
    li = counter.shopper(points=500, principal=300, bonus=200)
    body = counter.buys(li, items=LATTE, most_points=400, most_wallet_fen=400)
    done = cancelling.cancel(li, counter.claim(li, "let-it-be"), body["purchase_no"])
    assert (done.body["status"], done.body["close_reason"]) == ("closed", "member")
    assert points_of(li) == (500, 0, 0)
    assert wallet_of(li) == (300, 200, 0)
    assert payment_of(body["purchase_no"]).state == "closed"
    [order] = counter.simulator.look("orders")
    assert order["trade_state"] == "CLOSED"
    again = cancelling.cancel(li, counter.claim(li, "let-it-be"), body["purchase_no"])
    assert (again.body, again.is_repeat) == (done.body, True)
    with pytest.raises(PurchaseStepNotAllowed):
        cancelling.cancel(li, counter.claim(li), body["purchase_no"])
    assert audited() == []


def test_what_was_paid_meanwhile_is_recorded_instead(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = counter.buys(li, items=LATTE)["purchase_no"]
    counter.is_paid(purchase_no)  # and nobody has told us
    with pytest.raises(PurchaseStepNotAllowed) as refusal:
        cancelling.cancel(li, counter.claim(li), purchase_no)
    assert refusal.value.numbers == {"purchase_status": "paid"}
    assert purchase_with(purchase_no).points_earned == 21
    assert audited() == []


def test_nothing_is_cancelled_while_wechat_does_not_say(counter: Counter) -> None:
    li, mei = counter.shopper("o-li", points=500), counter.shopper("o-mei")
    purchase_no = counter.buys(li, items=LATTE, most_points=None)["purchase_no"]
    before = moved()
    with pytest.raises(NoSuchPurchase):
        cancelling.cancel(mei, counter.claim(mei), purchase_no)
    counter.simulator.fault("http_500", path="/v3/pay/transactions/*")
    with pytest.raises(WeChatUnavailable):
        cancelling.cancel(li, counter.claim(li), purchase_no)
    assert moved() == before


def test_a_member_who_leaves_owes_nothing_and_is_forgotten(counter: Counter) -> None:
    li = counter.shopper(points=500, bonus=100)
    purchase_no = counter.buys(li, items=LATTE, most_points=400)["purchase_no"]
    with transaction():
        cancelling.close_of_member(li)
    assert purchase_with(purchase_no).close_reason == "account_closed"
    assert (payment_of(purchase_no).openid, payment_of(purchase_no).check_at) == ("", now())
    assert points_of(li) == (500, 0, 0)


# ------------------------------------------------------------------ crowds


def test_one_key_from_many_hands_buys_once(counter: Counter) -> None:
    li = counter.shopper(points=500, bonus=1000)
    answers = all_at_once(
        counter.app,
        [
            lambda: counter.buys(
                li, "one-intention", amount_fen=1500, most_points=300, most_wallet_fen=None
            )
        ]
        * 8,
    )
    bodies = [one for one in answers if isinstance(one, dict)]
    assert bodies
    assert all(isinstance(one, dict | DomainError) for one in answers)
    assert len({body["purchase_no"] for body in bodies}) == 1
    assert points_of(li) == (200, 300, 0)
    assert wallet_of(li) == (0, 0, 0)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(WechatPayment.id))) == 1
    assert audited() == []


def test_many_purchases_share_one_wallet_and_never_overdraw_it(counter: Counter) -> None:
    li = counter.shopper(points=500, bonus=1000)
    answers = all_at_once(
        counter.app,
        [lambda: counter.buys(li, amount_fen=800, most_points=None, most_wallet_fen=None)] * 8,
    )
    bodies = [one for one in answers if isinstance(one, dict)]
    assert len(bodies) == 8
    assert sum(body["points_used"] for body in bodies) == 500
    assert sum(body["wallet_fen"] for body in bodies) == 1000
    assert sum(body["payable_fen"] for body in bodies) == 8 * 800 - 1500
    assert wallet_of(li) == (0, 0, 0)
    assert audited() == []


# ------------------------------------------------------------------ orders


def test_the_cash_half_of_an_order_waits_for_its_payment(counter: Counter) -> None:
    li = counter.shopper(points=500)
    order_no = counter.redeems(li, points=300, cash_fen=990)
    body = counter.buys(li, order_no=order_no)
    assert (body["purpose"], body["payable_fen"], body["title"]) == ("redemption", 990, "蓝牙耳机")
    assert order_status(order_no) == "awaiting_payment"
    assert points_of(li) == (200, 300, 0)


def test_a_shop_without_wechat_pay_takes_what_needs_no_cash(counter: Counter) -> None:
    counter.app.extensions["wechat_pay"] = None
    li = counter.shopper(bonus=500)
    before = moved()
    with pytest.raises(PaymentNotConfigured):
        counter.buys(li, amount_fen=501, most_wallet_fen=None)
    assert moved() == before
    assert counter.buys(li, amount_fen=500, most_wallet_fen=None)["status"] == "paid"
