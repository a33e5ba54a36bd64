"""What a refund gives back, line by line and step by step. Pure.

Everything is counted from what was paid and what has gone back so far, so that any number of partial
refunds, in any order, adds up to the whole and never to more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from miniprogram_api.core.shares import allot, share_so_far

from .bill import Step
from .errors import RefundTooLarge


@dataclass(frozen=True)
class PaidLine:
    """What was paid for a line, and how much of it has gone back. Shipping is a line of its own."""

    payable_fen: int
    refunded_fen: int = 0

    @property
    def left_fen(self) -> int:
        """What can still go back."""
        return self.payable_fen - self.refunded_fen


def refunded_shares(lines: Sequence[PaidLine], amount_fen: int) -> tuple[int, ...]:
    """Divide a refund over the lines, in the measure of what is left of each, by largest remainder.

    :raises RefundTooLarge: more than is left of them all.
    """
    left = [line.left_fen for line in lines]
    if amount_fen > sum(left):
        raise RefundTooLarge(
            f"{amount_fen} fen to go back, {sum(left)} are left", left_fen=sum(left)
        )
    return tuple(allot(amount_fen, left))


def refunded_lines(lines: Sequence[PaidLine], by_line: Mapping[int, int]) -> tuple[int, ...]:
    """A refund that names its lines by place, as shares of all lines.

    :raises RefundTooLarge: more than is left of one of them.
    """
    for place, amount_fen in by_line.items():
        if amount_fen > lines[place].left_fen:
            left = lines[place].left_fen
            raise RefundTooLarge(
                f"line {place}: {amount_fen} fen to go back, {left} are left", left_fen=left
            )
    return tuple(by_line.get(place, 0) for place in range(len(lines)))


def given_back_of(step: Step, lines: Sequence[PaidLine]) -> int:
    """How much of what a step took off belongs to what has gone back so far, rounded down by line.

    :param lines: the bill's lines in order, shipping last. A line for which nothing was paid goes
        back with the last fen of the bill.
    """
    is_all = all(line.left_fen == 0 for line in lines)
    shares = (*step.shares, step.shipping_share_fen)
    total = 0
    for share, line in zip(shares, lines, strict=True):
        if line.payable_fen:
            total += share_so_far(share, line.refunded_fen, line.payable_fen)
        elif is_all:
            total += share
    return total
