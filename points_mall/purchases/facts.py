"""What payment systems tell us, in our own words, and how we answer. Pure: no database, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from miniprogram_api.core.crypto import blind_index
from miniprogram_api.core.errors import DomainError

DEFAULT_CATEGORY = "general"
"""The category of goods about which nothing more is known."""

Key = tuple[str, str]
"""A source and its own number: what makes a purchase or a refund unique."""


@dataclass(frozen=True)
class PaidLine:
    """One line of what was bought.

    :param amount_fen: before discounts; `payable_fen` after them, None: the same.
    """

    title: str
    amount_fen: int
    payable_fen: int | None = None
    category: str = DEFAULT_CATEGORY
    sku: str | None = None
    quantity: int = 1

    @property
    def net_fen(self) -> int:
        """What is payable for it."""
        return self.amount_fen if self.payable_fen is None else self.payable_fen


@dataclass(frozen=True)
class Paid:
    """The fact that something was paid.

    A purchase placed with us becomes paid and keeps its own lines and tenders; any other is written
    down as told, paid in cash.

    :param external_id: the source's number; for WeChat Pay our own `purchase_no`.
    :param amount_fen: the cash that was paid.
    :param member_id: whose it is; None: nobody's yet, and nothing is earned until somebody's.
    :param lines: their net amounts add up to `amount_fen`; empty: one line with `title`.
    """

    source: str
    external_id: str
    amount_fen: int
    paid_at: datetime
    member_id: int | None = None
    title: str = ""
    store: str | None = None
    lines: Sequence[PaidLine] = ()

    @property
    def key(self) -> Key:
        """What makes the purchase unique."""
        return self.source, self.external_id


@dataclass(frozen=True)
class RefundedLine:
    """So much of one line came back."""

    line_no: int
    amount_fen: int


@dataclass(frozen=True)
class Refunded:
    """The fact that value was given back.

    :param purchase: source and number of what it belongs to; it need not have been heard of yet.
    :param amount_fen: the value, over all tenders; None where only `cash_fen` is known: then the
        other tenders follow in the same measure.
    :param cash_fen: the cash that went back; None: its share of the value.
    :param lines: to which lines the value belongs; empty: to all, in the measure of what is left.
    """

    source: str
    external_id: str
    purchase: Key
    refunded_at: datetime
    amount_fen: int | None = None
    cash_fen: int | None = None
    lines: Sequence[RefundedLine] = ()
    reason: str = ""
    actor: str = "system"

    @property
    def key(self) -> Key:
        """What makes the refund unique."""
        return self.source, self.external_id


class Outcome(StrEnum):
    """How a fact was taken."""

    RECORDED = "recorded"
    REPEATED = "repeated"  # it had been recorded before; nothing moved
    LATE = "late"  # the purchase had been closed; the money goes back
    WAITING = "waiting"  # a refund that is kept until its payment is heard of
    REFUSED = "refused"  # nothing moved


@dataclass(frozen=True)
class Recorded:
    """The answer to a payment; a repeat carries the figures of the first time."""

    outcome: Outcome
    purchase_no: str | None = None
    points_earned: int = 0
    cashback_fen: int = 0
    refusal: DomainError | None = None


@dataclass(frozen=True)
class RecordedRefund:
    """The answer to a refund; a repeat carries the figures of the first time."""

    outcome: Outcome
    refund_no: str
    purchase_no: str | None = None
    value_fen: int = 0
    cash_fen: int = 0
    points_taken_back: int = 0
    points_returned: int = 0
    wallet_returned_fen: int = 0
    cashback_taken_back_fen: int = 0
    refusal: DomainError | None = None


def purchase_no_for(source: str, external_id: str) -> str:
    """Our number for a purchase that was not placed with us; it follows from the source's own."""
    return "P" + blind_index(f"{source}:{external_id}", "purchase_no")[:20].upper()


def refund_no_for(source: str, external_id: str) -> str:
    """Our number for a refund; it follows from the source's own."""
    return "F" + blind_index(f"{source}:{external_id}", "refund_no")[:20].upper()


def purchase_reference(source: str, external_id: str) -> str:
    """Under which a purchase earns points, growth and cashback."""
    return f"purchase:{source}:{external_id}"


def refund_reference(source: str, external_id: str) -> str:
    """Under which a refund takes them back, and returns what paid."""
    return f"refund:{source}:{external_id}"


def tender_reference(purchase_no: str) -> str:
    """Under which a purchase holds and spends points, and takes from the wallet."""
    return f"purchase:{purchase_no}"
