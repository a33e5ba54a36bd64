"""What goods are worth when they come back, line by line."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points_mall.cashier.errors import LineGivenBack
from points_mall.cashier.goods_back import WantedLine, goods_back, left_of
from points_mall.purchases.errors import BadRefund, RefundTooLarge
from points_mall.purchases.records import LineRecord


def sold(*lines: tuple[int, int]) -> list[LineRecord]:
    """Lines of a sale: how many, and what was paid for all of them."""
    return [
        LineRecord(number, None, f"商品{number}", "general", quantity, payable, payable)
        for number, (quantity, payable) in enumerate(lines, start=1)
    ]


def test_each_of_the_goods_is_worth_its_part_and_the_last_what_remains() -> None:
    lines = sold((3, 1000))
    values: list[int] = []
    for back in range(3):
        left = left_of(lines, [{1: sum(values)}], {1: back}, 1000 - sum(values))
        (one,) = goods_back([WantedLine(1, 1)], left)
        values.append(one.amount_fen)
    assert values == [333, 333, 334]


def test_what_was_given_back_over_the_whole_sale_comes_off_the_goods_that_are_left() -> None:
    lines = sold((1, 3000), (1, 1000))
    left = left_of(lines, [{}], {}, 2000)
    assert [one.amount_fen for one in left.values()] == [1500, 500]
    left = left_of(lines, [{}, {1: 1500}], {1: 1}, 500)
    assert [(one.quantity, one.amount_fen) for one in left.values()] == [(0, 0), (1, 500)]


def test_goods_that_came_back_do_not_come_back_again() -> None:
    left = left_of(sold((2, 1000)), [{1: 500}], {1: 1}, 500)
    with pytest.raises(LineGivenBack, match="1 of line 1 are left, not 2"):
        goods_back([WantedLine(1, 2)], left)
    left = left_of(sold((2, 1000)), [{1: 1000}], {1: 2}, 0)
    with pytest.raises(LineGivenBack):
        goods_back([WantedLine(1)], left)


def test_a_price_can_come_back_without_the_goods_and_no_further() -> None:
    left = left_of(sold((2, 1000)), [{1: 700}], {}, 300)
    assert goods_back([WantedLine(1, amount_fen=300)], left)[0].quantity == 0
    with pytest.raises(RefundTooLarge):
        goods_back([WantedLine(1, amount_fen=301)], left)
    with pytest.raises(BadRefund, match="no line 2"):
        goods_back([WantedLine(2)], left)


def test_what_coupons_paid_for_whole_comes_back_for_nothing() -> None:
    left = left_of(sold((1, 3000), (2, 0)), [], {}, 3000)
    back = goods_back([WantedLine(1), WantedLine(2, 1)], left)
    assert [(one.quantity, one.amount_fen) for one in back] == [(1, 3000), (1, 0)]


@given(
    st.lists(st.tuples(st.integers(1, 7), st.integers(0, 5000)), min_size=1, max_size=4),
    st.integers(0, 5000),
    st.data(),
)
def test_goods_in_any_order_and_an_amount_before_them_add_up_to_the_sale(
    bought: list[tuple[int, int]], over_all: int, data: st.DataObject
) -> None:
    lines = sold(*bought)
    total = sum(line.payable_fen for line in lines)
    given_fen: list[dict[int, int]] = [{}]
    left_fen = total - min(over_all, total)
    came_back: Counter[int] = Counter()
    while any(line.quantity > came_back[line.line_no] for line in lines):
        left = left_of(lines, given_fen, came_back, left_fen)
        assert sum(one.amount_fen for one in left.values()) == left_fen
        open_lines = [one for one in left.values() if one.quantity]
        chosen = data.draw(st.sampled_from(open_lines))
        quantity = data.draw(st.integers(1, chosen.quantity))
        (back,) = goods_back([WantedLine(chosen.line.line_no, quantity)], left)
        assert 0 <= back.amount_fen <= chosen.amount_fen
        came_back[back.line_no] += back.quantity
        given_fen.append({back.line_no: back.amount_fen})
        left_fen -= back.amount_fen
    assert left_fen == 0
