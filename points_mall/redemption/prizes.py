"""Orders for what was won: a reward that costs nothing, collected or shipped like any other order.

Whoever gives prizes owns their units; the order's number is the holder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from miniprogram_api.core import bulk
from miniprogram_api.core.db import current_transaction, retrying, transaction

from . import pickup_codes
from .delivery import seal_address
from .errors import NoSuchOrder
from .models import RedemptionOrder
from .orders import locked_orders, table
from .reasons import PRIZE_SOURCE
from .states import OrderStatus


@dataclass(frozen=True)
class Won:
    """A member won a reward, of which the order `order_no` owns a unit.

    :param source_id: the prize.
    :param is_stocked: it waits at the counter already.
    """

    order_no: str
    member_id: int
    source_id: int
    pool_id: int
    title: str
    fulfilment: str
    is_stocked: bool


def place_won(won: Sequence[Won], moment: datetime) -> list[dict[str, Any]]:
    """Write the orders, in the caller's transaction and in one statement; answer their rows."""
    rows = [_row(one, moment) for one in won]
    bulk.insert(current_transaction(), table, rows)
    return rows


@retrying
def send_to(member_id: int, order_no: str, address: Mapping[str, str]) -> bool:
    """Say where a won reward is sent; answer whether its order was still waiting for that.

    :raises NoSuchOrder: there is none, or it is another member's.
    """
    with transaction():
        found = locked_orders(
            RedemptionOrder.member_id == member_id, RedemptionOrder.order_no == order_no
        )
        if not found:
            raise NoSuchOrder("no order of yours has this number")
        order = found[0]
        waits = order.fulfilment == "delivery" and order.status == OrderStatus.PLACED
        if not waits or order.delivery_sealed is not None:
            return False
        order.delivery_sealed = seal_address(order_no, address)
        return True


def _row(won: Won, moment: datetime) -> dict[str, Any]:
    by_pickup = won.fulfilment == "pickup"
    is_ready = by_pickup and won.is_stocked
    return {
        "order_no": won.order_no,
        "member_id": won.member_id,
        "source": PRIZE_SOURCE,
        "source_id": won.source_id,
        "pool_id": won.pool_id,
        "title": won.title,
        "quantity": 1,
        "points": 0,
        "cash_fen": 0,
        "shipping_fen": 0,  # who won something owes nothing for it
        "status": (OrderStatus.READY if is_ready else OrderStatus.PLACED).value,
        "fulfilment": won.fulfilment,
        "pickup_code": pickup_codes.new_code() if by_pickup else None,
        "placed_at": moment,
        "changed_at": moment,
        "is_cancellable": False,
        "is_stocked": won.is_stocked,
    }
