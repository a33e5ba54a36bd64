"""What is made of each line of a file that says what was sent."""

import pytest

from points_mall.redemption.shipment_lines import Line, Standing, Verdict, judged, lines_of

WAITS = Standing("placed", "delivery", has_address=True)
SENT = Standing("shipped", "delivery", True, "顺丰", "SF123456")


def line(carrier: str = "顺丰", tracking_no: str = "SF123456", number: int = 2) -> Line:
    return Line(number, "R1", carrier, tracking_no)


def verdict(one: Line, order: Standing | None) -> Verdict:
    [(_line, found)] = judged([one], {} if order is None else {"R1": order})
    return found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (WAITS, "ships"),
        (None, "unknown"),
        (SENT, "already"),
        (Standing("received", "delivery", True, "顺丰", "SF123456"), "already"),
        (Standing("shipped", "delivery", True, "顺丰", "SF999999"), "otherwise"),
        (Standing("shipped", "delivery", True, "中通", "SF123456"), "otherwise"),
        (Standing("received", "delivery", True, "顺丰", "SF999999"), "received"),
        (Standing("placed", "delivery", has_address=False), "no_address"),
        (Standing("awaiting_payment", "delivery", has_address=True), "unpaid"),
        (Standing("cancelled", "delivery", has_address=True), "cancelled"),
        (Standing("placed", "pickup", has_address=False), "picked_up"),
        (Standing("collected", "pickup", has_address=False), "picked_up"),
    ],
)
def test_a_line_is_judged_by_how_its_order_stands(order: Standing | None, found: str) -> None:
    assert verdict(line(), order) == found


@pytest.mark.parametrize(
    ("carrier", "tracking_no", "found"),
    [
        ("", "SF123456", "no_carrier"),
        ("顺" * 32, "SF123456", "ships"),
        ("顺" * 33, "SF123456", "no_carrier"),
        ("顺丰", "", "no_number"),
        ("顺丰", "SF12", "bad_number"),
        ("顺丰", "SF123", "ships"),
        ("顺丰", "S" * 40, "ships"),
        ("顺丰", "S" * 41, "bad_number"),
        ("顺丰", "单号123456", "bad_number"),
        ("顺丰", "7.73E+14", "rounded"),
        ("顺丰", "7E14", "rounded"),
    ],
)
def test_a_line_is_judged_by_its_words(carrier: str, tracking_no: str, found: str) -> None:
    assert verdict(line(carrier, tracking_no), WAITS) == found


def test_of_two_lines_of_an_order_the_first_counts() -> None:
    found = judged([line(), line(tracking_no="SF999999", number=3)], {"R1": WAITS})
    assert [one for _line, one in found] == ["ships", "twice"]


def test_spaces_and_small_letters_are_forgiven() -> None:
    row = {"line": "2", "order_no": " r1 ", "carrier": "顺丰", "tracking_no": "SF 1234 56"}
    assert lines_of([row]) == [Line(2, "R1", "顺丰", "SF123456")]
