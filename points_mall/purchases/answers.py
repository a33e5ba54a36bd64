"""Purchases as their owner sees them, as plain JSON: told when placed, kept for repeats, listed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from miniprogram_api.core.clock import in_shop_time
from points_mall.earning.facts import Earned

from .listing import lines_of, refunds_of
from .models import Purchase
from .records import PurchaseRecord, shipping_in

_FIGURES = (
    "purchase_no",
    "status",
    "purpose",
    "title",
    "gross_fen",
    "discount_fen",
    "total_fen",
    "points_used",
    "points_fen",
    "wallet_fen",
)
_STORED = (
    *_FIGURES,
    "source",
    "subject",
    "store",
    "refunded_fen",
    "points_earned",
    "cashback_fen",
    "close_reason",
)
_MOMENTS = ("placed_at", "pay_by", "paid_at", "closed_at")


def told_when_placed(purchase: PurchaseRecord, earned: Earned) -> dict[str, Any]:
    """A purchase as it is placed, or would be, and what it is to earn."""
    explanation = {**(purchase.explanation or {}), "earned": earned.explanation}
    return {
        **{name: getattr(purchase, name) for name in _FIGURES},
        "shipping_fen": purchase.shipping_fen,
        "payable_fen": purchase.cash_fen,
        "points_to_earn": earned.points,
        "cashback_to_earn_fen": earned.cashback_fen,
        "explanation": explanation,
        "pay_by": _moment(purchase.pay_by),
    }


def told_to_pay(purchase: Purchase, payment: dict[str, str]) -> dict[str, Any]:
    """What it takes to pay a purchase that waits for it."""
    return {
        "purchase_no": purchase.purchase_no,
        "payable_fen": purchase.cash_fen,
        "pay_by": _moment(purchase.pay_by),
        "payment": payment,
    }


def told_purchase(purchase: Purchase) -> dict[str, Any]:
    """A stored purchase."""
    return {
        **{name: getattr(purchase, name) for name in _STORED},
        "shipping_fen": shipping_in(purchase.explanation),
        "payable_fen": purchase.cash_fen,
        "explanation": purchase.explanation or {},
        **{name: _moment(getattr(purchase, name)) for name in _MOMENTS},
    }


def told_purchases(purchases: Sequence[Purchase]) -> list[dict[str, Any]]:
    """Stored purchases."""
    return [told_purchase(purchase) for purchase in purchases]


def told_in_full(purchase: Purchase) -> dict[str, Any]:
    """A stored purchase with its lines and refunds."""
    return {
        **told_purchase(purchase),
        "lines": [told_line(line) for line in lines_of(purchase)],
        "refunds": [told_refund(refund) for refund in refunds_of(purchase)],
    }


def told_line(line: Any) -> dict[str, Any]:
    """One line of the bill."""
    names = (
        "line_no",
        "sku",
        "title",
        "category",
        "quantity",
        "amount_fen",
        "payable_fen",
        "refunded_fen",
    )
    return {name: getattr(line, name) for name in names}


def told_refund(refund: Any) -> dict[str, Any]:
    """One refund, and how far its cash is; null: there was none, or it went back elsewhere."""
    return {
        "refund_no": refund.refund_no,
        "refund_fen": refund.value_fen,
        "cash_fen": refund.cash_fen or 0,
        "cash_state": refund.cash_state,
        "points_taken_back": refund.points_taken_back,
        "points_returned": refund.points_returned,
        "wallet_returned_fen": refund.wallet_returned_fen,
        "refunded_at": _moment(refund.refunded_at),
    }


def _moment(moment: datetime | None) -> str | None:
    return in_shop_time(moment).isoformat() if moment else None
