"""An order as its owner sees it, as plain JSON: told when it is placed, kept for repeats, listed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from miniprogram_api.core.clock import in_shop_time

from .delivery import open_address
from .models import RedemptionOrder
from .states import OrderStatus, origins_of

_TOLD = (
    "order_no",
    "status",
    "source",
    "title",
    "quantity",
    "points",
    "cash_fen",
    "shipping_fen",
    "fulfilment",
    "pickup_code",
    "cancel_reason",
    "carrier",
    "tracking_no",
)
_COLUMNS = (*_TOLD, "source_id", "is_cancellable", "placed_at", "pay_by", "changed_at")


def told(row: Mapping[str, Any]) -> dict[str, Any]:
    """An order of which `row` has the columns; the address is left out, answers are kept."""
    can_cancel = row["is_cancellable"] and row["status"] in origins_of(OrderStatus.CANCELLED)
    return {
        **{name: row.get(name) for name in _TOLD},
        "items": [
            {
                "source": row["source"],
                "id": str(row["source_id"]),
                "title": row["title"],
                "quantity": row["quantity"],
                "points": row["points"],
            }
        ],
        "can_cancel": can_cancel,
        "placed_at": _moment(row["placed_at"]),
        "pay_by": _moment(row["pay_by"]),
        "changed_at": _moment(row["changed_at"]),
    }


def told_when_placed(row: Mapping[str, Any], points_available: int) -> dict[str, Any]:
    """The answer to who has just placed it."""
    return {**told(row), "points_available": points_available}


def told_order(order: RedemptionOrder) -> dict[str, Any]:
    """A stored order."""
    return told({name: getattr(order, name) for name in _COLUMNS})


def told_orders(orders: Sequence[RedemptionOrder]) -> list[dict[str, Any]]:
    """Stored orders."""
    return [told_order(order) for order in orders]


def told_in_full(order: RedemptionOrder) -> dict[str, Any]:
    """A stored order with the address, for its owner alone."""
    delivery = open_address(order.order_no, order.delivery_sealed)
    return {**told_order(order), "delivery": delivery}


def _moment(moment: datetime | None) -> str | None:
    return in_shop_time(moment).isoformat() if moment else None
