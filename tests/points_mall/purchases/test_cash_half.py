"""Points and cash together: an order waits, is paid, is let go, or is paid too late."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from points_mall.ledger import services as ledger
from points_mall.ledger.models import PointsLot
from points_mall.purchases import cancelling, reconciling
from points_mall.purchases.bills import Item
from points_mall.purchases.models import Purchase
from points_mall.purchases.placing_errors import PaymentUnderWay
from points_mall.purchases.shipping import carrier_code
from points_mall.redemption import audit as redemption_audit
from points_mall.redemption import services as redemption
from points_mall.redemption.errors import PaymentTimeOver
from points_mall.redemption.models import RedemptionOrder
from points_mall.redemption.orders import order_with
from points_mall.redemption.pickup import confirm_pickup
from points_mall.stock import audit as stock_audit
from points_mall.wallet import plans
from tests.services.wechat import Simulator

from .counter import Counter, order_status, payment_of, refunds_asked
from .shop import audited, moved, points_of, purchase_with, wallet_of

LATTE = (Item("latte"),)
ADDRESS = {"name": "李雷", "phone": "13800138000", "region": "上海市", "detail": "漕溪北路 1 号"}


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {
        **simulator.pay_settings(),
        "WX_OPEN_BASE": simulator.url,
        "WECHAT_SHIPPING_REPORT": True,
        "CLAIM_BURST": 0,
    }


def all_audited() -> list[str]:
    found = [*stock_audit.differences(), *redemption_audit.findings()]
    return [*audited(), *(str(one) for one in found)]


def passes(counter: Counter, minutes: int) -> None:
    clock.advance(timedelta(minutes=minutes))
    counter.simulator.set_clock(now())


@pytest.mark.parametrize(
    ("terms", "status"),
    [({}, "ready"), ({"is_stocked": False}, "placed"), ({"fulfilment": "delivery"}, "placed")],
)
def test_a_paid_order_spends_its_points_and_goes_on(
    counter: Counter, terms: dict[str, Any], status: str
) -> None:
    li = counter.shopper(points=500)
    order_no = redeemed(counter, li, **terms)
    purchase_no = counter.buys(li, order_no=order_no)["purchase_no"]
    counter.hears(counter.is_paid(purchase_no))
    assert order_status(order_no) == status
    assert points_of(li) == (200, 0, 0)  # the rule gives the cash half no points
    assert purchase_with(purchase_no).subject == order_no
    before = moved()
    counter.hears(*counter.told("TRANSACTION.SUCCESS"))
    assert moved() == before
    assert all_audited() == []


def redeemed(counter: Counter, member_id: int, cash_fen: int = 990, **terms: Any) -> str:
    """An order of 300 points and some cash, with an address where it needs one."""
    if terms.get("fulfilment") != "delivery":
        return counter.redeems(member_id, points=300, cash_fen=cash_fen, **terms)
    order_no = counter.redeems(member_id, points=300, cash_fen=cash_fen, delivery=ADDRESS, **terms)
    assert order_with(order_no).delivery_sealed is not None
    return order_no


def test_an_order_may_be_paid_from_the_wallet_at_once(counter: Counter) -> None:
    li = counter.shopper(points=500, bonus=1000)
    order_no = redeemed(counter, li)
    assert counter.buys(li, order_no=order_no, most_wallet_fen=None)["status"] == "paid"
    assert order_status(order_no) == "ready"
    assert (points_of(li), wallet_of(li)) == ((200, 0, 0), (0, 10, 0))
    assert all_audited() == []


def test_an_order_with_a_payment_under_way_is_not_released_by_the_clock(counter: Counter) -> None:
    li = counter.shopper(points=900)
    begun, forgotten = redeemed(counter, li), redeemed(counter, li)
    purchase_no = counter.buys(li, order_no=begun)["purchase_no"]
    notice = counter.is_paid(purchase_no)
    passes(counter, 16)
    assert redemption.release_unpaid() == 1
    assert (order_status(begun), order_status(forgotten)) == ("awaiting_payment", "cancelled")
    counter.hears(notice)
    assert order_status(begun) == "ready"
    assert points_of(li) == (600, 0, 0)
    assert all_audited() == []


def test_an_order_whose_outcome_stays_unknown_is_released_in_the_end(counter: Counter) -> None:
    li = counter.shopper(points=500)
    order_no = redeemed(counter, li)
    purchase_no = counter.buys(li, order_no=order_no)["purchase_no"]
    passes(counter, 15 + 24 * 60)
    assert redemption.release_unpaid() == 1
    purchase = purchase_with(purchase_no)
    assert (purchase.status, purchase.close_reason) == ("closed", "order_cancelled")
    assert payment_of(purchase_no).check_at == now()
    assert points_of(li) == (500, 0, 0)
    assert all_audited() == []


def test_who_cancels_an_unpaid_order_closes_its_payment(counter: Counter) -> None:
    li = counter.shopper(points=500, bonus=100)
    order_no = redeemed(counter, li)
    purchase_no = counter.buys(li, order_no=order_no, most_wallet_fen=None)["purchase_no"]
    redemption.cancel(li, order_no)
    assert purchase_with(purchase_no).close_reason == "order_cancelled"
    assert (points_of(li), wallet_of(li)) == ((500, 0, 0), (0, 100, 0))
    assert reconciling.reconcile() == 1  # and nobody can pay it at WeChat either
    assert counter.simulator.look("orders")[0]["trade_state"] == "CLOSED"
    assert all_audited() == []


def test_what_is_paid_for_a_cancelled_order_goes_back(counter: Counter) -> None:
    li = counter.shopper(points=500)
    order_no = redeemed(counter, li)
    purchase_no = counter.buys(li, order_no=order_no)["purchase_no"]
    notice = counter.is_paid(purchase_no)
    redemption.cancel(li, order_no)
    counter.hears(notice)
    counter.works()
    assert [(one.out_refund_no, one.refund_fen) for one in refunds_asked()] == [
        (f"{purchase_no}-late", 990)
    ]
    assert order_status(order_no) == "cancelled"
    assert points_of(li) == (500, 0, 0)
    assert all_audited() == []


def test_an_order_whose_points_were_let_go_is_not_paid_by_cash_alone(counter: Counter) -> None:
    """Nobody heard anything for longer than points are held."""
    li = counter.shopper(points=500)
    order_no = redeemed(counter, li)
    purchase_no = counter.buys(li, order_no=order_no)["purchase_no"]
    notice = counter.is_paid(purchase_no)
    passes(counter, 16 + 24 * 60)
    assert ledger.release_holds() == 1
    counter.hears(notice)
    counter.works()
    counter.hears(*counter.waits_for(lambda: counter.told("REFUND.SUCCESS"), 1))
    assert purchase_with(purchase_no).refunded_fen == 990
    assert redemption.release_unpaid() == 1
    assert order_status(order_no) == "cancelled"
    assert points_of(li) == (500, 0, 0)
    assert all_audited() == []


def test_cancelling_a_paid_order_refunds_its_cash_and_restores_the_lots(counter: Counter) -> None:
    li = counter.shopper(points=500)
    lots = sorted(
        map(tuple, db.session.execute(sa.select(PointsLot.granted, PointsLot.expires_at)))
    )
    order_no = redeemed(counter, li, is_stocked=False)
    purchase_no = counter.buys(li, order_no=order_no)["purchase_no"]
    counter.hears(counter.is_paid(purchase_no))
    redemption.cancel(li, order_no)
    counter.works()
    counter.hears(*counter.waits_for(lambda: counter.told("REFUND.SUCCESS"), 1))
    assert [one.out_refund_no for one in refunds_asked()] == [f"{purchase_no}-cancel"]
    assert purchase_with(purchase_no).refunded_fen == 990
    assert points_of(li) == (500, 0, 0)
    db.session.rollback()
    after = db.session.execute(sa.select(PointsLot.granted, PointsLot.expires_at))
    assert sorted(map(tuple, after)) == lots
    assert all_audited() == []


def test_a_late_order_is_given_time_to_be_paid_but_not_begun_too_late(counter: Counter) -> None:
    li = counter.shopper(points=900)
    order_no, another = redeemed(counter, li), redeemed(counter, li)
    passes(counter, 13)
    assert purchase_with(counter.buys(li, order_no=order_no)["purchase_no"]).pay_by == (
        now() + timedelta(minutes=5)
    )
    passes(counter, 2)
    before = moved()
    with pytest.raises(PaymentTimeOver):
        counter.buys(li, order_no=another)
    assert moved() == before


def test_an_order_is_paid_by_one_purchase_at_a_time(counter: Counter) -> None:
    li = counter.shopper(points=500, bonus=1000)
    order_no = redeemed(counter, li)
    first = counter.buys(li, order_no=order_no)["purchase_no"]
    before = moved()
    with pytest.raises(PaymentUnderWay) as refusal:
        counter.buys(li, order_no=order_no, most_wallet_fen=None)
    assert refusal.value.numbers == {"purchase_no": first}
    assert moved() == before
    cancelling.cancel(li, counter.claim(li), first)
    assert order_status(order_no) == "awaiting_payment"  # the member pays in another way
    assert counter.buys(li, order_no=order_no, most_wallet_fen=None)["status"] == "paid"
    assert order_status(order_no) == "ready"
    assert points_of(li) == (200, 0, 0)
    assert all_audited() == []


def test_who_cancels_the_payment_and_pays_in_no_other_way_loses_the_order(
    counter: Counter,
) -> None:
    li = counter.shopper(points=500)
    order_no = redeemed(counter, li)
    cancelling.cancel(li, counter.claim(li), counter.buys(li, order_no=order_no)["purchase_no"])
    passes(counter, 15)
    assert redemption.release_unpaid() == 1
    assert points_of(li) == (500, 0, 0)


@pytest.mark.parametrize("heard_together", [True, False])
def test_an_order_that_was_paid_twice_all_the_same_pays_one_back(
    counter: Counter, heard_together: bool
) -> None:
    li = counter.shopper(points=600)
    order_no, another = redeemed(counter, li), redeemed(counter, li, cash_fen=100)
    first = counter.buys(li, order_no=order_no)["purchase_no"]
    second = counter.buys(li, order_no=another)["purchase_no"]
    with transaction() as session:
        named = sa.update(Purchase).where(Purchase.purchase_no == second).values(subject=order_no)
        session.execute(named)
    messages = [counter.is_paid(second), counter.is_paid(first)]
    for some in [messages] if heard_together else [[one] for one in messages]:
        counter.hears(*some)
    assert order_status(order_no) == "ready"
    counter.works()
    back = second if heard_together else first
    assert [one.out_refund_no for one in refunds_asked()] == [f"{back}-cancel"]
    counter.hears(*counter.waits_for(lambda: counter.told("REFUND.SUCCESS"), 1))
    assert purchase_with(second).refunded_fen == (100 if heard_together else 0)
    assert purchase_with(first).refunded_fen == (0 if heard_together else 990)


# ------------------------------------------------------------------ shipping


def shippings(counter: Counter) -> list[Any]:
    return counter.simulator.look("shippings")


def test_a_parcel_is_reported_with_its_number(counter: Counter) -> None:
    li = counter.shopper(points=500)
    order_no = redeemed(counter, li, fulfilment="delivery")
    purchase_no = counter.buys(li, order_no=order_no)["purchase_no"]
    counter.hears(counter.is_paid(purchase_no))
    counter.works()
    assert shippings(counter) == []
    redemption.ship(order_no, "顺丰速运", "SF1234567890")
    counter.works()
    [told] = shippings(counter)
    assert told["logistics_type"] == 1
    assert told["order_key"]["transaction_id"] == payment_of(purchase_no).transaction_id
    assert told["shipping_list"] == [
        {
            "tracking_no": "SF1234567890",
            "express_company": "SF",
            "item_desc": "蓝牙耳机",
            "contact": {"receiver_contact": "****8000"},
        }
    ]


def test_what_is_collected_and_what_is_sold_at_the_counter_is_reported(counter: Counter) -> None:
    plans.put_plan("hundred", title="充100送10", pay_fen=10000, bonus_fen=1000)
    li = counter.shopper(points=500)
    order_no = redeemed(counter, li)
    numbers = [
        counter.buys(li, order_no=order_no)["purchase_no"],
        counter.buys(li, items=LATTE)["purchase_no"],
        counter.buys(li, plan="hundred")["purchase_no"],
    ]
    for number in numbers:
        counter.hears(counter.is_paid(number))
    counter.works()
    assert sorted(one["logistics_type"] for one in shippings(counter)) == [3, 4]
    code = db.session.scalar(sa.select(RedemptionOrder.pickup_code).filter_by(order_no=order_no))
    confirm_pickup(str(code), caller="till:1")
    counter.works()
    assert sorted(one["logistics_type"] for one in shippings(counter)) == [3, 4, 4]


def test_who_has_left_is_not_named_to_wechat(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = counter.buys(li, items=LATTE)["purchase_no"]
    counter.hears(counter.is_paid(purchase_no))
    with transaction() as session:
        session.execute(sa.text("UPDATE wechat_payment SET openid = ''"))
    counter.works()
    assert shippings(counter) == []


@pytest.mark.parametrize(
    ("carrier", "code"),
    [("顺丰速运", "SF"), ("圆通", "YTO"), ("ems", "EMS"), ("ZTO", "ZTO"), ("", "")],
)
def test_carriers_are_named_as_wechat_names_them(carrier: str, code: str) -> None:
    assert carrier_code(carrier) == code
