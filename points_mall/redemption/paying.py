"""The cash half of orders: its payment begun, and paid. Both within the caller's transaction."""

from collections.abc import Sequence

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction
from miniprogram_api.core.errors import DomainError
from points_mall.ledger import posting
from points_mall.ledger.movements import Capture

from .errors import NoSuchOrder, PaymentTimeOver, StepNotAllowed
from .models import RedemptionOrder
from .orders import locked_orders, table
from .reasons import BY_SOURCE
from .states import OrderStatus


def begin_payment(member_id: int, order_no: str) -> RedemptionOrder:
    """The member's order, which from now on waits for the outcome of a payment.

    The member's account is locked by the caller.

    :raises NoSuchOrder: there is none, or it is another member's.
    :raises StepNotAllowed: it owes no cash, or does no longer.
    :raises PaymentTimeOver: it should have been paid earlier.
    """
    found = locked_orders(
        RedemptionOrder.member_id == member_id, RedemptionOrder.order_no == order_no
    )
    if not found:
        raise NoSuchOrder("no order of yours has this number")
    order = found[0]
    if order.status != OrderStatus.AWAITING_PAYMENT:
        raise StepNotAllowed(order.status)
    if order.pay_by is not None and order.pay_by <= now():
        raise PaymentTimeOver(order.pay_by)
    order.payment_begun_at = now()
    return order


def let_payment_be(order_nos: Sequence[str]) -> None:
    """No payment is under way for these orders after all: the time to pay is what it was."""
    current_transaction().execute(
        sa.update(table)
        .where(table.c.order_no.in_(order_nos), table.c.status == OrderStatus.AWAITING_PAYMENT)
        .values(payment_begun_at=None)
    )


def pay(order_nos: Sequence[str]) -> dict[str, DomainError | None]:
    """The cash half of these orders is paid: spend the points that were held for them.

    :returns: by order number None, or why it can be paid no longer: it was let go, or its hold is
        over. What is owed to who paid too late is the caller's business.
    """
    posting.lock_accounts(_members_of(order_nos))
    orders = locked_orders(RedemptionOrder.order_no.in_(order_nos))
    waiting = [one for one in orders if one.status == OrderStatus.AWAITING_PAYMENT]
    answers: dict[str, DomainError | None] = {
        one.order_no: None if _is_paid(one) else StepNotAllowed(one.status) for one in orders
    }
    captures = [
        Capture(one.member_id, BY_SOURCE[one.source], f"order:{one.order_no}", None, _traced(one))
        for one in waiting
    ]
    for one, posted in zip(waiting, posting.post(captures), strict=True):
        answers[one.order_no] = posted if isinstance(posted, DomainError) else None
    _go_on([one for one in waiting if answers[one.order_no] is None])
    return answers


def _go_on(orders: Sequence[RedemptionOrder]) -> None:
    moment = now()
    rows = [{"id": one.id, "status": _after(one), "changed_at": moment} for one in orders]
    bulk.update(current_transaction(), table, rows)
    for one in orders:
        current_transaction().expire(one)  # whoever looks at it again sees it paid


def _after(order: RedemptionOrder) -> str:
    """Where an order stands once it is paid: ready, if it waits at the counter already."""
    is_ready = order.fulfilment == "pickup" and order.is_stocked
    return (OrderStatus.READY if is_ready else OrderStatus.PLACED).value


def _is_paid(order: RedemptionOrder) -> bool:
    return order.status not in {OrderStatus.AWAITING_PAYMENT, OrderStatus.CANCELLED}


def _traced(order: RedemptionOrder) -> dict[str, object]:
    return {
        "source": order.source,
        "title": order.title,
        "quantity": order.quantity,
        "cash_fen": order.cash_fen,
    }


def _members_of(order_nos: Sequence[str]) -> Sequence[int]:
    rows = current_transaction().execute(
        table.select().with_only_columns(table.c.member_id).where(table.c.order_no.in_(order_nos))
    )
    return [row.member_id for row in rows]
