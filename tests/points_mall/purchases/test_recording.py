"""What a payment brings, and that telling it again brings nothing more."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from points_mall.earning.terms import Campaign, Cashback, Rate
from points_mall.ledger import posting
from points_mall.purchases import events
from points_mall.purchases.errors import AmountDiffers, BadPayment, NoSuchPurchase, PayerDiffers
from points_mall.purchases.facts import Outcome, Paid, PaidLine
from points_mall.purchases.judging import MOST_FEN
from points_mall.purchases.models import Purchase
from points_mall.purchases.recording import record_purchase, record_purchases
from points_mall.purchases.refunds import record_refunds
from points_mall.purchases.states import Purpose
from tests.builders import shanghai

from . import shop
from .shop import LATER, NOON


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """What was told to others: the event and the numbers of its purchases."""
    told: list[tuple[str, list[str]]] = []

    def listen(name: str) -> Any:
        return lambda purchases: told.append((name, [one.purchase_no for one in purchases]))

    for event in (events.purchases_paid, events.paid_too_late):
        monkeypatch.setattr(event, "_handlers", [listen(event.name)])
    return told


def test_a_payment_earns_points_and_growth(mall: Flask) -> None:
    (li,) = shop.enrol()
    purchase_no = shop.placed(li, 88_50)

    answer = record_purchase(shop.paid(purchase_no, 88_50))

    assert (answer.outcome, answer.purchase_no, answer.points_earned) == (
        Outcome.RECORDED,
        purchase_no,
        88,
    )
    assert shop.points_of(li) == (88, 0, 0)
    assert shop.growth_of(li) == (88_50, 1, 88)
    bought = shop.purchase_with(purchase_no)
    assert (bought.status, bought.paid_at, bought.points_earned) == ("paid", NOON, 88)
    assert shop.audited() == []


def test_a_payment_told_ten_times_brings_what_it_brings_once(
    mall: Flask, heard: list[tuple[str, list[str]]]
) -> None:
    (li,) = shop.enrol()
    fact = shop.paid(shop.placed(li, 88_50), 88_50)

    answers = [*record_purchases([fact] * 5), *[record_purchase(fact) for _ in range(5)]]

    assert [one.outcome for one in answers] == [Outcome.RECORDED, *[Outcome.REPEATED] * 9]
    assert {one.points_earned for one in answers} == {88}
    assert shop.points_of(li) == (88, 0, 0)
    assert shop.growth_of(li) == (88_50, 1, 88)
    assert heard == [("purchases_paid", [fact.external_id])]


def test_points_and_wallet_pay_their_part_and_only_money_earns(mall: Flask) -> None:
    (li,) = shop.enrol(points=500, principal_fen=20_00, bonus_fen=5_00)
    number = shop.placed(li, 60_00, points=300, points_fen=30_00, wallet_fen=25_00)
    assert shop.points_of(li) == (200, 300, 0)

    answer = record_purchase(shop.paid(number, 60_00))

    assert answer.points_earned == 80  # 60.00 in cash and 20.00 that Li had paid into the wallet
    assert shop.points_of(li) == (280, 0, 0)
    assert shop.wallet_of(li) == (0, 0, 0)
    assert shop.growth_of(li) == (80_00, 1, 80)
    assert shop.audited() == []


def test_a_sale_of_the_till_is_written_down_as_it_was_told(mall: Flask) -> None:
    (li,) = shop.enrol()
    fact = Paid(
        "till",
        "8-20261121-17",
        40_00,
        NOON,
        li,
        "两件",
        "徐家汇店",
        [PaidLine("豆", 30_00, 25_00, "coffee", "sku-1", 2), PaidLine("杯", 15_00, category="cup")],
    )

    answer = record_purchase(fact)

    bought = shop.purchase_with(answer.purchase_no or "")
    figures = (bought.gross_fen, bought.discount_fen, bought.total_fen, bought.cash_fen)
    assert figures == (45_00, 5_00, 40_00, 40_00)
    assert (bought.source, bought.external_id, bought.store) == (
        "till",
        "8-20261121-17",
        "徐家汇店",
    )
    assert shop.points_of(li) == (40, 0, 0)
    assert shop.audited() == []


def test_what_nobody_has_bought_yet_earns_once_it_is_somebodys(mall: Flask) -> None:
    fact = shop.sold(None, 66_00, "receipt-1")
    first = record_purchase(fact)
    (waiting,) = record_refunds([shop.refunded(fact, "1", 16_00)])
    assert (first.outcome, first.points_earned, waiting.outcome) == (
        Outcome.RECORDED,
        0,
        Outcome.WAITING,
    )
    (li,) = shop.enrol()

    adopted = record_purchase(replace(fact, member_id=li))
    again = record_purchase(replace(fact, member_id=li))

    assert (adopted.outcome, adopted.points_earned, again.outcome) == (
        Outcome.RECORDED,
        66,
        Outcome.REPEATED,
    )
    assert shop.points_of(li) == (50, 0, 0)  # the refund that waited took 16 of them back
    assert shop.growth_of(li) == (50_00, 1, 50)
    assert shop.audited() == []


def test_a_member_who_has_left_earns_nothing(mall: Flask) -> None:
    (li,) = shop.enrol()
    with transaction() as session:
        session.execute(sa.update(Member).where(Member.id == li).values(closed_at=now()))
    before = shop.moved()["points"]

    answer = record_purchase(shop.sold(li, 50_00))

    assert (answer.outcome, answer.points_earned) == (Outcome.RECORDED, 0)
    assert shop.purchase_with(answer.purchase_no or "").member_id is None
    assert shop.moved()["points"] == before


def test_growth_lifts_the_member_and_the_gift_is_given(mall: Flask) -> None:
    (li,) = shop.enrol()

    record_purchase(shop.sold(li, 250_00))

    assert shop.tier_of(li) == "gold"
    assert shop.points_of(li) == (250 + 50, 0, 0)


def test_cashback_goes_to_the_wallet_as_bonus(app: Flask) -> None:
    clock.set(shanghai("2026-11-21 13:00"))
    shop.open_shop(cashback=Cashback(rate_bp=100, most_fen=50))
    (li,) = shop.enrol()

    answer = record_purchase(shop.sold(li, 88_00))

    assert answer.cashback_fen == 50
    assert shop.wallet_of(li) == (0, 50, 0)
    assert shop.audited() == []


def test_the_first_purchase_is_the_first_of_all_told_at_once(app: Flask) -> None:
    clock.set(shanghai("2026-11-21 13:00"))
    shop.open_shop(campaigns=(Campaign("first", "首单双倍", 20_000, first_purchase=True),))
    (li,) = shop.enrol()

    answers = record_purchases([shop.sold(li, 10_00), shop.sold(li, 10_00)])

    assert [one.points_earned for one in answers] == [20, 10]
    assert record_purchase(shop.sold(li, 10_00)).points_earned == 10


def test_a_top_up_fills_the_wallet_and_earns_nothing(mall: Flask) -> None:
    (li,) = shop.enrol()
    number = shop.placed(
        li, 100_00, purpose=Purpose.TOP_UP, explanation={"plan": {"bonus_fen": 12_00}}
    )

    answer = record_purchase(shop.paid(number, 100_00))

    assert answer.points_earned == 0
    assert shop.wallet_of(li) == (100_00, 12_00, 0)
    assert (shop.points_of(li), shop.growth_of(li)) == ((0, 0, 0), (0, 0, 0))
    assert shop.audited() == []


def test_paid_after_it_was_closed_moves_nothing_and_is_told_once(
    mall: Flask, heard: list[tuple[str, list[str]]]
) -> None:
    (li,) = shop.enrol()
    number = shop.placed(li, 30_00)
    close(number)
    before = shop.moved()

    answers = [record_purchase(shop.paid(number, 30_00)) for _ in range(3)]

    assert [one.outcome for one in answers] == [Outcome.LATE, Outcome.REPEATED, Outcome.REPEATED]
    assert shop.moved() == before
    assert shop.purchase_with(number).paid_late_at == NOON
    assert heard == [("paid_too_late", [number])]


def test_paid_when_its_points_are_held_no_longer_counts_as_late(
    mall: Flask, heard: list[tuple[str, list[str]]]
) -> None:
    (li,) = shop.enrol(points=100, principal_fen=7_00)
    number = shop.placed(li, 3_00, points=100, points_fen=10_00, wallet_fen=7_00)
    clock.set(LATER)  # the hold is over
    with transaction():
        posting.debit(li, 60, reason=shop.GIFT, reference="spent elsewhere")

    answer = record_purchase(shop.paid(number, 3_00))

    assert (answer.outcome, answer.points_earned) == (Outcome.LATE, 0)
    assert (shop.points_of(li), shop.wallet_of(li)) == ((40, 0, 0), (7_00, 0, 0))
    closed = shop.purchase_with(number)
    assert (closed.status, closed.close_reason, closed.paid_late_at) == (
        "closed",
        "hold_over",
        NOON,
    )
    assert heard == [("paid_too_late", [number])]
    assert shop.audited() == []


@pytest.mark.parametrize("told_fen", [29_99, 30_01, 0, -30_00, 10**12])
def test_another_amount_than_was_owed_is_refused(mall: Flask, told_fen: int) -> None:
    (li,) = shop.enrol()
    number = shop.placed(li, 30_00)
    before = shop.moved()

    answer = record_purchase(shop.paid(number, told_fen))

    assert answer.outcome == Outcome.REFUSED
    assert isinstance(answer.refusal, AmountDiffers)
    assert answer.refusal.numbers == {"paid_fen": told_fen, "owed_fen": 30_00}
    assert shop.moved() == before


def test_a_payment_by_another_member_is_refused(mall: Flask) -> None:
    li, mei = shop.enrol(2)
    number = shop.placed(li, 30_00)
    before = shop.moved()

    answer = record_purchase(shop.paid(number, 30_00, member_id=mei))

    assert isinstance(answer.refusal, PayerDiffers)
    assert shop.moved() == before


def test_a_payment_of_what_was_never_placed_is_refused(mall: Flask) -> None:
    before = shop.moved()

    answer = record_purchase(shop.paid("P-nobody-knows", 30_00))

    assert isinstance(answer.refusal, NoSuchPurchase)
    assert shop.moved() == before


@pytest.mark.parametrize(
    ("amount_fen", "lines"),
    [
        (0, []),
        (-5_00, []),
        (MOST_FEN + 1, []),
        (10_00, [PaidLine("豆", 9_99)]),
        (10_00, [PaidLine("豆", 12_00), PaidLine("券", -2_00)]),
        (10_00, [PaidLine("豆", 10_00, quantity=0)]),
        (10_00, [PaidLine("豆", 9_00, payable_fen=10_00)]),
    ],
)
def test_a_sale_that_cannot_be_is_refused(
    mall: Flask, amount_fen: int, lines: list[PaidLine]
) -> None:
    (li,) = shop.enrol()
    before = shop.moved()

    answer = record_purchase(Paid("till", "r-1", amount_fen, NOON, li, "豆", lines=lines))

    assert isinstance(answer.refusal, BadPayment)
    assert shop.moved() == before


def test_one_bad_fact_of_many_is_refused_alone(mall: Flask) -> None:
    (li,) = shop.enrol()

    answers = record_purchases([shop.sold(li, 5_00), shop.sold(li, -1), shop.sold(li, 7_00)])

    assert [one.outcome for one in answers] == ["recorded", "refused", "recorded"]
    assert shop.points_of(li) == (12, 0, 0)


def test_many_payments_and_refunds_take_as_many_statements_as_few(mall: Flask) -> None:
    members = shop.enrol(60, points=100, principal_fen=10_00)

    def record(some: list[int]) -> list[str]:
        facts = [shop.paid(place(member), 20_00) for member in some]
        facts += [shop.sold(member, 300_00) for member in some]
        with statements() as seen:
            record_purchases(facts)
            record_refunds([shop.refunded(fact, "1", 10_00) for fact in facts])
        return seen

    def place(member: int) -> str:
        return shop.placed(member, 20_00, points=10, points_fen=1_00, wallet_fen=1_00)

    record(members[:1])  # compiles the statements, fills the memories

    few, many = record(members[1:4]), record(members[4:])

    assert len(many) == len(few)
    assert shop.audited() == []


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of the database meanwhile, but for what is read once a second anyway."""
    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "FROM tier_ladder" not in statement:
            seen.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", see)


def close(purchase_no: str) -> None:
    """Nobody paid in time."""
    with transaction() as session:
        session.execute(
            sa.update(Purchase)
            .where(Purchase.purchase_no == purchase_no)
            .values(status="closed", closed_at=now(), close_reason="unpaid")
        )


def test_fractions_of_a_point_are_rounded_by_the_rule(app: Flask) -> None:
    clock.set(shanghai("2026-11-21 13:00"))
    shop.open_shop(rate=Rate(1, 300))
    (li,) = shop.enrol()

    assert record_purchase(shop.sold(li, 8_99)).points_earned == 2
