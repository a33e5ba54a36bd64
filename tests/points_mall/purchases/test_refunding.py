"""Giving money back: asked of WeChat under one number, taking effect once it is on its way."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import transaction
from miniprogram_api.core.errors import DomainError
from points_mall.coupons.terms import Policy, Restore
from points_mall.ledger import posting
from points_mall.ledger.reasons import declare
from points_mall.purchases import reconciling
from points_mall.purchases.bills import Item
from points_mall.purchases.errors import BadRefund, NoSuchPurchase, RefundTooLarge
from points_mall.purchases.facts import Outcome, RecordedRefund
from points_mall.purchases.placing_errors import NotRefundableHere, PurchaseStepNotAllowed
from points_mall.purchases.recording import record_purchase
from points_mall.purchases.refunding import refund_purchase
from points_mall.wallet import plans
from tests.points_mall.coupons.conftest import coupon, give, history, template
from tests.services.wechat import Simulator
from tests.together import all_at_once

from .counter import Counter, refunds_asked
from .shop import (
    audited,
    growth_of,
    moved,
    points_of,
    purchase_with,
    refunds,
    sold,
    wallet_of,
)

LATTE = (Item("latte"),)
SPENT = declare("test_spent", "测试消费", "Test spending", counterparty="test")


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {**simulator.pay_settings(), "POINTS_AS_CASH_CAP_BP": 10_000}


def bought(counter: Counter, member_id: int, **asked: Any) -> str:
    """A purchase that is paid; its number."""
    purchase_no = str(counter.buys(member_id, **asked)["purchase_no"])
    counter.hears(counter.is_paid(purchase_no))
    return purchase_no


def refund(purchase_no: str, amount_fen: int | None = None, **more: Any) -> object:
    return refund_purchase(
        purchase_no, amount_fen=amount_fen, reason="不想要了", actor="cli:li", **more
    )


def money_arrives(counter: Counter, count: int) -> None:
    """WeChat pays so many refunds in all, and tells of them."""
    counter.works()
    counter.hears(*counter.waits_for(lambda: counter.told("REFUND.SUCCESS"), count))


def test_a_refund_takes_effect_once_its_cash_is_on_its_way(counter: Counter) -> None:
    li = counter.shopper(points=190)
    purchase_no = bought(counter, li, items=LATTE, most_points=190)
    assert points_of(li) == (20, 0, 0)
    asked = refund_purchase(purchase_no, reason="不想要了", actor="cli:li")
    assert (asked.outcome, asked.value_fen, asked.cash_fen) == (Outcome.WAITING, 2190, 2000)
    assert (asked.points_taken_back, asked.points_returned) == (20, 190)
    assert purchase_with(purchase_no).refunded_fen == 0
    assert points_of(li) == (20, 0, 0)
    money_arrives(counter, 1)
    assert [one.state for one in refunds_asked()] == ["success"]
    [booked] = refunds()
    assert (booked.state, booked.reason, booked.actor) == ("applied", "不想要了", "cli:li")
    assert purchase_with(purchase_no).refunded_fen == 2190
    assert points_of(li) == (190, 0, 0)
    assert audited() == []


def test_four_partial_refunds_take_back_exactly_what_was_earned(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = bought(counter, li, items=LATTE)
    earned = purchase_with(purchase_no).points_earned
    assert earned == 21
    for turn, amount in enumerate((547, 548, 547, 548), start=1):
        refund(purchase_no, amount)
        clock.advance(timedelta(minutes=2))
        counter.simulator.set_clock(now())
        money_arrives(counter, turn)
    assert [one.points_taken_back for one in refunds()] == [5, 5, 5, 6]
    assert purchase_with(purchase_no).refunded_fen == 2190
    assert points_of(li) == (0, 0, 0)
    assert audited() == []


def test_a_refund_of_one_line_leaves_the_others(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = bought(counter, li, items=(Item("latte"), Item("tee")))
    refund_purchase(purchase_no, lines={2: 9900}, reason="尺码不合", actor="cli:li")
    money_arrives(counter, 1)
    assert purchase_with(purchase_no).refunded_fen == 9900
    assert points_of(li) == (120 - 98, 0, 0)
    with pytest.raises(RefundTooLarge):
        refund_purchase(purchase_no, lines={2: 1}, reason="", actor="cli:li")
    with pytest.raises(BadRefund):
        refund_purchase(purchase_no, lines={3: 1}, reason="", actor="cli:li")
    assert audited() == []


def test_points_that_were_spent_meanwhile_become_debt(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = bought(counter, li, items=LATTE)
    with transaction():
        posting.debit(li, 21, reason=SPENT, reference="spent")
    refund(purchase_no)
    money_arrives(counter, 1)
    assert points_of(li) == (0, 0, 21)
    bought(counter, li, amount_fen=3000)
    assert points_of(li) == (9, 0, 0)
    assert audited() == []


def test_what_no_cash_paid_goes_back_at_once(counter: Counter) -> None:
    li = counter.shopper(principal=2000, bonus=190)
    purchase_no = str(counter.buys(li, items=LATTE, most_wallet_fen=None)["purchase_no"])
    done = refund_purchase(purchase_no, amount_fen=1095, reason="", actor="cli:li")
    assert (done.outcome, done.wallet_returned_fen) == (Outcome.RECORDED, 1095)
    assert done.points_taken_back == 10
    assert wallet_of(li) == (1095, 0, 0)  # principal first: it was spent last
    assert refunds_asked() == []
    refund(purchase_no)
    assert wallet_of(li) == (2000, 190, 0)
    assert points_of(li) == (0, 0, 0)
    assert audited() == []


def coffee_for_a_coupon(counter: Counter, li: int, policy: Policy, **terms: Any) -> tuple[str, str]:
    """A purchase that a coupon paid for whole, and the coupon."""
    template("coffee", restore=Restore(policy), **{"amount_fen": 2190, **terms})
    [code] = give(li, "coffee")
    body = counter.buys(li, items=LATTE, coupons=(code,))
    assert (body["status"], body["total_fen"], coupon(code).state) == ("paid", 0, "used")
    return str(body["purchase_no"]), code


@pytest.mark.parametrize(
    ("policy", "state"),
    [(Policy.WHOLE, "unused"), (Policy.BY_SHARE, "unused"), (Policy.NEVER, "used")],
)
def test_what_a_coupon_paid_for_whole_goes_back_once_by_the_coupon_s_own_terms(
    counter: Counter, policy: Policy, state: str
) -> None:
    li = counter.shopper(points=50)
    purchase_no, code = coffee_for_a_coupon(counter, li, policy)
    assert growth_of(li) == (0, 1, 0)

    done = refund_purchase(purchase_no, reason="不想要了", actor="cli:li")

    assert (done.outcome, done.value_fen, done.cash_fen) == (Outcome.RECORDED, 0, 0)
    assert (coupon(code).state, coupon(code).restored_fen) == (state, 0)
    assert growth_of(li) == (0, 0, 0)
    assert (points_of(li), refunds_asked()) == ((50, 0, 0), [])
    assert audited() == []
    before = moved()
    with pytest.raises(BadRefund):
        refund(purchase_no)
    with pytest.raises(RefundTooLarge):
        refund(purchase_no, 1)
    assert moved() == before


def test_a_refund_of_nothing_that_was_only_asked_about_moves_nothing(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no, code = coffee_for_a_coupon(counter, li, Policy.WHOLE)
    before = moved()
    assert refund_purchase(purchase_no, reason="", actor="cli:li", dry_run=True).value_fen == 0
    assert (moved(), coupon(code).state) == (before, "used")


def test_a_repeat_under_one_reference_refunds_nothing_twice(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no, code = coffee_for_a_coupon(counter, li, Policy.WHOLE)
    first, again = (refund(purchase_no, reference="ticket-7") for _ in range(2))
    assert isinstance(first, RecordedRefund)
    assert isinstance(again, RecordedRefund)
    assert (first.outcome, again.outcome) == (Outcome.RECORDED, Outcome.REPEATED)
    assert history(code).count("restored") == 1
    assert audited() == []


def test_of_16_whole_refunds_at_once_one_gives_the_coupon_back(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no, code = coffee_for_a_coupon(counter, li, Policy.WHOLE)

    answers = all_at_once(counter.app, [lambda: refund(purchase_no)] * 16)

    done = [one for one in answers if isinstance(one, RecordedRefund)]
    refused = [one for one in answers if isinstance(one, BadRefund)]
    assert (len(done), len(refused)) == (1, 15)
    assert history(code).count("restored") == 1
    assert (growth_of(li), len(refunds())) == ((0, 0, 0), 1)
    assert audited() == []


def test_points_that_paid_for_all_of_it_go_back_in_parts_or_whole(counter: Counter) -> None:
    li = counter.shopper(points=2190)
    purchase_no = str(counter.buys(li, items=LATTE, most_points=None)["purchase_no"])
    assert points_of(li) == (0, 0, 0)
    refund(purchase_no, 730)
    assert points_of(li) == (730, 0, 0)
    refund(purchase_no)
    assert points_of(li) == (2190, 0, 0)
    assert (growth_of(li), purchase_with(purchase_no).refunded_fen) == ((0, 0, 0), 2190)
    assert audited() == []


def test_stored_value_is_taken_back_in_the_measure_of_the_refund(counter: Counter) -> None:
    plans.put_plan("hundred", title="充100送10", pay_fen=10000, bonus_fen=1000)
    li = counter.shopper()
    purchase_no = bought(counter, li, plan="hundred")
    refund(purchase_no, 5000)
    money_arrives(counter, 1)
    assert wallet_of(li) == (5000, 500, 0)
    assert audited() == []


def test_a_repeat_of_the_same_cause_refunds_once(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = bought(counter, li, items=LATTE)
    refund(purchase_no, 1000, reference="ticket-7")
    again = refund_purchase(
        purchase_no, amount_fen=1000, reason="", actor="cli:li", reference="ticket-7"
    )
    assert again.outcome == Outcome.REPEATED
    assert [one.refund_fen for one in refunds_asked()] == [1000]
    refund(purchase_no, 1000)  # another one, though it looks the same
    assert [one.refund_fen for one in refunds_asked()] == [1000, 1000]


def test_a_dry_run_tells_and_moves_nothing(counter: Counter) -> None:
    li = counter.shopper(points=190)
    purchase_no = bought(counter, li, items=LATTE, most_points=190)
    before = moved(), refunds(), refunds_asked()
    told = refund_purchase(purchase_no, amount_fen=1095, reason="", actor="x", dry_run=True)
    assert (told.value_fen, told.cash_fen, told.points_returned) == (1095, 1000, 95)
    assert told.points_taken_back == 10
    assert (moved(), refunds(), refunds_asked()) == before


def test_what_cannot_be_refunded_moves_nothing(counter: Counter) -> None:
    li = counter.shopper()
    unpaid = str(counter.buys(li, items=LATTE)["purchase_no"])
    purchase_no = bought(counter, li, items=LATTE)
    record_purchase(sold(li, 5000, "receipt-1"))
    at_the_till = moved()["purchases"]
    refund(purchase_no, 2000)  # asked, and counted though it has not come about
    before = moved()
    refusals: list[tuple[type[DomainError], str, int | None]] = [
        (RefundTooLarge, purchase_no, 191),
        (BadRefund, purchase_no, 0),
        (BadRefund, purchase_no, -5),
        (RefundTooLarge, purchase_no, 10**15),
        (PurchaseStepNotAllowed, unpaid, None),
        (NoSuchPurchase, "P0000", None),
    ]
    for refusal, number, amount in refusals:
        with pytest.raises(refusal):
            refund(number, amount)
    with pytest.raises(NotRefundableHere):
        refund(till_number())
    assert moved() == before
    assert moved()["purchases"] == at_the_till
    refund(purchase_no, 190)
    with pytest.raises(BadRefund):  # nothing is left
        refund(purchase_no)


def till_number() -> str:
    from_till = sa.select(sa.text("purchase_no")).select_from(sa.text("purchase"))
    query = from_till.where(sa.text("source = 'till'"))
    with transaction() as session:
        return str(session.scalars(query).one())


# ------------------------------------------------------------------ when WeChat does not play along


def test_a_refund_without_an_answer_is_asked_for_again_under_its_number(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = bought(counter, li, items=LATTE)
    counter.simulator.fault("reset", path="/v3/refund/*", after_acting=True, times=1)
    refund(purchase_no)
    with pytest.raises(DomainError):
        counter.works()
    assert [(one.state, one.attempts) for one in refunds_asked()] == [("asked", 1)]
    clock.advance(timedelta(minutes=3))
    reconciling.reconcile()
    assert len(counter.simulator.look("refunds")) == 1
    counter.hears(*counter.waits_for(lambda: counter.told("REFUND.SUCCESS"), 1))
    assert purchase_with(purchase_no).refunded_fen == 2190


def test_a_lost_notice_is_found_out_by_asking(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = bought(counter, li, items=LATTE)
    refund(purchase_no)
    counter.works()
    counter.waits_for(lambda: counter.told("REFUND.SUCCESS"), 1)
    assert reconciling.reconcile() == 0  # its time has not come
    clock.advance(timedelta(minutes=3))
    assert reconciling.reconcile() == 1
    assert purchase_with(purchase_no).refunded_fen == 2190
    assert [one.state for one in refunds_asked()] == ["success"]
    before = moved()
    counter.hears(*counter.told("REFUND.SUCCESS"))
    assert moved() == before


def test_a_refund_that_wechat_gives_up_leaves_the_purchase_as_it_was(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = bought(counter, li, items=LATTE)
    before = points_of(li)
    counter.simulator.fault("refund_closed")
    refund(purchase_no)
    counter.works()
    counter.hears(*counter.waits_for(lambda: counter.told("REFUND.CLOSED"), 1))
    assert [one.state for one in refunds_asked()] == ["closed"]
    assert [(one.state, one.note) for one in refunds()] == [("refused", "WeChat Pay: closed")]
    assert purchase_with(purchase_no).refunded_fen == 0
    assert points_of(li) == before
    counter.simulator.mend()
    refund(purchase_no)  # and now it can be asked for again, under another number
    money_arrives(counter, 1)
    assert purchase_with(purchase_no).refunded_fen == 2190
    assert audited() == []


def test_a_refund_that_the_bank_refuses_waits_for_somebody(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = bought(counter, li, items=LATTE)
    counter.simulator.fault("refund_abnormal")
    refund(purchase_no)
    counter.works()
    counter.hears(*counter.waits_for(lambda: counter.told("REFUND.ABNORMAL"), 1))
    assert [one.state for one in refunds_asked()] == ["abnormal"]
    assert purchase_with(purchase_no).refunded_fen == 0
    with pytest.raises(BadRefund):  # it still counts: the money is at WeChat
        refund(purchase_no)


def test_a_refund_that_wechat_refuses_outright_is_given_up(counter: Counter) -> None:
    li = counter.shopper()
    purchase_no = bought(counter, li, items=LATTE)
    counter.simulator.fault("pay_error", path="/v3/refund/*", status=400, code="INVALID_REQUEST")
    refund(purchase_no)
    counter.works()
    [asked] = refunds_asked()
    assert asked.state == "refused"
    assert "INVALID_REQUEST" in (asked.note or "")
    assert [one.state for one in refunds()] == ["refused"]
    assert purchase_with(purchase_no).refunded_fen == 0
