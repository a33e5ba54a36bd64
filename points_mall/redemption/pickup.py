"""Handing over at the counter: looking a pick-up code up, and confirming it, once."""

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.risk import limits, pace
from miniprogram_api.risk.limits import Limit

from . import pickup_codes
from .errors import AlreadyCollected, NoSuchPickup, StepNotAllowed
from .events import order_sent
from .models import RedemptionOrder
from .services import step_to
from .states import OrderStatus

PACE = "pickup_code"
limits.declare(PACE, lambda s: Limit(s.pickup_lookups_per_minute, 60, s.pickup_lookups_burst))


def look_up_pickup(code: str, *, caller: str) -> RedemptionOrder:
    """The order of a pick-up code, whatever became of it.

    :param caller: who asks (`till:3`, `cli`); right and wrong codes count alike towards the pace.
    :raises SlowDown: the caller asks faster than anybody hands over.
    :raises NoSuchPickup: no order has this code.
    """
    pace.check(PACE, caller)
    return _order_with(code)


@retrying
def confirm_pickup(code: str, *, caller: str) -> RedemptionOrder:
    """Hand the order over: it is collected, and its code is worth nothing from now on.

    :raises SlowDown: the caller asks faster than anybody hands over.
    :raises NoSuchPickup: no order has this code.
    :raises AlreadyCollected: it was handed over before.
    :raises StepNotAllowed: it is cancelled, or its cash half is not paid.
    """
    pace.check(PACE, caller)
    with transaction():
        order = _order_with(code)
        if not step_to(RedemptionOrder.id == order.id, OrderStatus.COLLECTED):
            raise _refusal(order)
        order_sent.emit(order_no=order.order_no)
    return _order_with(code)


def take_back_pickup(code: str) -> RedemptionOrder | None:
    """In the caller's transaction: undo a hand-over that was a mistake; the order waits again.

    Whether it is soon enough, and by whom, the caller judges. None: it is not handed over.

    :raises NoSuchPickup: no order has this code.
    """
    order = _order_with(code)
    handed_over = sa.update(RedemptionOrder).where(
        RedemptionOrder.id == order.id, RedemptionOrder.status == OrderStatus.COLLECTED
    )
    undone = current_transaction().execute(
        handed_over.values(status=OrderStatus.READY.value, changed_at=now())
        .returning(RedemptionOrder.id)
        .execution_options(synchronize_session=False)
    )
    if undone.first() is None:
        return None
    db.session.refresh(order)
    return order


def _order_with(code: str) -> RedemptionOrder:
    order = None
    if pickup_codes.is_code(code):
        order = db.session.scalar(sa.select(RedemptionOrder).filter_by(pickup_code=code))
    if order is None:
        raise NoSuchPickup("no order has this pick-up code")
    return order


def _refusal(order: RedemptionOrder) -> AlreadyCollected | StepNotAllowed:
    """Why the step was not taken; the order is read again, it has just changed under us."""
    db.session.refresh(order)
    if order.status == OrderStatus.COLLECTED:
        return AlreadyCollected(order.changed_at)
    return StepNotAllowed(order.status)
