"""Reading orders: a member's own, or by their number for those who fulfil them."""

from typing import cast

import sqlalchemy as sa

from miniprogram_api.core.db import current_transaction, db

from .errors import NoSuchOrder
from .models import RedemptionOrder
from .states import OrderStatus

table = cast(sa.Table, RedemptionOrder.__table__)


def orders_of(member_id: int) -> sa.Select[RedemptionOrder]:
    """A member's orders."""
    return sa.select(RedemptionOrder).filter_by(member_id=member_id)


def order_of(member_id: int, order_no: str) -> RedemptionOrder:
    """A member's own order.

    :raises NoSuchOrder: there is none, or it is another member's.
    """
    order = db.session.scalar(orders_of(member_id).filter_by(order_no=order_no))
    if order is None:
        raise NoSuchOrder("no order of yours has this number")
    return order


def order_with(order_no: str) -> RedemptionOrder:
    """An order by its number, whosever it is.

    :raises NoSuchOrder: there is none.
    """
    order = db.session.scalar(sa.select(RedemptionOrder).filter_by(order_no=order_no))
    if order is None:
        raise NoSuchOrder(f"no order {order_no}")
    return order


def locked_orders(*conditions: sa.ColumnElement[bool]) -> list[RedemptionOrder]:
    """The orders that meet `conditions`, by id, locked until the transaction ends.

    The members' accounts are locked before, wherever points are to move.
    """
    query = (
        sa.select(RedemptionOrder)
        .where(*conditions)
        .order_by(RedemptionOrder.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(current_transaction().scalars(query))


def recent(status: OrderStatus | None, limit: int) -> list[RedemptionOrder]:
    """The latest orders of the shop, of one status or of any."""
    query = sa.select(RedemptionOrder).order_by(RedemptionOrder.id.desc()).limit(limit)
    return list(db.session.scalars(query if status is None else query.filter_by(status=status)))
