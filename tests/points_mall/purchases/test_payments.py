"""Notices of WeChat Pay: what fits is recorded once, what does not moves nothing."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import transaction
from points_mall.purchases import cancelling, draining, inbox
from points_mall.purchases.bills import Item
from points_mall.purchases.models import PaymentNotice
from points_mall.purchases.states import WECHAT_PAY
from tests.services.wechat import Simulator

from .counter import Counter, payment_of, refunds_asked
from .shop import audited, moved, points_of, purchase_with, refunds, state, wallet_of

LATTE = (Item("latte"),)


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return simulator.pay_settings()


def outcomes(notices: list[PaymentNotice]) -> list[tuple[str, str | None]]:
    return [(notice.state, notice.note) for notice in notices]


def test_a_payment_earns_and_is_heard_once(counter: Counter) -> None:
    li = counter.shopper(points=400)
    purchase_no = counter.buys(li, items=LATTE, most_points=190)["purchase_no"]
    notice = counter.is_paid(purchase_no)
    assert outcomes(counter.hears(notice)) == [("applied", None)]
    purchase, payment = purchase_with(purchase_no), payment_of(purchase_no)
    assert (purchase.status, purchase.points_earned) == ("paid", 20)
    assert (payment.state, payment.check_at) == ("paid", None)
    assert payment.transaction_id == counter.simulator.look("orders")[0]["transaction_id"]
    assert points_of(li) == (230, 0, 0)
    before = moved()
    for _ in range(10):
        counter.hears(notice)
    assert len(counter.notices()) == 1
    inbox.store(WECHAT_PAY, "another-id", "TRANSACTION.SUCCESS", counter.notices()[0].resource)
    draining.drain()
    assert outcomes(counter.notices()) == [("applied", None), ("applied", "heard before")]
    assert moved() == before
    assert audited() == []


def test_what_is_paid_after_it_was_closed_goes_back(counter: Counter) -> None:
    li = counter.shopper(points=400)
    purchase_no = counter.buys(li, items=LATTE, most_points=190)["purchase_no"]
    counter.is_paid(purchase_no)
    with transaction():
        cancelling.close_of_member(li)
    before = points_of(li)
    late = "paid after it was closed; the money goes back"
    assert outcomes(counter.hears(*counter.told("TRANSACTION.SUCCESS"))) == [("applied", late)]
    counter.works()
    [back] = refunds_asked()
    assert (back.out_refund_no, back.refund_fen, back.total_fen) == (
        f"{purchase_no}-late",
        2000,
        2000,
    )
    assert (back.refund_no, back.state) == (None, "processing")
    counter.hears(*eventually_told(counter, 1))
    assert refunds_asked()[0].state == "success"
    purchase = purchase_with(purchase_no)
    assert (purchase.status, purchase.points_earned) == ("closed", 0)
    assert points_of(li) == before == (400, 0, 0)
    assert audited() == []


def test_what_is_heard_after_its_points_were_let_go_goes_back(counter: Counter) -> None:
    """Nobody heard anything for longer than points are held."""
    li = counter.shopper(points=400, bonus=100)
    purchase_no = counter.buys(li, items=LATTE, most_points=190, most_wallet_fen=None)[
        "purchase_no"
    ]
    notice = counter.is_paid(purchase_no)
    clock.advance(timedelta(hours=24, minutes=16))
    counter.hears(notice)
    counter.works()
    assert purchase_with(purchase_no).status == "closed"
    assert [(one.refund_fen, one.refund_no) for one in refunds_asked()] == [(1900, None)]
    assert points_of(li) == (400, 0, 0)
    assert wallet_of(li) == (0, 100, 0)
    assert audited() == []


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"amount": {"total": 2189, "currency": "CNY"}}, "not what was asked for: amount"),
        ({"amount": {"total": 2191, "currency": "CNY"}}, "not what was asked for: amount"),
        ({"amount": {"total": 2190, "currency": "USD"}}, "not what was asked for: currency"),
        ({"payer": {"openid": "o-somebody-else"}}, "not what was asked for: payer"),
        ({"payer": {}}, "not what was asked for: payer"),
        ({"mchid": "1900000009"}, "not what was asked for: mchid"),
        ({"appid": "wx0000000000000009"}, "not what was asked for: appid"),
        ({"amount": {"total": -1, "currency": "CNY"}}, "amount.total is no number of fen"),
        ({"amount": {"total": 10**15, "currency": "CNY"}}, "amount.total is no number of fen"),
        ({"amount": {"total": "2190", "currency": "CNY"}}, "amount.total is no number of fen"),
        ({"transaction_id": ""}, "a paid order without transaction_id or success_time"),
        ({"trade_state": "FREE"}, "trade_state is none that is documented"),
    ],
)
def test_a_payment_that_does_not_fit_moves_nothing(
    counter: Counter, change: dict[str, Any], note: str
) -> None:
    li = counter.shopper(points=400)
    purchase_no = counter.buys(li, items=LATTE)["purchase_no"]
    before = moved()
    told = counter.simulator.pay(purchase_no)["transaction"] | change
    told_by_wechat(counter, "TRANSACTION.SUCCESS", told)
    assert outcomes(counter.notices()) == [("failed", note)]
    assert payment_of(purchase_no).state == "open"
    assert moved() == before


def test_a_payment_of_nobody_is_ignored(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = counter.buys(li, items=LATTE)["purchase_no"]
    told = counter.simulator.pay(purchase_no)["transaction"]
    before = moved()
    told_by_wechat(counter, "TRANSACTION.SUCCESS", told | {"out_trade_no": "P00000000"})
    told_by_wechat(counter, "TRANSACTION.SUCCESS", told | {"trade_state": "NOTPAY"})
    told_by_wechat(counter, "TRANSACTION.SOMETHING_NEW", told)
    assert [state for state, _ in outcomes(counter.notices())] == ["ignored"] * 3
    assert moved() == before


def test_one_bad_notice_fails_alone(counter: Counter) -> None:
    li = counter.shopper()
    numbers = [counter.buys(li, items=LATTE)["purchase_no"] for _ in range(3)]
    told = [counter.simulator.pay(number)["transaction"] for number in numbers]
    told[1]["amount"] = {"total": 1, "currency": "CNY"}
    for number, resource in zip(numbers, told, strict=True):
        inbox.store(WECHAT_PAY, f"notice of {number}", "TRANSACTION.SUCCESS", resource)
    draining.drain()
    assert [purchase_with(number).status for number in numbers] == [
        "paid",
        "awaiting_payment",
        "paid",
    ]
    assert points_of(li) == (42, 0, 0)


# ------------------------------------------------------------------ refunds of the merchant platform


def test_a_refund_by_hand_is_shared_over_what_paid(counter: Counter) -> None:
    li = counter.shopper(points=1000, principal=500)
    body = counter.buys(li, items=LATTE, most_points=690, most_wallet_fen=500)
    assert body["payable_fen"] == 1000
    counter.hears(counter.is_paid(body["purchase_no"]))
    assert points_of(li) == (325, 0, 0)
    counter.simulator.control("refunds", out_trade_no=body["purchase_no"], amount_fen=500)
    counter.hears(*eventually_told(counter, 1))
    purchase = purchase_with(body["purchase_no"])
    assert purchase.refunded_fen == 1095  # half of the cash is half of the bill
    [refund] = refunds()
    assert (refund.cash_fen, refund.points_returned, refund.wallet_returned_fen) == (500, 345, 250)
    assert refund.points_taken_back == 7  # half of 15, rounded down
    assert points_of(li) == (325 + 345 - 7, 0, 0)
    counter.simulator.control("refunds", out_trade_no=body["purchase_no"])
    counter.hears(*eventually_told(counter, 2))
    assert purchase_with(body["purchase_no"]).refunded_fen == 2190
    assert points_of(li) == (1000, 0, 0)
    assert wallet_of(li) == (500, 0, 0)
    assert audited() == []


def test_every_order_of_notices_ends_the_same(counter: Counter) -> None:
    """Pay, two refunds, duplicates of each: nobody earns or keeps more for the order they came in."""
    ends = []
    orders = list(itertools.permutations(range(3)))
    for turn, order in enumerate(orders):
        li = counter.shopper(f"o-turn-{turn}", points=300)
        purchase_no = counter.buys(li, items=LATTE, most_points=190)["purchase_no"]
        known = {one["notice_id"] for one in counter.simulator.look("notices")}
        counter.is_paid(purchase_no)
        for fen in (700, 600):
            counter.simulator.control("refunds", out_trade_no=purchase_no, amount_fen=fen)
        messages = newly_told(counter, known, 3)
        for place in order:
            counter.hears(messages[place])
            counter.hears(messages[place])
        counter.hears(*messages)
        purchase = purchase_with(purchase_no)
        ends.append((purchase.refunded_fen, purchase.points_earned, points_of(li), wallet_of(li)))
    assert len(ends) == 6
    # 13.00 of 20.00 in cash; 12 of 20 points taken back, 124 of 190 returned
    assert set(ends) == {(1423, 20, (110 + 20 - 12 + 124, 0, 0), (0, 0, 0))}
    assert audited() == []


@pytest.mark.parametrize(
    ("change", "outcome", "note"),
    [
        ({"out_trade_no": "P00000000"}, "ignored", "no payment of ours has this number"),
        ({"mchid": "1900000009"}, "failed", "not what was asked for: mchid"),
        ({"amount": {"total": 2191, "refund": 100}}, "failed", "not what was asked for: payment"),
        ({"refund_status": "CLOSED"}, "ignored", "nothing moved: CLOSED"),
        ({"refund_status": "ABNORMAL"}, "ignored", "nothing moved: ABNORMAL"),
        (
            {"amount": {"total": 2190, "refund": 2191}},
            "failed",
            "2191 fen are more than the 2190 that are left",
        ),
        (
            {"amount": {"total": 2190, "refund": 0}},
            "failed",
            "a refund says how much it gives back",
        ),
        ({"amount": {"total": 2190}}, "failed", "amount.refund is no number of fen"),
    ],
)
def test_a_refund_that_does_not_fit_moves_nothing(
    counter: Counter, change: dict[str, Any], outcome: str, note: str
) -> None:
    li = counter.shopper()
    purchase_no = counter.buys(li, items=LATTE)["purchase_no"]
    paid = counter.simulator.pay(purchase_no)["transaction"]
    counter.hears(*counter.told("TRANSACTION.SUCCESS"))
    before = state()["points"], purchase_with(purchase_no).refunded_fen
    resource = {
        "mchid": paid["mchid"],
        "transaction_id": paid["transaction_id"],
        "out_trade_no": purchase_no,
        "refund_id": "5030000000",
        "out_refund_no": "by-hand-1",
        "refund_status": "SUCCESS",
        "success_time": now().isoformat(),
        "amount": {"total": 2190, "refund": 100},
    }
    told_by_wechat(counter, "REFUND.SUCCESS", resource | change)
    assert outcomes(counter.notices())[1:] == [(outcome, note)]
    assert (state()["points"], purchase_with(purchase_no).refunded_fen) == before


def told_by_wechat(counter: Counter, event_type: str, resource: dict[str, Any]) -> None:
    """A notice that WeChat signed, whatever is in it."""
    inbox.store(WECHAT_PAY, f"notice-{len(counter.notices())}", event_type, resource)
    draining.drain()


def eventually_told(counter: Counter, count: int) -> list[str]:
    """The notices of refunds, once there are so many."""
    return counter.waits_for(lambda: counter.told("REFUND.SUCCESS"), count)


def newly_told(counter: Counter, known: set[str], count: int) -> list[str]:
    def fresh() -> list[str]:
        told = [str(one["notice_id"]) for one in counter.simulator.look("notices")]
        return [one for one in told if one not in known]

    return counter.waits_for(fresh, count)
