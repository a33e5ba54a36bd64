"""A bill, before and after. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import sub
from typing import Any, NamedTuple


@dataclass(frozen=True)
class BillLine:
    """So many of one thing; `amount_fen` is for all of them, before any discount."""

    line_no: int
    sku: str | None
    category: str
    quantity: int
    amount_fen: int


@dataclass(frozen=True)
class Bill:
    """What a member is about to pay.

    :param at: aware, in the shop's zone: its wall clock judges weekdays, hours and blackout days.
    :param channel: `wechat_pay` or `till`.
    :param has_own_price: nothing comes off its lines; of shipping it may.
    """

    lines: tuple[BillLine, ...]
    at: datetime
    channel: str
    store: str | None = None
    shipping_fen: int = 0
    has_own_price: bool = False

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise TypeError(f"naive datetime {self.at!r}: say which instant you mean")
        amounts = [self.shipping_fen, *(line.amount_fen for line in self.lines)]
        if min(amounts) < 0 or any(line.quantity < 1 for line in self.lines):
            raise ValueError("a bill has no amount below nothing, and no line of none")

    @property
    def gross_fen(self) -> int:
        """All of it, before any discount."""
        return self.shipping_fen + sum(line.amount_fen for line in self.lines)


@dataclass(frozen=True)
class Step:
    """What one rule took off.

    :param shares: of `amount_fen`, line by line; with `shipping_share_fen` they add up to it.
    :param reference: the coupon's code, the offer's code; empty for the tier.
    """

    rule: str
    label_zh: str
    label_en: str
    amount_fen: int
    shares: tuple[int, ...]
    shipping_share_fen: int = 0
    reference: str = ""

    def as_json(self) -> dict[str, Any]:
        """As an explanation keeps it."""
        return {
            "rule": self.rule,
            "label_zh": self.label_zh,
            "label_en": self.label_en,
            "amount_fen": self.amount_fen,
            "shares": list(self.shares),
            "shipping_share_fen": self.shipping_share_fen,
            "reference": self.reference,
        }


@dataclass(frozen=True)
class Priced:
    """A bill with its price.

    :param payable: what is left to pay, line by line.
    :param shipping_fen: what is left to pay of shipping.
    :param may_use_points: whether every coupon on it lets points pay a part.
    """

    bill: Bill
    steps: tuple[Step, ...]
    payable: tuple[int, ...]
    shipping_fen: int
    may_use_points: bool = True

    @property
    def payable_fen(self) -> int:
        """What is left to pay, shipping included."""
        return sum(self.payable) + self.shipping_fen

    @property
    def discount_fen(self) -> int:
        """What came off."""
        return self.bill.gross_fen - self.payable_fen

    def taken_by(self, reference: str) -> int:
        """What the coupon or offer of that code took off; 0: nothing."""
        return sum(step.amount_fen for step in self.steps if step.reference == reference)

    def explanation(self) -> dict[str, Any]:
        """Every step of the way from gross to payable, as plain JSON."""
        return {
            "gross_fen": self.bill.gross_fen,
            "steps": [step.as_json() for step in self.steps],
            "payable": list(self.payable),
            "shipping_fen": self.shipping_fen,
            "payable_fen": self.payable_fen,
        }


class Left(NamedTuple):
    """What is left to pay while the steps are taken, and how many units are free already."""

    lines: tuple[int, ...]
    shipping: int
    free_units: tuple[int, ...]

    def less(self, shares: Sequence[int]) -> "Left":
        """The same, with a step's shares off the lines."""
        return Left(tuple(map(sub, self.lines, shares)), self.shipping, self.free_units)


def all_of(bill: Bill) -> Left:
    """A bill of which nothing came off yet."""
    lines = tuple(line.amount_fen for line in bill.lines)
    return Left(lines, bill.shipping_fen, (0,) * len(lines))
