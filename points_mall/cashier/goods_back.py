"""What goods are worth when they come back, by the lines of a sale. Pure: no database, no clock.

A line was sold for what discounts left of it (`payable_fen`), and each of its goods for an equal part of
that. What was given back over the whole sale, without a word of lines, comes off the goods that are left,
in the measure of what they were sold for. So whatever comes back in whichever order adds up to the sale.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from miniprogram_api.core.shares import allot, share_so_far
from points_mall.purchases.errors import BadRefund, RefundTooLarge
from points_mall.purchases.records import LineRecord

from .errors import LineGivenBack


@dataclass(frozen=True)
class WantedLine:
    """What of a line is to go back: so many of its goods, or so much of its price; neither: all."""

    line_no: int
    quantity: int | None = None
    amount_fen: int | None = None


@dataclass(frozen=True)
class Left:
    """What is left of a line: goods, what they were sold for, and what can be given back for them."""

    line: LineRecord
    quantity: int
    worth_fen: int
    amount_fen: int


@dataclass(frozen=True)
class LineBack:
    """What of a line goes back: goods, and the value given for them; no goods: value alone."""

    line_no: int
    title: str
    quantity: int
    amount_fen: int


def left_of(
    lines: Sequence[LineRecord],
    given_fen: Iterable[Mapping[int, int]],
    came_back: Mapping[int, int],
    left_fen: int,
) -> dict[int, Left]:
    """What is left of each line, by its number.

    :param given_fen: of each refund so far, what it gave back by line; empty: over the whole sale.
    :param came_back: how many goods of a line came back so far.
    :param left_fen: what is left of the whole sale.
    """
    own: Counter[int] = Counter()
    for refund in given_fen:
        own.update(refund)
    quantities = [line.quantity - came_back.get(line.line_no, 0) for line in lines]
    worths = [
        min(_worth(line, quantity), line.payable_fen - own[line.line_no])
        for line, quantity in zip(lines, quantities, strict=True)
    ]
    amounts = allot(left_fen, worths) if any(worths) else worths
    return {
        line.line_no: Left(line, quantity, worth, min(amount, worth))
        for line, quantity, worth, amount in zip(lines, quantities, worths, amounts, strict=True)
    }


def goods_back(wanted: Sequence[WantedLine], left: Mapping[int, Left]) -> list[LineBack]:
    """What goes back of each line that is wanted.

    :raises BadRefund: the sale has no such line.
    :raises LineGivenBack: fewer of its goods are left.
    :raises RefundTooLarge: less of its price is left.
    """
    return [_back(one, left.get(one.line_no)) for one in wanted]


def counted(kept: Iterable[Sequence[Mapping[str, Any]] | None]) -> Counter[int]:
    """How many goods of each line came back, from what refunds kept."""
    came_back: Counter[int] = Counter()
    for lines in kept:
        came_back.update({line["line_no"]: line["quantity"] for line in lines or ()})
    return came_back


def _back(wanted: WantedLine, left: Left | None) -> LineBack:
    if left is None:
        raise BadRefund(f"the sale has no line {wanted.line_no}")
    if wanted.amount_fen is not None:
        if wanted.amount_fen > left.amount_fen:
            raise RefundTooLarge(wanted.amount_fen, left.amount_fen)
        return LineBack(wanted.line_no, left.line.title, 0, wanted.amount_fen)
    quantity = left.quantity if wanted.quantity is None else wanted.quantity
    if not 0 < quantity <= left.quantity:
        raise LineGivenBack(wanted.line_no, quantity, left.quantity)
    return LineBack(wanted.line_no, left.line.title, quantity, _value(left, quantity))


def _value(left: Left, quantity: int) -> int:
    """What is given back for so many of the goods that are left: the last takes what remains."""
    remains = min(left.worth_fen, _worth(left.line, left.quantity - quantity))
    if left.quantity == quantity or left.worth_fen == 0:
        return left.amount_fen
    return left.amount_fen - share_so_far(left.amount_fen, remains, left.worth_fen)


def _worth(line: LineRecord, quantity: int) -> int:
    """What the last so many goods of a line were sold for."""
    return line.payable_fen - share_so_far(
        line.payable_fen, line.quantity - quantity, line.quantity
    )
