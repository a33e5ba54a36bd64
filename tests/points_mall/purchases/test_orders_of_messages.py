"""A refund may come before its payment, twice, or in between: the end is always the same."""

import itertools
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db
from points_mall.earning.terms import Cashback
from points_mall.purchases.facts import Paid, Refunded
from points_mall.purchases.recording import record_purchase, record_purchases
from points_mall.purchases.refunds import record_refund, record_refunds
from tests.builders import shanghai

from . import shop
from .shop import NOON

Fact = Paid | Refunded


def told(facts: Sequence[Fact]) -> dict[str, Any]:
    """The state after these facts, each in its own call; nothing of them stays."""
    with shop.undone():
        for fact in facts:
            record(fact)
        return read_within()


def record(fact: Fact) -> None:
    if isinstance(fact, Paid):
        record_purchase(fact)
    else:
        record_refund(fact)


def read_within() -> dict[str, Any]:
    """The state as the open transaction sees it."""
    db.session.flush()
    return shop.state(fresh=False)


def all_orders(facts: Sequence[Fact]) -> list[tuple[Fact, ...]]:
    """Every order; those that differ only by which of two duplicates comes first are one."""
    names = [facts.index(fact) for fact in facts]
    return [tuple(facts[name] for name in order) for order in {*itertools.permutations(names)}]


@pytest.fixture
def generous(app: Flask) -> Flask:
    """A shop that also gives cashback."""
    clock.set(shanghai("2026-11-21 13:00"))
    shop.open_shop(cashback=Cashback(rate_bp=333, most_fen=5_000))
    return app


def test_every_order_of_payment_refunds_and_duplicates_ends_the_same(mall: Flask) -> None:
    (li,) = shop.enrol(points=500, principal_fen=30_00, bonus_fen=7_00)
    number = shop.placed(
        li, 151_37, points=321, points_fen=32_10, wallet_fen=33_00, line_fens=(99_99, 116_48)
    )
    payment = shop.paid(number, 151_37)
    first = shop.refunded(payment, "1", 70_01, cash_fen=48_93)
    second = shop.refunded(payment, "2", 116_48, cash_fen=81_41, lines={2: 116_48})
    reconciled = shop.paid(number, 151_37, member_id=li)

    orders = all_orders([payment, first, second, first, second, reconciled])
    ends = [told(order) for order in orders]

    assert len(ends) == 180
    assert all(end == ends[0] for end in ends)
    # Of 216.47 settled by 151.37 in cash, 321 points and 33.00 of the wallet (7.00 of it a gift),
    # 186.49 came back: 152 of the 177 points earned, 276 of the points spent, 28.44 of the wallet.
    assert ends[0]["given back"] == [(number, 186_49, 130_34, 152, 276, 28_44, 0)]


def test_every_order_ends_the_same_for_the_till_with_cashback_and_a_tier(generous: Flask) -> None:
    (li,) = shop.enrol()
    sale = shop.sold(li, 250_00, "receipt-1")
    first = shop.refunded(sale, "1", 49_99)
    second = shop.refunded(sale, "2", 120_00)

    ends = [told(order) for order in all_orders([sale, first, second, sale, first])]

    assert all(end == ends[0] for end in ends)
    assert ends[0]["tiers"] == [(li, "regular")]
    assert ends[0]["wallets"] == [(li, 0, 8_32 - 5_65, 0)]


def test_every_order_ends_the_same_where_only_cash_is_told(mall: Flask) -> None:
    (li,) = shop.enrol(points=100)
    number = shop.placed(li, 23_00, points=100, points_fen=10_00)
    payment = shop.paid(number, 23_00)
    refunds = [
        shop.refunded(payment, "1", cash_fen=7_77),
        shop.refunded(payment, "2", cash_fen=1),
        shop.refunded(payment, "3", cash_fen=15_22),
    ]

    ends = [told(order) for order in all_orders([payment, *refunds])]

    assert all(end == ends[0] for end in ends)
    assert ends[0]["given back"] == [(number, 33_00, 23_00, 23, 100, 0, 0)]


@given(
    cash=st.integers(1, 400_00),
    points=st.integers(0, 300),
    principal=st.integers(0, 40_00),
    bonus=st.integers(0, 40_00),
    cuts=st.lists(st.integers(1, 10_000), min_size=1, max_size=4),
    shuffle=st.randoms(use_true_random=False),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_purchase_and_its_refunds_end_the_same_in_any_order(
    generous: Flask,
    cash: int,
    points: int,
    principal: int,
    bonus: int,
    cuts: list[int],
    shuffle: Any,
) -> None:
    with shop.undone():
        (li,) = shop.enrol(points=points, principal_fen=principal, bonus_fen=bonus)
        number = shop.placed(
            li, cash, points=points, points_fen=points * 10, wallet_fen=principal + bonus
        )
        facts = story(shop.paid(number, cash), cuts)
        again = [*facts, *facts]
        shuffle.shuffle(again)
        ends = [within_savepoint(order) for order in (facts, facts[::-1], again)]
    assert ends[0] == ends[1] == ends[2]


def story(payment: Paid, cuts: Sequence[int]) -> list[Fact]:
    """A payment and refunds of parts of it, told by their cash, which never exceeds what was paid."""
    cash = [max(1, payment.amount_fen * cut // 10_000 // len(cuts)) for cut in cuts]
    facts: list[Fact] = [payment]
    for place, fen in enumerate(cash):
        if sum(cash[: place + 1]) <= payment.amount_fen:
            at = NOON + timedelta(minutes=place)
            facts.append(shop.refunded(payment, str(place), cash_fen=fen, at=at))
    return facts


def within_savepoint(facts: Sequence[Fact]) -> dict[str, Any]:
    savepoint = db.session.begin_nested()
    for fact in facts:
        record(fact)
    end = read_within()
    savepoint.rollback()
    return end


def test_one_batch_in_any_order_ends_as_one_after_the_other(mall: Flask) -> None:
    li, mei = shop.enrol(2)
    facts: list[Fact] = []
    for number, member in enumerate((li, mei, li)):
        sale = shop.sold(member, 120_00 + number, f"receipt-{number}")
        facts += [sale, shop.refunded(sale, "1", 20_03), shop.refunded(sale, "2", 33_07)]

    one_by_one = told(facts)
    first_refunds = told_in_batches(facts, refunds_first=True)
    first_payments = told_in_batches(facts, refunds_first=False)

    assert first_refunds == first_payments
    assert first_refunds["purchases"] == one_by_one["purchases"]
    # What was earned in a lifetime may differ: one by one, a gift for rising is given twice.
    assert [row[:5] for row in first_refunds["points"]] == [row[:5] for row in one_by_one["points"]]


def told_in_batches(facts: Sequence[Fact], *, refunds_first: bool) -> dict[str, Any]:
    payments = [fact for fact in facts if isinstance(fact, Paid)]
    refunds = [fact for fact in facts if isinstance(fact, Refunded)]
    acts: list[Callable[[], object]] = [
        lambda: record_purchases([*payments, *payments]),
        lambda: record_refunds([*refunds, *refunds]),
    ]
    with shop.undone():
        for act in acts[::-1] if refunds_first else acts:
            act()
        return read_within()
