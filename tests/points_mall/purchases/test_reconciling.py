"""What nobody told us is found out; what nobody paid is let go."""

from datetime import timedelta

import pytest

from miniprogram_api.core.clock import clock, now
from miniprogram_api.jobs.registry import registered
from miniprogram_api.jobs.schedule import schedules
from miniprogram_api.wechat.errors import PaymentNumberUsed
from points_mall.ledger import services as ledger
from points_mall.purchases import placing, reconciling
from points_mall.purchases.bills import Item
from tests.services.wechat import Simulator

from .counter import Counter, order_status, payment_of, refunds_asked
from .shop import audited, moved, points_of, purchase_with, wallet_of

LATTE = (Item("latte"),)


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {**simulator.pay_settings(), "PAYMENT_UNKNOWN_HOURS": 2}


def passes(counter: Counter, minutes: int) -> None:
    clock.advance(timedelta(minutes=minutes))
    counter.simulator.set_clock(now())


def test_a_payment_whose_notice_was_lost_is_found_out(counter: Counter) -> None:
    li = counter.shopper(points=400)
    purchase_no = counter.buys(li, items=LATTE, most_points=190)["purchase_no"]
    counter.is_paid(purchase_no)
    passes(counter, 1)
    assert reconciling.reconcile() == 0  # the notice may still come
    passes(counter, 1)
    assert reconciling.reconcile() == 1
    purchase = purchase_with(purchase_no)
    assert (purchase.status, purchase.points_earned) == ("paid", 20)
    assert points_of(li) == (230, 0, 0)
    before = moved()
    assert reconciling.reconcile() == 0
    counter.hears(*counter.told("TRANSACTION.SUCCESS"))
    assert moved() == before
    assert audited() == []


def test_what_nobody_pays_in_time_is_closed_and_goes_back(counter: Counter) -> None:
    li = counter.shopper(points=400, principal=300, bonus=100)
    body = counter.buys(li, items=LATTE, most_points=190, most_wallet_fen=400)
    passes(counter, 14)
    assert reconciling.reconcile() == 0
    passes(counter, 1)
    assert reconciling.reconcile() == 1
    purchase = purchase_with(body["purchase_no"])
    assert (purchase.status, purchase.close_reason) == ("closed", "unpaid")
    assert payment_of(body["purchase_no"]).state == "closed"
    assert counter.simulator.look("orders")[0]["trade_state"] == "CLOSED"
    assert points_of(li) == (400, 0, 0)
    assert wallet_of(li) == (300, 100, 0)
    assert audited() == []


def test_a_payment_that_wechat_never_heard_of_is_closed_too(counter: Counter) -> None:
    li = counter.shopper(points=400)
    counter.simulator.fault("http_500", path="/v3/pay/transactions/jsapi")
    purchase_no = counter.buys(li, items=LATTE, most_points=190)["purchase_no"]
    counter.simulator.mend()
    passes(counter, 15)
    assert reconciling.reconcile() == 1
    assert purchase_with(purchase_no).status == "closed"
    assert points_of(li) == (400, 0, 0)


def test_an_order_that_nobody_pays_is_cancelled_with_its_purchase(counter: Counter) -> None:
    li = counter.shopper(points=400)
    order_no = counter.redeems(li, points=300, cash_fen=990)
    purchase_no = counter.buys(li, order_no=order_no)["purchase_no"]
    passes(counter, 15)
    assert reconciling.reconcile() == 1
    assert order_status(order_no) == "cancelled"
    assert purchase_with(purchase_no).close_reason == "unpaid"
    assert points_of(li) == (400, 0, 0)
    assert audited() == []


def test_nothing_is_let_go_while_wechat_does_not_say(counter: Counter) -> None:
    li = counter.shopper(points=400)
    purchase_no = counter.buys(li, items=LATTE, most_points=190)["purchase_no"]
    notice = counter.is_paid(purchase_no)
    counter.simulator.fault("http_500", path="/v3/pay/*")
    passes(counter, 15)
    assert reconciling.reconcile() == 0
    assert ledger.release_holds() == 0
    assert purchase_with(purchase_no).status == "awaiting_payment"
    counter.hears(notice)  # which comes in late, and is in time
    assert purchase_with(purchase_no).status == "paid"
    assert points_of(li) == (230, 0, 0)
    assert audited() == []


def test_what_stays_unknown_too_long_is_let_go_and_goes_back_if_it_was_paid(
    counter: Counter,
) -> None:
    li = counter.shopper(points=400)
    purchase_no = counter.buys(li, items=LATTE, most_points=190)["purchase_no"]
    counter.is_paid(purchase_no)
    counter.simulator.fault("http_500", path="/v3/pay/*")
    for _ in range(12):
        passes(counter, 15)
        assert reconciling.reconcile() == 0
    purchase = purchase_with(purchase_no)
    assert (purchase.status, purchase.close_reason) == ("closed", "outcome_unknown")
    assert payment_of(purchase_no).state == "open"  # it is still asked about
    assert points_of(li) == (400, 0, 0)
    counter.simulator.mend()
    passes(counter, 120)
    assert reconciling.reconcile() == 1
    counter.works()
    assert [(one.out_refund_no, one.refund_fen) for one in refunds_asked()] == [
        (f"{purchase_no}-late", 2000)
    ]
    assert points_of(li) == (400, 0, 0)
    assert audited() == []


def test_wechat_is_asked_less_and_less_often_and_never_after_a_week(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = counter.buys(li, items=LATTE)["purchase_no"]
    placed = now()
    counter.simulator.fault("http_500", path="/v3/pay/*")
    asked = []
    while check_at := payment_of(purchase_no).check_at:
        asked.append(check_at - placed)
        clock.set(check_at)
        reconciling.reconcile()
        assert len(asked) < 300
    minutes = [pause // timedelta(minutes=1) for pause in asked]
    assert minutes[:9] == [2, 4, 8, 15, 30, 60, 120, 180, 240]
    assert timedelta(days=8) < asked[-1] < timedelta(days=8, hours=1, minutes=1)


def test_one_that_wechat_does_not_tell_leaves_the_rest_for_the_next_turn(counter: Counter) -> None:
    li = counter.shopper()
    numbers = [counter.buys(li, items=LATTE)["purchase_no"] for _ in range(3)]
    passes(counter, 15)
    counter.simulator.fault("http_500", path="/v3/pay/*", times=1)
    assert reconciling.reconcile() == 0
    passes(counter, 60)
    assert reconciling.reconcile() == 3
    assert {purchase_with(number).status for number in numbers} == {"closed"}


def test_a_payment_that_does_not_fit_is_left_to_somebody(counter: Counter) -> None:
    li = counter.shopper(points=190)
    purchase_no = counter.buys(li, items=LATTE)["purchase_no"]
    counter.is_paid(purchase_no)
    with counter.simulator.world.lock:
        order = counter.simulator.world.pay.orders[purchase_no]
        order.asked["amount"]["total"] = 2189
    passes(counter, 15)
    before = moved()
    assert reconciling.reconcile() == 0
    payment = payment_of(purchase_no)
    assert (payment.state, payment.check_at) == ("open", now() + timedelta(minutes=15))
    assert moved() == before


def test_the_job_of_the_minute_reconciles_where_wechat_pay_is_taken(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = counter.buys(li, items=LATTE)["purchase_no"]
    passes(counter, 15)
    schedule = schedules()["purchases.reconcile"]
    assert schedule.every == timedelta(minutes=1)
    client, counter.app.extensions["wechat_pay"] = counter.app.extensions["wechat_pay"], None
    registered("purchases.reconcile").handler({})
    assert purchase_with(purchase_no).status == "awaiting_payment"
    counter.app.extensions["wechat_pay"] = client
    registered("purchases.reconcile").handler({})
    assert purchase_with(purchase_no).status == "closed"


def test_a_shop_that_gave_up_wechat_pay_lets_go_of_what_is_unknown(counter: Counter) -> None:
    li = counter.shopper(points=400)
    purchase_no = counter.buys(li, items=LATTE, most_points=190)["purchase_no"]
    counter.app.extensions["wechat_pay"] = None
    passes(counter, 15 + 120)
    assert reconciling.reconcile() == 0
    assert purchase_with(purchase_no).close_reason == "outcome_unknown"
    assert points_of(li) == (400, 0, 0)


def test_a_paid_purchase_cannot_be_paid_again(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = counter.buys(li, items=LATTE)["purchase_no"]
    counter.is_paid(purchase_no)
    with pytest.raises(PaymentNumberUsed):
        placing.pay_again(li, purchase_no)
