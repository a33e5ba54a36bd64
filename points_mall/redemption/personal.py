"""What orders know of one member, for the member; and new keys for old addresses."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.crypto import sealed_with_newest
from miniprogram_api.core.db import db, transaction

from .answers import told_in_full
from .delivery import open_address, seal_address
from .models import RedemptionOrder
from .orders import locked_orders, orders_of


def export_orders(member_id: int) -> list[dict[str, Any]]:
    """The member's orders with their addresses, as plain JSON."""
    found = db.session.scalars(orders_of(member_id).order_by(RedemptionOrder.id))
    return [told_in_full(order) for order in found]


def reseal_addresses(at_most: int = 500, after_id: int = 0) -> tuple[int, int | None]:
    """Seal addresses anew that are not sealed with the newest key, in batches, after a change of keys.

    :returns: how many were, and the id after which to go on; None: that was all.
    """
    with transaction() as session:
        ids = session.scalars(
            sa.select(RedemptionOrder.id)
            .where(RedemptionOrder.id > after_id, RedemptionOrder.delivery_sealed.is_not(None))
            .order_by(RedemptionOrder.id)
            .limit(at_most)
        ).all()
        count = 0
        for order in locked_orders(RedemptionOrder.id.in_(ids)):
            if order.delivery_sealed is not None and not sealed_with_newest(order.delivery_sealed):
                address = open_address(order.order_no, order.delivery_sealed) or {}
                order.delivery_sealed = seal_address(order.order_no, address)
                count += 1
        return count, ids[-1] if len(ids) == at_most else None
