"""The life of an order, and which steps it may take."""

from enum import StrEnum


class OrderStatus(StrEnum):
    """Where an order stands."""

    AWAITING_PAYMENT = "awaiting_payment"  # points held until the cash half is paid
    PLACED = "placed"
    READY = "ready"  # waits at the counter
    SHIPPED = "shipped"
    COLLECTED = "collected"
    RECEIVED = "received"
    CANCELLED = "cancelled"


STEPS: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.AWAITING_PAYMENT: frozenset({OrderStatus.PLACED, OrderStatus.CANCELLED}),
    OrderStatus.PLACED: frozenset(
        {OrderStatus.READY, OrderStatus.SHIPPED, OrderStatus.COLLECTED, OrderStatus.CANCELLED}
    ),
    OrderStatus.READY: frozenset({OrderStatus.COLLECTED, OrderStatus.CANCELLED}),
    OrderStatus.SHIPPED: frozenset({OrderStatus.RECEIVED}),
    OrderStatus.COLLECTED: frozenset(),
    OrderStatus.RECEIVED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}
"""From each status, those that may follow. What is collected, received or cancelled stays so."""


def origins_of(target: OrderStatus) -> list[OrderStatus]:
    """The statuses from which `target` can be reached in one step."""
    return [status for status, targets in STEPS.items() if target in targets]
