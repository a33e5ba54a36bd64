"""What is told to the earning rule, and what it answers. Pure: no database, no clock, no request."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

TOP_UP = "top_up"
"""The category of money paid into the wallet: it never earns."""

REDEMPTION = "redemption"
"""The category of the money half of a redemption: it earns only where the rule gives it a rate."""

SHIPPING = "shipping"
"""The category of what sending goods costs: it earns only where the rule gives it a rate."""


@dataclass(frozen=True)
class BoughtLine:
    """What was bought in a category.

    :param amount_fen: net of discounts, and only what was paid in cash or wallet principal.
    """

    category: str
    amount_fen: int

    def __post_init__(self) -> None:
        if self.amount_fen < 0:
            raise ValueError(f"a line of {self.amount_fen} fen: nothing is worth less than nothing")


@dataclass(frozen=True)
class Occasion:
    """A member bought something.

    :param reference: its cause, `purchase:<source>:<external id>`; it earns once.
    :param occurred_at: when it was paid; the rule, the campaigns and the caps of that moment count.
    :param multiplier_bp: what the member's tier multiplies points by; 10000 is once.
    :param birthday: the member's, where it is known.
    :param is_first: the member's first purchase ever.
    """

    member_id: int
    reference: str
    occurred_at: datetime
    lines: tuple[BoughtLine, ...]
    source: str
    multiplier_bp: int = 10_000
    birthday: date | None = None
    is_first: bool = False

    def is_in_birthday_month(self, day: date) -> bool:
        """Whether a day lies in the month of the member's birthday; False where that is unknown."""
        return self.birthday is not None and self.birthday.month == day.month


@dataclass(frozen=True)
class Earned:
    """What an occasion earns, and why.

    :param points: 0 where it earns none; the explanation's `outcome` says why.
    :param cashback_fen: for the wallet; the caller credits it.
    :param rule_version: None where no rule was in force, or the terms are a draft.
    """

    points: int
    cashback_fen: int
    rule_version: int | None
    explanation: dict[str, Any]


@dataclass(frozen=True)
class Past:
    """An occasion of the past with what it earned then.

    :param refunded: what of `paid` was given back since, in one unit; both 0 where nothing was.
    :param awarded_before: in the month of the occasion, but before the first day of the history that it
        is read with: so much of the month's cap was used already.
    """

    occasion: Occasion
    points: int
    cashback_fen: int = 0
    refunded: int = 0
    paid: int = 0
    awarded_before: int = 0
