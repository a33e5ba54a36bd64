"""What a bill comes to: discount, points, wallet, cash; and that a quote moves nothing."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.core.clock import clock, now
from points_mall.catalogue import goods
from points_mall.catalogue.errors import NoSuchProduct
from points_mall.discounts import pricing
from points_mall.discounts.bill import Bill as DiscountBill
from points_mall.discounts.bill import BillLine
from points_mall.discounts.pricing import Shop
from points_mall.purchases import placing, quoting
from points_mall.purchases.bills import Asked, Bill, Item
from points_mall.purchases.facts import PaidLine
from points_mall.purchases.placing_errors import AmountTooLarge, UnclearPurchase
from points_mall.purchases.points_as_cash import Exchange, pay
from points_mall.purchases.prices import Price
from points_mall.purchases.quoting import Means, settle
from points_mall.purchases.states import WECHAT_PAY, Purpose
from points_mall.redemption.errors import NoSuchOrder, PaymentTimeOver, StepNotAllowed
from points_mall.wallet import plans
from points_mall.wallet.errors import NoSuchPlan, WalletFull
from points_mall.wallet.figures import Figures
from tests.services.wechat import Simulator

from .counter import Counter
from .shop import NOON, moved

HUNDRED_A_YUAN = Exchange(100, 5000)


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {**simulator.pay_settings(), "WALLET_MOST_PRINCIPAL_FEN": 1000_00}


# ------------------------------------------------------------------ points as cash


@pytest.mark.parametrize(
    ("bill", "available", "wanted", "exchange", "points", "fen"),
    [
        (2190, 500, None, HUNDRED_A_YUAN, 500, 500),
        (2190, 5000, None, HUNDRED_A_YUAN, 1095, 1095),  # held to half of the bill
        (2190, 5000, 300, HUNDRED_A_YUAN, 300, 300),
        (2190, 200, 300, HUNDRED_A_YUAN, 200, 200),  # held to what there is
        (2190, 0, None, HUNDRED_A_YUAN, 0, 0),
        (2190, 500, 0, HUNDRED_A_YUAN, 0, 0),
        (1, 500, None, HUNDRED_A_YUAN, 0, 0),
        (2190, 7, None, Exchange(3, 10_000), 7, 233),  # 2.33 yuan, rounded down
        (100, 9, None, Exchange(300, 10_000), 9, 3),
        (100, 10, None, Exchange(300, 10_000), 9, 3),  # the tenth would pay for nothing
        (150, 9, None, Exchange(1, 10_000), 1, 100),  # a second would pay half of its worth
        (99, 9, None, Exchange(1, 10_000), 0, 0),
        (2190, 500, None, Exchange(0, 5000), 0, 0),
        (2190, 500, None, Exchange(100, 0), 0, 0),
    ],
)
def test_points_pay_what_they_are_worth_up_to_the_cap(
    bill: int, available: int, wanted: int | None, exchange: Exchange, points: int, fen: int
) -> None:
    paid = pay(bill, available, wanted, exchange)
    assert (paid.points, paid.fen) == (points, fen)


@given(
    st.integers(0, 10**9),
    st.integers(0, 10**8),
    st.none() | st.integers(0, 10**8),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
)
def test_no_point_pays_for_nothing(
    bill: int, available: int, wanted: int | None, ratio: int, cap_bp: int
) -> None:
    paid = pay(bill, available, wanted, Exchange(ratio, cap_bp))
    assert 0 <= paid.fen * 10_000 <= bill * cap_bp
    assert 0 <= paid.points <= (available if wanted is None else min(available, wanted))
    if paid.points:
        assert paid.points * 100 // ratio == paid.fen
        assert (paid.points - 1) * 100 // ratio < paid.fen


# ------------------------------------------------------------------ settling


def bill(*fens: int) -> Bill:
    lines = tuple(PaidLine("咖啡", fen) for fen in fens)
    return Bill(
        Purpose.SALE,
        "咖啡",
        lines,
        now_plus_15(),
        takes_discount=True,
        takes_points=True,
        takes_wallet=True,
    )


def percent_off(discount_bp: int, *fens: int) -> Price:
    """The price of a bill for a member whose tier has a discount."""
    lines = tuple(BillLine(no, None, "general", 1, fen) for no, fen in enumerate(fens, start=1))
    shop = Shop(discount_bp)
    return Price(pricing.price(DiscountBill(lines, NOON, WECHAT_PAY), (), shop), shop)


def now_plus_15() -> Any:
    return now() + timedelta(minutes=15)


def test_the_discount_comes_first_then_points_then_the_wallet(app: Flask) -> None:
    means = Means(points=300, wallet=Figures(500, 200))
    asked = Asked(most_points=None, most_wallet_fen=None)
    settled = settle(bill(1000, 990), asked, means, percent_off(500, 1000, 990))
    assert (settled.discount_fen, settled.total_fen) == (99, 1891)
    assert settled.payable_fen == (950, 941)
    assert (settled.points.points, settled.points.fen) == (300, 300)
    assert (settled.wallet_fen, settled.wallet_principal_fen) == (700, 500)
    assert settled.cash_fen == 891


def test_nothing_is_used_that_was_not_asked_for(app: Flask) -> None:
    settled = settle(bill(1000), Asked(), Means(300, Figures(500, 200)))
    assert (settled.points.points, settled.wallet_fen, settled.cash_fen) == (0, 0, 1000)


def test_bonus_is_spent_before_principal(app: Flask) -> None:
    settled = settle(bill(1000), Asked(most_wallet_fen=150), Means(0, Figures(500, 200)))
    assert (settled.wallet_fen, settled.wallet_principal_fen) == (150, 0)


def test_a_debt_pays_nothing(app: Flask) -> None:
    settled = settle(bill(1000), Asked(most_wallet_fen=None), Means(0, Figures(0, 0, 70)))
    assert (settled.wallet_fen, settled.cash_fen) == (0, 1000)


@given(
    st.lists(st.integers(1, 10**7), min_size=1, max_size=8),
    st.none() | st.integers(0, 10**7),
    st.none() | st.integers(0, 10**7),
    st.integers(0, 10**7),
    st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)),
    st.integers(0, 9_999),
)
def test_tenders_always_add_up(
    fens: list[int],
    points: int | None,
    wallet: int | None,
    has: int,
    holds: tuple[int, int],
    discount_bp: int,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quoting, "exchange", lambda: HUNDRED_A_YUAN)
        asked = Asked(most_points=points, most_wallet_fen=wallet)
        price = percent_off(discount_bp, *fens)
        settled = settle(bill(*fens), asked, Means(has, Figures(*holds)), price)
    assert settled.cash_fen + settled.points.fen + settled.wallet_fen == settled.total_fen
    assert sum(settled.payable_fen) == settled.total_fen == sum(fens) - settled.discount_fen
    assert min(settled.cash_fen, settled.wallet_fen, settled.points.fen) >= 0
    assert 0 <= settled.wallet_principal_fen <= min(settled.wallet_fen, holds[0])
    assert all(0 <= part <= fen for part, fen in zip(settled.payable_fen, fens, strict=True))


# ------------------------------------------------------------------ quotes


def test_a_quote_shows_what_it_comes_to_and_earns_and_moves_nothing(counter: Counter) -> None:
    li = counter.shopper(points=300, principal=1000, bonus=200)
    before = moved()
    asked = Asked((Item("latte", 2), Item("tee")), most_points=None, most_wallet_fen=None)
    quote = placing.quote(li, asked)
    assert quote["title"] == "拿铁 等2件"
    assert (quote["gross_fen"], quote["total_fen"]) == (14280, 14280)
    assert (quote["points_used"], quote["points_fen"]) == (300, 300)
    assert (quote["wallet_fen"], quote["payable_fen"]) == (1200, 12780)
    assert quote["points_to_earn"] == 137  # 127.80 in cash and 10.00 of what was paid in
    assert quote["explanation"]["points"] == {
        "points": 300,
        "fen": 300,
        "points_per_yuan": 100,
        "cap_bp": 5000,
        "most_fen": 7140,
        "is_capped": False,
    }
    assert quote["explanation"]["wallet"] == {"fen": 1200, "principal_fen": 1000}
    assert quote["explanation"]["earned"]["points"] == 137
    assert moved() == before


def test_who_is_rich_in_points_is_held_to_the_cap_not_refused(counter: Counter) -> None:
    li = counter.shopper(points=100_000)
    quote = placing.quote(li, Asked(amount_fen=2190, most_points=None))
    assert (quote["points_used"], quote["payable_fen"]) == (1095, 1095)
    assert quote["explanation"]["points"]["is_capped"] is True


def test_stored_value_takes_neither_points_nor_the_wallet(counter: Counter) -> None:
    plans.put_plan("hundred", title="充100送10", pay_fen=10000, bonus_fen=1000)
    li = counter.shopper(points=500, principal=500)
    quote = placing.quote(li, Asked(plan="hundred", most_points=None, most_wallet_fen=None))
    assert (quote["payable_fen"], quote["points_used"], quote["wallet_fen"]) == (10000, 0, 0)
    assert quote["points_to_earn"] == 0
    assert quote["explanation"]["plan"] == {"code": "hundred", "pay_fen": 10000, "bonus_fen": 1000}


def test_the_cash_half_of_an_order_may_be_paid_from_the_wallet_alone(counter: Counter) -> None:
    li = counter.shopper(points=500, bonus=100)
    order_no = counter.redeems(li, points=300, cash_fen=990)
    quote = placing.quote(li, Asked(order_no=order_no, most_points=None, most_wallet_fen=None))
    assert (quote["payable_fen"], quote["points_used"], quote["wallet_fen"]) == (890, 0, 100)
    assert quote["purpose"] == "redemption"


def test_what_cannot_be_bought_is_refused_and_moves_nothing(counter: Counter) -> None:
    li, mei = counter.shopper("o-li", points=500), counter.shopper("o-mei", points=500)
    owed = counter.redeems(li, points=100, cash_fen=500)
    unpaid = counter.redeems(mei, points=100, cash_fen=500)
    paid = counter.redeems(mei, points=100, cash_fen=0)
    plans.put_plan("big", title="大额", pay_fen=1000_01, bonus_fen=0)
    goods.set_listed("tee", is_listed=False)
    clock.set(now() + timedelta(minutes=14))
    before = moved()
    refusals: list[tuple[type[Exception], Asked]] = [
        (UnclearPurchase, Asked()),
        (UnclearPurchase, Asked((Item("latte"),), amount_fen=100)),
        (UnclearPurchase, Asked((Item("latte"), Item("latte")))),
        (NoSuchProduct, Asked((Item("latte"), Item("tee")))),
        (NoSuchProduct, Asked((Item("no-such-thing"),))),
        (AmountTooLarge, Asked(amount_fen=1_000_000_001)),
        (NoSuchOrder, Asked(order_no=owed)),  # it is Li's
        (NoSuchOrder, Asked(order_no="R0000")),
        (StepNotAllowed, Asked(order_no=paid)),
        (NoSuchPlan, Asked(plan="no-such-plan")),
        (WalletFull, Asked(plan="big")),
    ]
    for refusal, asked in refusals:
        with pytest.raises(refusal):
            placing.quote(mei, asked)
        with pytest.raises(refusal):
            placing.place(mei, counter.claim(mei), asked)
    clock.set(now() + timedelta(minutes=2))
    with pytest.raises(PaymentTimeOver):
        placing.place(mei, counter.claim(mei), Asked(order_no=unpaid))
    assert moved() == before
