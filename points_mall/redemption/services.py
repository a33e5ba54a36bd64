"""What happens to an order after it was placed. Each function is one transaction, or one per batch.

Every step is a conditional change of the status: of two that meet, one finds the order gone on and is
refused, so an order has one end.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.core.settings import settings
from points_mall.ledger import posting

from .ending import cancel_all
from .errors import NoSuchOrder, NotCancellable, StepNotAllowed
from .events import order_sent
from .models import RedemptionOrder
from .orders import locked_orders, order_with, table
from .states import OrderStatus, origins_of

BATCH = 200
BY_MEMBER, BY_SHOP, UNPAID, ACCOUNT_CLOSED = "member", "shop", "unpaid", "account_closed"
"""Why an order was cancelled."""


@retrying
def cancel(member_id: int, order_no: str) -> int:
    """Cancel a member's own order before it is shipped or collected; answer the points available.

    :raises NoSuchOrder: there is none, or it is another member's.
    :raises NotCancellable: it was offered without the right to cancel.
    :raises StepNotAllowed: it has gone too far.
    """
    with transaction():
        posting.lock_accounts([member_id])
        mine = locked_orders(
            RedemptionOrder.member_id == member_id, RedemptionOrder.order_no == order_no
        )
        if not mine:
            raise NoSuchOrder("no order of yours has this number")
        if not mine[0].is_cancellable:
            raise NotCancellable("it was offered without the right to cancel")
        if mine[0].status not in origins_of(OrderStatus.CANCELLED):
            raise StepNotAllowed(mine[0].status)
        return cancel_all(mine, BY_MEMBER)[order_no].available


@retrying
def cancel_by_shop(order_no: str) -> None:
    """Cancel an order before it is shipped or collected, also one that its member could not cancel.

    :raises NoSuchOrder: there is none.
    :raises StepNotAllowed: it has gone too far.
    """
    with transaction():
        posting.lock_accounts([order_with(order_no).member_id])
        [order] = locked_orders(RedemptionOrder.order_no == order_no)
        if order.status not in origins_of(OrderStatus.CANCELLED):
            raise StepNotAllowed(order.status)
        cancel_all([order], BY_SHOP)


def mark_ready(order_no: str) -> None:
    """The reward waits at the counter now.

    :raises StepNotAllowed: it is not an order to be picked up that waits for its reward.
    """
    _take_step(order_no, OrderStatus.READY, RedemptionOrder.fulfilment == "pickup")


def ship(order_no: str, carrier: str, tracking_no: str) -> None:
    """The reward is on its way, by that carrier and under that number.

    :raises StepNotAllowed: it is not an order to be delivered that waits to be sent.
    """
    by_post = RedemptionOrder.fulfilment == "delivery"
    _take_step(
        order_no, OrderStatus.SHIPPED, by_post, {"carrier": carrier, "tracking_no": tracking_no}
    )


def ship_all(parcels: Mapping[str, tuple[str, str]]) -> list[str]:
    """In the caller's transaction: what is on its way, as carrier and number by order number.

    Answers the orders that took the step, in the order of their numbers; the others did not stand
    where it begins.
    """
    moment = now()
    steps = [
        {
            "order_no": order_no,
            "status": OrderStatus.SHIPPED.value,
            "changed_at": moment,
            "carrier": carrier,
            "tracking_no": tracking_no,
        }
        for order_no, (carrier, tracking_no) in sorted(parcels.items())
    ]
    only = "redemption_order.status = 'placed' AND redemption_order.fulfilment = 'delivery'"
    key = ("order_no",)
    taken = bulk.update(current_transaction(), table, steps, key=key, only=only)
    sent = sorted(row.order_no for row in taken)
    for order_no in sent:
        order_sent.emit(order_no=order_no)
    return sent


def receive(order_no: str) -> None:
    """The parcel has arrived.

    :raises StepNotAllowed: it was not sent, or has arrived before.
    """
    _take_step(order_no, OrderStatus.RECEIVED)


def release_unpaid() -> int:
    """Cancel orders whose cash half was not paid in time; answer how many.

    One whose payment was begun is left to the outcome of that payment, as long as it may be learnt.
    """
    moment = now()
    unknown_since = moment - timedelta(hours=settings().payment_unknown_hours)
    is_over = sa.or_(
        sa.and_(RedemptionOrder.pay_by <= moment, RedemptionOrder.payment_begun_at.is_(None)),
        RedemptionOrder.pay_by <= unknown_since,
    )
    is_waiting = RedemptionOrder.status == OrderStatus.AWAITING_PAYMENT
    return _cancel_in_batches(sa.and_(is_waiting, is_over), UNPAID)


def release(order_nos: Sequence[str]) -> None:
    """In the caller's transaction: cancel those of these orders that still wait for their payment.

    Their members' accounts are locked.
    """
    is_waiting = RedemptionOrder.status == OrderStatus.AWAITING_PAYMENT
    cancel_all(locked_orders(RedemptionOrder.order_no.in_(order_nos), is_waiting), UNPAID)


@retrying
def receive_shipped() -> int:
    """Count parcels as received that were sent long ago; answer how many."""
    moment = now()
    sent_before = moment - timedelta(days=settings().redemption_receive_days)
    with transaction() as session:
        done = session.execute(
            sa.update(table)
            .where(table.c.status == OrderStatus.SHIPPED, table.c.changed_at <= sent_before)
            .values(status=OrderStatus.RECEIVED.value, changed_at=moment)
        )
        return cast("sa.CursorResult[Any]", done).rowcount


def close_orders(member_id: int, **_facts: object) -> None:
    """In the transaction that closes an account: cancel what is not on its way, forget addresses.

    Comes before the points are forfeited, so that what goes back is forfeited with the rest.
    """
    posting.lock_accounts([member_id])
    open_orders = locked_orders(
        RedemptionOrder.member_id == member_id,
        RedemptionOrder.status.in_(origins_of(OrderStatus.CANCELLED)),
    )
    cancel_all(open_orders, ACCOUNT_CLOSED)
    current_transaction().execute(
        sa.update(table).where(table.c.member_id == member_id).values(delivery_sealed=None)
    )


@retrying
def _take_step(
    order_no: str,
    target: OrderStatus,
    only: sa.ColumnElement[bool] | None = None,
    facts: dict[str, str] | None = None,
) -> None:
    with transaction():
        if not step_to(RedemptionOrder.order_no == order_no, target, only, facts):
            raise StepNotAllowed(order_with(order_no).status)
        if target == OrderStatus.SHIPPED:
            order_sent.emit(order_no=order_no)


def step_to(
    which: sa.ColumnElement[bool],
    target: OrderStatus,
    only: sa.ColumnElement[bool] | None = None,
    facts: dict[str, str] | None = None,
) -> bool:
    """In the caller's transaction: one order takes one step, if it stands where that begins."""
    conditions = [which, RedemptionOrder.status.in_(origins_of(target))]
    done = current_transaction().execute(
        sa.update(table)
        .where(*conditions, *([] if only is None else [only]))
        .values(status=target.value, changed_at=now(), **(facts or {}))
    )
    return cast("sa.CursorResult[Any]", done).rowcount == 1


def _cancel_in_batches(due: sa.ColumnElement[bool], why: str) -> int:
    """Cancel all orders that are due, which then are no longer; others get in between."""
    done = 0
    while True:
        db.session.rollback()
        query = sa.select(RedemptionOrder.id, RedemptionOrder.member_id).where(due).limit(BATCH)
        found = db.session.execute(query).all()
        if not found:
            return done
        done += _cancel_some(dict(found), due, why)


@retrying
def _cancel_some(members: dict[int, int], due: sa.ColumnElement[bool], why: str) -> int:
    with transaction():
        posting.lock_accounts(members.values())
        return len(cancel_all(locked_orders(RedemptionOrder.id.in_(members), due), why))
