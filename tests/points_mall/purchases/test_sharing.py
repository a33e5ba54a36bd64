"""How refunds divide over tenders, told by examples and by what is true of all of them."""

from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.core.errors import DomainError
from points_mall.purchases.errors import BadRefund, RefundTooLarge
from points_mall.purchases.records import LineRecord, PurchaseRecord
from points_mall.purchases.sharing import (
    Told,
    lines_refunded,
    refusal_of,
    standing,
    with_cash,
)

from .shop import NOON


def bill(
    cash: int = 100_00,
    points: int = 0,
    points_fen: int = 0,
    wallet: int = 0,
    line_fens: tuple[int, ...] = (),
    earned: int = 0,
) -> PurchaseRecord:
    total = cash + points_fen + wallet
    lines = [
        LineRecord(number, None, "咖啡", "general", 1, fen, fen)
        for number, fen in enumerate(line_fens or (total,), start=1)
    ]
    return PurchaseRecord(
        purchase_no="P1",
        source="till",
        external_id="1",
        member_id=1,
        status="paid",
        purpose="sale",
        subject=None,
        title="咖啡",
        store=None,
        gross_fen=total,
        discount_fen=0,
        total_fen=total,
        cash_fen=cash,
        placed_at=NOON,
        points_used=points,
        points_fen=points_fen,
        wallet_fen=wallet,
        wallet_principal_fen=wallet,
        points_earned=earned,
        lines=lines,
    )


def test_a_refund_of_half_returns_half_of_each_tender() -> None:
    after = standing(bill(50_00, points=300, points_fen=30_00, wallet=20_00), [Told(50_00, 25_00)])

    assert (after.value_fen, after.cash_fen, after.points, after.wallet_fen) == (
        50_00,
        25_00,
        150,
        10_00,
    )


def test_the_cash_of_a_refund_is_that_of_its_value() -> None:
    purchase = bill(33_33, wallet=66_67)

    first = with_cash(purchase, [], Told(1_00))
    second = with_cash(purchase, [first], Told(99_00))

    assert (first.cash_fen, second.cash_fen) == (33, 33_00)


def test_where_only_cash_is_told_the_other_tenders_follow() -> None:
    purchase = bill(10_00, points=200, points_fen=20_00)

    half, whole = [Told(None, 5_00)], [Told(None, 5_00), Told(None, 5_00)]

    assert (standing(purchase, half).value_fen, standing(purchase, half).points) == (15_00, 100)
    assert (standing(purchase, whole).value_fen, standing(purchase, whole).points) == (30_00, 200)


def test_a_line_that_came_back_takes_no_share_of_what_is_refunded_of_the_rest() -> None:
    purchase = bill(90_00, line_fens=(30_00, 20_00, 40_00))

    assert lines_refunded(purchase, [Told(20_00, 20_00, {2: 20_00})]) == [0, 20_00, 0]
    assert lines_refunded(purchase, [Told(20_00, 20_00, {2: 20_00}), Told(7_00, 7_00)]) == [
        3_00,
        20_00,
        4_00,
    ]


def test_what_cost_nothing_is_whole_again_with_its_first_refund_and_there_is_no_second() -> None:
    purchase = bill(0, line_fens=(0, 0))

    assert standing(purchase, []).is_whole is False
    assert refusal_of(purchase, [], Told(0)) is None
    whole = [with_cash(purchase, [], Told(0))]
    assert whole == [Told(0, 0)]
    assert standing(purchase, whole).is_whole
    assert lines_refunded(purchase, whole) == [0, 0]
    assert isinstance(refusal_of(purchase, whole, Told(0)), BadRefund)
    assert isinstance(refusal_of(purchase, [], Told(1)), RefundTooLarge)
    assert isinstance(refusal_of(purchase, [], Told(0, None, {1: 0})), BadRefund)


def test_more_than_is_left_is_refused_with_the_numbers() -> None:
    refusal = refusal_of(bill(10_00), [Told(4_00, 4_00)], Told(6_01))

    assert isinstance(refusal, RefundTooLarge)
    assert refusal.numbers == {"refund_fen": 6_01, "refundable_fen": 6_00}


def test_what_gives_nothing_back_or_has_wrong_lines_is_refused() -> None:
    purchase = bill(10_00, line_fens=(4_00, 6_00))
    wrong = [
        Told(0),
        Told(-1),
        Told(None, 0),
        Told(1_00, -1),
        Told(1_00, None, {1: 99}),
        Told(1_00, None, {3: 1_00}),
        Told(1_00, None, {1: 2_00, 2: -1_00}),
    ]

    assert [type(refusal_of(purchase, [], told)) for told in wrong] == [BadRefund] * len(wrong)
    assert isinstance(refusal_of(purchase, [], Told(4_01, None, {1: 4_01})), RefundTooLarge)


amounts = st.integers(0, 1_000_00)


@given(
    cash=amounts,
    points_fen=amounts,
    wallet=amounts,
    earned=st.integers(0, 500),
    cuts=st.lists(st.integers(1, 500_00), min_size=1, max_size=8),
)
def test_refunds_to_the_end_return_exactly_every_tender(
    cash: int, points_fen: int, wallet: int, earned: int, cuts: list[int]
) -> None:
    purchase = bill(cash, points_fen // 7, points_fen, wallet, earned=earned)
    refunds: list[Told] = []
    before = standing(purchase, refunds)
    for cut in [*cuts, purchase.total_fen]:
        if before.is_whole:
            break
        asked = Told(min(cut, purchase.total_fen - before.value_fen))
        assert refusal_of(purchase, refunds, asked) is None
        refunds.append(with_cash(purchase, refunds, asked))
        after = standing(purchase, refunds)
        for name in ("value_fen", "cash_fen", "points", "wallet_fen", "points_earned", "money_fen"):
            assert getattr(before, name) <= getattr(after, name)
        assert after.value_fen - before.value_fen == asked.amount_fen
        before = after
    assert before.is_whole
    returned = (before.cash_fen, before.points, before.wallet_fen)
    assert returned == (cash, points_fen // 7 if points_fen else 0, wallet)
    assert before.points_earned == (earned if purchase.total_fen else 0)
    assert isinstance(refusal_of(purchase, refunds, Told(0)), BadRefund)


@given(
    cash=st.integers(1, 1_000_00),
    points_fen=amounts,
    told=st.lists(st.tuples(st.booleans(), st.integers(1, 300_00)), min_size=2, max_size=6),
    shuffle=st.randoms(use_true_random=False),
)
def test_where_a_purchase_stands_does_not_depend_on_the_order_of_its_refunds(
    cash: int, points_fen: int, told: list[tuple[bool, int]], shuffle: object
) -> None:
    purchase = bill(cash, points_fen // 3, points_fen)
    refunds = taken(purchase, [Told(None, fen) if by_cash else Told(fen) for by_cash, fen in told])
    other = refunds[:]
    shuffle.shuffle(other)  # type: ignore[attr-defined]

    assert standing(purchase, refunds) == standing(purchase, other)
    assert lines_refunded(purchase, refunds) == lines_refunded(purchase, other)


def taken(purchase: PurchaseRecord, asked: list[Told]) -> list[Told]:
    """Those that can be, each with its cash."""
    refunds: list[Told] = []
    for told in asked:
        refusal: DomainError | None = refusal_of(purchase, refunds, told)
        if refusal is None:
            refunds.append(with_cash(purchase, refunds, told))
    return refunds
