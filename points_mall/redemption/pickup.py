"""Handing over at the counter: looking a pick-up code up, and confirming it, once."""

import sqlalchemy as sa

from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.risk import limits, pace
from miniprogram_api.risk.limits import Limit

from . import pickup_codes
from .errors import AlreadyCollected, NoSuchPickup, StepNotAllowed
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
    return _order_with(code)


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
