"""What purchases know of one member, for the member."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db

from . import loading
from .loading import purchases
from .records import PurchaseRecord, RefundRecord

_FIGURES = (
    "purchase_no",
    "source",
    "status",
    "purpose",
    "title",
    "store",
    "gross_fen",
    "discount_fen",
    "total_fen",
    "cash_fen",
    "points_used",
    "points_fen",
    "wallet_fen",
    "refunded_fen",
    "points_earned",
    "cashback_fen",
)


def export_purchases(member_id: int) -> list[dict[str, Any]]:
    """The member's purchases with their lines and refunds, as plain JSON."""
    session = db.session()
    rows = session.execute(
        sa.select(purchases).where(purchases.c.member_id == member_id).order_by(purchases.c.id)
    ).all()
    found = list(loading.with_lines(session, rows).values())
    refunds = loading.applied_refunds(session, [purchase.id for purchase in found])
    return [_told(purchase, refunds[purchase.id]) for purchase in found]


def _told(purchase: PurchaseRecord, refunds: list[RefundRecord]) -> dict[str, Any]:
    return {
        **{name: getattr(purchase, name) for name in _FIGURES},
        "placed_at": _spelt(purchase.placed_at),
        "paid_at": _spelt(purchase.paid_at),
        "lines": [
            {"title": line.title, "quantity": line.quantity, "payable_fen": line.payable_fen}
            for line in purchase.lines
        ],
        "refunds": [
            {
                "refund_no": refund.refund_no,
                "refund_fen": refund.value_fen,
                "points_taken_back": refund.points_taken_back,
                "points_returned": refund.points_returned,
                "refunded_at": _spelt(refund.refunded_at),
            }
            for refund in sorted(refunds, key=lambda one: one.id)
        ],
    }


def _spelt(moment: datetime | None) -> str | None:
    return None if moment is None else in_shop_time(moment).isoformat()
