"""What a refund takes back and returns; what is refused moves nothing."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now, today
from miniprogram_api.core.db import db, transaction
from points_mall.earning.terms import Cashback, Rate
from points_mall.ledger import posting
from points_mall.ledger.models import PointsLot
from points_mall.ledger.services import expire_points
from points_mall.ledger.validity import expiry_of_points
from points_mall.purchases import events
from points_mall.purchases.errors import BadRefund, NoSuchPurchase, RefundTooLarge
from points_mall.purchases.facts import Outcome
from points_mall.purchases.models import Purchase, PurchaseLine
from points_mall.purchases.past import past_purchases
from points_mall.purchases.recording import record_purchase
from points_mall.purchases.refunds import preview_refund, record_refund, record_refunds
from points_mall.purchases.states import Purpose
from points_mall.redemption.reasons import REDEMPTION
from tests.builders import shanghai

from . import shop


def test_four_partial_refunds_of_21_90_that_earned_2_points_take_back_exactly_2(
    app: Flask,
) -> None:
    clock.set(shanghai("2026-11-21 13:00"))
    shop.open_shop(rate=Rate(1, 10_00))
    (li,) = shop.enrol()
    sale = shop.sold(li, 21_90)
    assert record_purchase(sale).points_earned == 2

    answers = [
        record_refund(shop.refunded(sale, str(number), fen))
        for number, fen in enumerate((5_00, 6_00, 7_00, 3_90))
    ]

    assert [one.points_taken_back for one in answers] == [0, 1, 0, 1]
    assert shop.points_of(li) == (0, 0, 0)
    assert shop.growth_of(li) == (0, 0, 0)
    assert shop.audited() == []


def test_one_line_of_three_and_then_the_rest(mall: Flask) -> None:
    (li,) = shop.enrol()
    number = shop.placed(li, 60_00, line_fens=(10_00, 20_00, 30_00))
    payment = shop.paid(number, 60_00)
    record_purchase(payment)

    first = record_refund(shop.refunded(payment, "1", 20_00, lines={2: 20_00}))

    assert (first.outcome, first.value_fen, first.cash_fen) == (Outcome.RECORDED, 20_00, 20_00)
    assert first.points_taken_back == 20
    assert shop.points_of(li) == (40, 0, 0)
    assert refunded_lines(number) == [0, 20_00, 0]

    rest = record_refund(shop.refunded(payment, "2", 40_00))

    assert rest.points_taken_back == 40
    assert shop.points_of(li) == (0, 0, 0)
    assert refunded_lines(number) == [10_00, 20_00, 30_00]
    assert shop.purchase_with(number).refunded_fen == 60_00
    assert shop.audited() == []


def test_a_refund_after_the_points_were_spent_is_owed_and_repaid_by_the_next_purchase(
    mall: Flask,
) -> None:
    (li,) = shop.enrol()
    sale = shop.sold(li, 100_00)
    record_purchase(sale)
    with transaction():
        posting.debit(li, 80, reason=REDEMPTION, reference="order:R1")

    record_refund(shop.refunded(sale, "1", 100_00))
    assert shop.points_of(li) == (0, 0, 80)

    record_purchase(shop.sold(li, 120_00))
    assert shop.points_of(li) == (40, 0, 0)
    assert shop.audited() == []


def test_earn_redeem_refund_and_cancel_keep_the_expiry_of_the_lots(mall: Flask) -> None:
    (li,) = shop.enrol()
    early, late = shanghai("2026-11-02 12:00"), shanghai("2026-11-21 12:00")
    first = shop.sold(li, 100_00, "r-1", at=early)
    second = shop.sold(li, 50_00, "r-2", at=late)
    record_purchase(first)
    record_purchase(second)
    before = lots(li)
    with transaction():
        posting.debit(li, 120, reason=REDEMPTION, reference="order:R1")

    record_refund(shop.refunded(second, "1", 20_00))
    with transaction():
        posting.restore(li, reason=REDEMPTION, reference="order:R1", by="cancel:R1")

    assert before == [(100, shop_expiry(early)), (50, shop_expiry(late))]
    assert lots(li) == [(100, shop_expiry(early)), (30, shop_expiry(late))]
    assert shop.points_of(li) == (130, 0, 0)
    assert shop.audited() == []


def test_points_and_wallet_money_that_paid_return_in_the_measure_of_the_refund(
    mall: Flask,
) -> None:
    (li,) = shop.enrol(points=300, principal_fen=20_00, bonus_fen=5_00)
    number = shop.placed(li, 45_00, points=300, points_fen=30_00, wallet_fen=25_00)
    payment = shop.paid(number, 45_00)
    record_purchase(payment)

    half = record_refund(shop.refunded(payment, "1", 50_00))

    assert (half.cash_fen, half.points_returned, half.wallet_returned_fen) == (22_50, 150, 12_50)
    assert half.points_taken_back == 32  # of the 65 that 45.00 in cash and 20.00 paid in had earned
    assert shop.points_of(li) == (65 - 32 + 150, 0, 0)

    rest = record_refund(shop.refunded(payment, "2", 50_00))

    assert (rest.cash_fen, rest.points_returned, rest.wallet_returned_fen) == (22_50, 150, 12_50)
    assert (shop.points_of(li), shop.wallet_of(li)) == ((300, 0, 0), (20_00, 5_00, 0))
    assert shop.audited() == []


def test_cashback_is_taken_back_and_what_was_spent_of_it_is_owed(app: Flask) -> None:
    clock.set(shanghai("2026-11-21 13:00"))
    shop.open_shop(cashback=Cashback(rate_bp=1_000, most_fen=50_00))
    (li,) = shop.enrol()
    sale = shop.sold(li, 100_00)
    record_purchase(sale)
    shop.placed(li, 1_00, wallet_fen=8_00)  # spends most of the 10.00

    answer = record_refund(shop.refunded(sale, "1", 50_00))

    assert answer.cashback_taken_back_fen == 5_00
    assert shop.wallet_of(li) == (0, 0, 3_00)
    assert shop.audited() == []


def test_a_refunded_top_up_leaves_the_wallet_with_its_bonus(mall: Flask) -> None:
    (li,) = shop.enrol()
    number = shop.placed(
        li, 100_00, purpose=Purpose.TOP_UP, explanation={"plan": {"bonus_fen": 12_00}}
    )
    payment = shop.paid(number, 100_00)
    record_purchase(payment)

    record_refund(shop.refunded(payment, "1", 100_00))

    assert (shop.wallet_of(li), shop.growth_of(li)) == ((0, 0, 0), (0, 0, 0))
    assert shop.audited() == []


def test_a_refund_lets_the_member_fall_and_takes_the_gift_back(mall: Flask) -> None:
    (li,) = shop.enrol()
    sale = shop.sold(li, 210_00)
    record_purchase(sale)
    assert (shop.tier_of(li), shop.points_of(li)) == ("gold", (260, 0, 0))

    record_refund(shop.refunded(sale, "1", 20_00))

    assert (shop.tier_of(li), shop.points_of(li)) == ("regular", (190, 0, 0))
    assert shop.audited() == []


def test_a_refund_before_its_payment_waits_and_is_applied_with_it(mall: Flask) -> None:
    (li,) = shop.enrol()
    sale = shop.sold(li, 100_00)
    before = shop.moved()

    early = record_refund(shop.refunded(sale, "1", 30_00))
    again = record_refund(shop.refunded(sale, "1", 30_00))

    assert (early.outcome, again.outcome) == (Outcome.WAITING, Outcome.REPEATED)
    assert shop.moved() == before
    record_purchase(sale)
    assert shop.points_of(li) == (70, 0, 0)
    assert [one.state for one in shop.refunds()] == ["applied"]
    assert shop.audited() == []


def test_a_refund_told_ten_times_takes_back_once(mall: Flask) -> None:
    (li,) = shop.enrol()
    sale = shop.sold(li, 100_00)
    record_purchase(sale)
    fact = shop.refunded(sale, "1", 30_00)

    answers = [*record_refunds([fact] * 5), *[record_refund(fact) for _ in range(5)]]

    assert [one.outcome for one in answers] == [Outcome.RECORDED, *[Outcome.REPEATED] * 9]
    assert {(one.value_fen, one.points_taken_back) for one in answers} == {(30_00, 30)}
    assert shop.points_of(li) == (70, 0, 0)


@pytest.mark.parametrize("amount_fen", [70_01, 10**12])
def test_a_refund_above_what_is_left_is_refused_and_nothing_moves(
    mall: Flask, amount_fen: int
) -> None:
    (li,) = shop.enrol()
    sale = shop.sold(li, 100_00)
    record_purchase(sale)
    record_refund(shop.refunded(sale, "1", 30_00))
    before = shop.moved()

    answers = [record_refund(shop.refunded(sale, "2", amount_fen)) for _ in range(2)]

    assert [one.outcome for one in answers] == [Outcome.REFUSED, Outcome.REPEATED]
    assert isinstance(answers[0].refusal, RefundTooLarge)
    assert shop.moved() == before
    assert [(one.state, one.value_fen) for one in shop.refunds()] == [
        ("applied", 30_00),
        ("refused", 0),
    ]
    assert shop.audited() == []


@pytest.mark.parametrize(
    "told",
    [
        {"amount_fen": 0},
        {"amount_fen": -5_00},
        {"cash_fen": -1},
        {"amount_fen": 10_00, "lines": {1: 9_99}},
        {"amount_fen": 10_00, "lines": {2: 10_00}},
    ],
)
def test_a_refund_that_cannot_be_is_refused(mall: Flask, told: dict[str, Any]) -> None:
    (li,) = shop.enrol()
    sale = shop.sold(li, 100_00)
    record_purchase(sale)
    before = shop.moved()

    answer = record_refund(shop.refunded(sale, "1", **told))

    assert isinstance(answer.refusal, BadRefund)
    assert shop.moved() == before


def test_one_bad_refund_of_many_is_refused_alone(mall: Flask) -> None:
    (li,) = shop.enrol()
    sale = shop.sold(li, 100_00)
    record_purchase(sale)

    answers = record_refunds(
        [shop.refunded(sale, str(number), fen) for number, fen in enumerate((40_00, 70_00, 60_00))]
    )

    assert [one.outcome for one in answers] == ["recorded", "refused", "recorded"]
    assert shop.points_of(li) == (0, 0, 0)
    assert shop.audited() == []


def test_a_preview_tells_what_the_refund_then_moves_and_writes_nothing(mall: Flask) -> None:
    (li,) = shop.enrol(points=300, principal_fen=20_00)
    number = shop.placed(li, 45_00, points=300, points_fen=30_00, wallet_fen=20_00)
    payment = shop.paid(number, 45_00)
    record_purchase(payment)
    record_refund(shop.refunded(payment, "1", 11_11))
    fact = shop.refunded(payment, "2", 33_33)
    before = shop.moved()

    preview = preview_refund(fact)

    assert shop.moved() == before
    assert len(shop.refunds()) == 1
    assert record_refund(fact) == preview


def test_a_preview_is_refused_like_the_refund(mall: Flask) -> None:
    (li,) = shop.enrol()
    sale = shop.sold(li, 10_00)
    with pytest.raises(NoSuchPurchase):
        preview_refund(shop.refunded(sale, "1", 1_00))
    record_purchase(sale)
    with pytest.raises(RefundTooLarge):
        preview_refund(shop.refunded(sale, "1", 10_01))
    assert shop.refunds() == []


def test_the_cash_of_a_purchase_that_was_paid_too_late_goes_back_and_nothing_else(
    mall: Flask,
) -> None:
    (li,) = shop.enrol()
    number = shop.placed(li, 30_00)
    payment = shop.paid(number, 30_00)
    early = record_refund(shop.refunded(payment, "1", cash_fen=30_00))
    with transaction() as session:
        session.execute(sa.update(Purchase).values(status="closed", closed_at=now()))
    assert early.outcome == Outcome.WAITING
    record_purchase(payment)

    assert [(one.state, one.value_fen) for one in shop.refunds()] == [("applied", 30_00)]
    assert (shop.points_of(li), shop.growth_of(li)) == ((0, 0, 0), (0, 0, 0))
    assert shop.audited() == []


def test_points_that_have_expired_meanwhile_are_not_owed(mall: Flask) -> None:
    (li,) = shop.enrol()
    sale = shop.sold(li, 100_00, at=shanghai("2026-11-01 12:00"))
    record_purchase(sale)
    clock.set(shanghai("2029-11-21 13:00"))
    expire_points()

    answer = record_refund(shop.refunded(sale, "1", 100_00, at=now()))

    assert answer.points_taken_back == 100  # by the refund's share; they were gone already
    assert shop.points_of(li) == (0, 0, 0)
    assert shop.audited() == []


def test_refunds_are_told_to_others_with_their_purchase(
    mall: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    def listen(refunds: list[Any]) -> None:
        told.extend(refunds)

    monkeypatch.setattr(events.purchases_refunded, "_handlers", [listen])
    (li,) = shop.enrol()
    sale = shop.sold(li, 100_00, "r-9")
    record_refund(shop.refunded(sale, "1", 30_00))
    assert told == []

    record_purchase(sale)

    ((purchase, refund),) = told
    assert (purchase.external_id, refund.external_id, refund.value_fen) == ("r-9", "r-9-1", 30_00)


def refunded_lines(purchase_no: str) -> list[int]:
    purchase = shop.purchase_with(purchase_no)
    query = sa.select(PurchaseLine.refunded_fen).filter_by(purchase_id=purchase.id)
    return list(db.session.scalars(query.order_by(PurchaseLine.line_no)))


def lots(_member_id: int) -> list[tuple[int, str]]:
    """What is left of each lot, and until when."""
    db.session.rollback()
    query = sa.select(PointsLot).where(PointsLot.remaining > 0).order_by(PointsLot.expires_at)
    return [(lot.remaining, str(lot.expires_at)) for lot in db.session.scalars(query)]


def shop_expiry(earned_at: Any) -> str:
    return str(expiry_of_points(earned_at))


def test_the_past_is_judged_again_less_what_was_refunded(mall: Flask) -> None:
    li, mei = shop.enrol(2)
    kept, half = shop.sold(li, 60_00, "a:1"), shop.sold(mei, 40_00, "a:2")
    for sale in (kept, half):
        record_purchase(sale)
    record_refund(shop.refunded(half, "1", 20_00))
    day = today()

    found = list(past_purchases(day, day))

    told = [(one.occasion.member_id, one.points, one.refunded, one.paid) for one in found]
    assert told == [(li, 60, 0, 0), (mei, 40, 20_00, 40_00)]
