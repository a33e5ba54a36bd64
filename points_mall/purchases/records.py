"""Purchases as they are worked on: plain records, read under lock and written back at the end."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .facts import Key


@dataclass
class LineRecord:
    """A line of a purchase; see `models.PurchaseLine`."""

    line_no: int
    sku: str | None
    title: str
    category: str
    quantity: int
    amount_fen: int
    payable_fen: int
    refunded_fen: int = 0


@dataclass
class PurchaseRecord:
    """A purchase; see `models.Purchase`. `id` is 0 until the database gave one."""

    purchase_no: str
    source: str
    external_id: str
    member_id: int | None
    status: str
    purpose: str
    subject: str | None
    title: str
    store: str | None
    gross_fen: int
    discount_fen: int
    total_fen: int
    cash_fen: int
    placed_at: datetime
    points_used: int = 0
    points_fen: int = 0
    wallet_fen: int = 0
    wallet_principal_fen: int = 0
    refunded_fen: int = 0
    points_earned: int = 0
    cashback_fen: int = 0
    pay_by: datetime | None = None
    paid_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: str | None = None
    paid_late_at: datetime | None = None
    explanation: dict[str, Any] | None = None
    id: int = 0
    lines: list[LineRecord] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """What makes the purchase unique."""
        return self.source, self.external_id

    @property
    def money_fen(self) -> int:
        """What of it was paid in money: cash, and what the member had paid into the wallet."""
        return self.cash_fen + self.wallet_principal_fen

    @property
    def coupons(self) -> dict[str, int]:
        """The coupons that go with it, and what each took off."""
        return coupons_in(self.explanation)

    @property
    def shipping_fen(self) -> int:
        """What of its gross amount is for sending it."""
        return shipping_in(self.explanation)


def shipping_in(explanation: dict[str, Any] | None) -> int:
    """What sending cost before anything came off, as a purchase's explanation tells it."""
    return int((explanation or {}).get("shipping", {}).get("fen", 0))


def coupons_in(explanation: dict[str, Any] | None) -> dict[str, int]:
    """The coupons that a purchase's explanation names, and what each took off."""
    named = (explanation or {}).get("price", {}).get("coupons", ())
    return {one["code"]: one["took_fen"] for one in named}


@dataclass
class RefundRecord:
    """A refund; see `models.PurchaseRefund`. `id` is 0 until the database gave one."""

    refund_no: str
    source: str
    external_id: str
    purchase_source: str
    purchase_external_id: str
    purchase_id: int | None
    amount_fen: int | None
    cash_fen: int | None
    lines: dict[str, int] | None
    state: str
    note: str | None
    reason: str
    actor: str
    refunded_at: datetime
    heard_at: datetime
    applied_at: datetime | None
    value_fen: int = 0
    points_taken_back: int = 0
    points_returned: int = 0
    wallet_returned_fen: int = 0
    cashback_taken_back_fen: int = 0
    id: int = 0

    @property
    def key(self) -> Key:
        """What makes the refund unique."""
        return self.source, self.external_id

    @property
    def purchase_key(self) -> Key:
        """Source and number of what it belongs to."""
        return self.purchase_source, self.purchase_external_id
