"""Cancelling orders: status, units and points in one transaction, for a whole list at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import after_commit, current_transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.log import log
from miniprogram_api.core.redis import RedisAway
from points_mall.ledger import posting
from points_mall.ledger.movements import Movement, Posted, Restore, Void
from points_mall.stock import gate, remaining, sold_out, units
from points_mall.stock.pools import pool_of

from .events import orders_cancelled
from .models import RedemptionOrder
from .orders import table
from .reasons import BY_SOURCE
from .states import OrderStatus, origins_of

_CANCELLABLE = ", ".join(f"'{status.value}'" for status in origins_of(OrderStatus.CANCELLED))
_log = log(__name__)


def cancel_all(orders: Sequence[RedemptionOrder], why: str) -> dict[str, Posted]:
    """Cancel those of `orders` that may still be; answer what that posted, by order number.

    Their members' accounts and the orders themselves are locked. Points go back into the lots they
    came from, held points are set free, and units can be taken again once this has committed.
    """
    ended = _end(orders, why)
    if not ended:
        return {}
    units.give_up([order.order_no for order in ended])
    paid = [order for order in ended if order.points]  # a prize cost nothing
    answers = posting.post([_undoing(order) for order in paid])
    for answer in answers:
        if isinstance(answer, DomainError):
            raise answer  # an order that was paid can be undone; whatever this is must end it all
    posted = {
        order.order_no: answer
        for order, answer in zip(paid, answers, strict=True)
        if isinstance(answer, Posted)
    }
    by_pool: dict[int, list[str]] = defaultdict(list)
    for order in ended:
        by_pool[order.pool_id].append(order.order_no)
        current_transaction().expire(order)  # whoever looks at it again sees it cancelled
    after_commit(lambda: _give_back(by_pool))
    orders_cancelled.emit(order_nos=[order.order_no for order in ended], why=why)
    return posted


def _end(orders: Sequence[RedemptionOrder], why: str) -> list[RedemptionOrder]:
    """Take the step to cancelled where it is allowed; answer the orders that took it."""
    step = {"status": OrderStatus.CANCELLED.value, "changed_at": now(), "cancel_reason": why}
    rows = [{"id": order.id, **step} for order in orders]
    only = f"redemption_order.status IN ({_CANCELLABLE})"
    changed = {row.id for row in bulk.update(current_transaction(), table, rows, only=only)}
    return [order for order in orders if order.id in changed]


def _undoing(order: RedemptionOrder) -> Movement:
    """What undoes an order's payment; `order` shows it as it stood before it was cancelled."""
    reason, reference = BY_SOURCE[order.source], f"order:{order.order_no}"
    if order.status == OrderStatus.AWAITING_PAYMENT:
        return Void(order.member_id, reason, reference)
    return Restore(order.member_id, reason, reference, by=f"cancel:{order.order_no}")


def _give_back(by_pool: Mapping[int, Sequence[str]]) -> None:
    """Let others win the units at once; what Redis does not hear is found by reconciling."""
    for pool_id, order_nos in by_pool.items():
        try:
            gate.give_back(pool_of(pool_id, fresh=True), order_nos)
        except RedisAway as away:
            _log.warning("units_not_given_back", pool=pool_id, reason=str(away))
    sold_out.forget_all()
    remaining.forget_cached()
