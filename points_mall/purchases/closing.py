"""Closing purchases that are not paid: what was set aside for them goes back."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction
from miniprogram_api.core.errors import DomainError
from points_mall.coupons import holding
from points_mall.ledger import posting as points
from points_mall.ledger.movements import Void
from points_mall.redemption import services as redemption
from points_mall.redemption.paying import let_payment_be
from points_mall.wallet import posting as wallet
from points_mall.wallet import reasons as wallet_reasons
from points_mall.wallet.movements import Restore

from .facts import tender_reference
from .loading import purchases
from .reasons import POINTS_AS_CASH
from .records import coupons_in
from .states import PurchaseStatus, Purpose

UNPAID, BY_MEMBER, ORDER_CANCELLED, ACCOUNT_CLOSED, UNKNOWN = (
    "unpaid",
    "member",
    "order_cancelled",
    "account_closed",
    "outcome_unknown",
)
"""Why a purchase was closed."""


def close_purchases(purchase_ids: Sequence[int], why: str) -> list[str]:
    """Close those of the purchases that wait to be paid, in the caller's transaction.

    Their members' accounts are locked by the caller. Coupons are free again, points and wallet money
    go back to where they came from, and orders whose cash half they were are let go. Answers the
    numbers of those closed.
    """
    closed = _end(purchase_ids, why)
    couponed = [row.purchase_no for row in closed if coupons_in(row.explanation)]
    if couponed:
        holding.unlock(tender_reference(purchase_no) for purchase_no in couponed)
    _require_posted(
        points.post(
            [
                Void(row.member_id, POINTS_AS_CASH, tender_reference(row.purchase_no))
                for row in closed
                if row.points_used
            ]
        )
    )
    _return_wallet_money(closed)
    _free_orders([row.subject for row in closed if row.purpose == Purpose.REDEMPTION], why)
    return [row.purchase_no for row in closed]


def _free_orders(order_nos: Sequence[str], why: str) -> None:
    """Orders wait for these payments no longer: they are let go, unless the member thinks again."""
    if why == BY_MEMBER:
        let_payment_be(order_nos)
    elif order_nos and why != ORDER_CANCELLED:
        redemption.release(order_nos)


def _end(purchase_ids: Sequence[int], why: str) -> Sequence[sa.Row[Any]]:
    """Take the step to closed where it is allowed; answer the rows that took it."""
    step = {"status": PurchaseStatus.CLOSED.value, "closed_at": now(), "close_reason": why}
    session = current_transaction()
    rows = [{"id": purchase_id, **step} for purchase_id in purchase_ids]
    only = f"purchase.status = '{PurchaseStatus.AWAITING_PAYMENT.value}'"
    ids = [row.id for row in bulk.update(session, purchases, rows, only=only)]
    return session.execute(sa.select(purchases).where(purchases.c.id.in_(ids))).all()


def _return_wallet_money(closed: Sequence[sa.Row[Any]]) -> None:
    restores = [
        Restore(
            row.member_id,
            wallet_reasons.PURCHASE,
            tender_reference(row.purchase_no),
            by=f"close:{row.purchase_no}",
            refunded=1,
            paid=1,
        )
        for row in closed
        if row.wallet_fen
    ]
    _require_posted(wallet.post(restores))


def _require_posted(answers: Sequence[object]) -> None:
    for answer in answers:
        if isinstance(answer, DomainError):
            raise answer  # what was set aside can be given back; whatever this is must end it all
