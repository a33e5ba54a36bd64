"""The cash half of orders paid in points: what a payment does to an order, and an order to it."""

from collections.abc import Container, Sequence

import sqlalchemy as sa

from miniprogram_api.core.db import current_transaction
from miniprogram_api.core.log import log
from miniprogram_api.jobs.outbox import enqueue_many
from points_mall.redemption import services as redemption
from points_mall.redemption.paying import pay

from .cancelling import look_now
from .closing import ORDER_CANCELLED, close_purchases
from .loading import purchases as table
from .records import PurchaseRecord
from .refunding import refund_late
from .states import PurchaseStatus, Purpose

REFUND_ALL = "purchases.refund_all"
"""The job that refunds all that is left of a purchase."""

_log = log(__name__)


def pay_orders(purchases: Sequence[PurchaseRecord], **_facts: object) -> None:
    """Orders whose cash half was paid go on; one that was let go meanwhile gets its cash back."""
    halves = {one.purchase_no: one.subject for one in purchases if _is_half(one) and one.subject}
    if not halves:
        return
    order_nos = sorted(set(halves.values()))
    answers, first = pay(order_nos), _first_payments(order_nos, halves)
    refused = [
        purchase_no
        for purchase_no, order_no in halves.items()
        if answers.get(order_no, True) is not None or first[order_no] != purchase_no
    ]
    for purchase_no in refused:
        _log.warning("order_not_paid_by_it", order=halves[purchase_no], purchase=purchase_no)
    _refund_all(refused)


def send_back(purchases: Sequence[PurchaseRecord], **_facts: object) -> None:
    """Purchases were paid after they were closed: their cash goes back, their orders are let go."""
    for purchase in purchases:
        refund_late(purchase)
    orders = [one.subject for one in purchases if _is_half(one) and one.subject]
    if orders:
        redemption.release(orders)


def follow_cancelled(order_nos: Sequence[str], **_facts: object) -> None:
    """Orders were cancelled: nobody is to pay their cash half, and what was paid goes back."""
    rows = current_transaction().execute(
        sa.select(table.c.id, table.c.purchase_no, table.c.status).where(
            table.c.subject.in_(order_nos), table.c.purpose == Purpose.REDEMPTION.value
        )
    )
    found = rows.all()
    waiting = [one.id for one in found if one.status == PurchaseStatus.AWAITING_PAYMENT]
    if waiting:
        close_purchases(waiting, ORDER_CANCELLED)
        look_now(waiting)
    _refund_all([one.purchase_no for one in found if one.status == PurchaseStatus.PAID])


def _first_payments(order_nos: Sequence[str], fresh: Container[str]) -> dict[str, str]:
    """By order the purchase that paid it: one from before, else the first of the fresh ones.

    Another one would be paid for nothing.
    """
    query = sa.select(table.c.subject, table.c.purchase_no).where(
        table.c.subject.in_(order_nos),
        table.c.purpose == Purpose.REDEMPTION.value,
        table.c.status == PurchaseStatus.PAID.value,
    )
    rows = current_transaction().execute(query.order_by(table.c.id.desc())).all()
    last_wins = sorted(rows, key=lambda row: row.purchase_no not in fresh)
    return {row.subject: row.purchase_no for row in last_wins}


def _refund_all(purchase_nos: Sequence[str]) -> None:
    """By a job: a refund locks the purchase's key before the accounts, which are locked by now."""
    if purchase_nos:
        enqueue_many(REFUND_ALL, [(no, {"purchase_no": no}) for no in purchase_nos])


def _is_half(purchase: PurchaseRecord) -> bool:
    return purchase.purpose == Purpose.REDEMPTION
