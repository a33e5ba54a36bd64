"""Letting a purchase be that waits to be paid: first WeChat lets nobody pay it, then it is closed."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.repeats.records import Answer, Claim, claim_all, recall, store_all
from points_mall.ledger import posting as points

from .answers import told_purchase
from .asking import let_nobody_pay, payments
from .closing import ACCOUNT_CLOSED, BY_MEMBER, close_purchases
from .listing import purchase_of
from .payments import hear_payments
from .placing import Placed
from .placing_errors import PurchaseStepNotAllowed
from .states import PurchaseStatus
from .wechat_models import PaymentStage


def cancel(member_id: int, claim: Claim, purchase_no: str) -> Placed:
    """Close a member's own purchase before it is paid; points and wallet money go back.

    :raises NoSuchPurchase: there is none, or it is another member's.
    :raises PurchaseStepNotAllowed: it is paid, or closed already.
    :raises WeChatUnavailable: WeChat does not say whether it was paid.
    """
    if (first := recall(claim)) is not None:
        return Placed(first.body, is_repeat=True)
    purchase = purchase_of(member_id, purchase_no)
    if purchase.status != PurchaseStatus.AWAITING_PAYMENT:
        raise PurchaseStepNotAllowed(purchase.status)
    if purchase.cash_fen and (paid := let_nobody_pay(purchase_no)) is not None:
        with transaction():
            hear_payments([paid])
    return _close(member_id, claim, purchase_no)


def close_of_member(member_id: int, **_facts: object) -> None:
    """In the transaction that closes an account: what waits to be paid is closed, and who may pay
    it is forgotten. What is paid all the same goes back.
    """
    points.lock_accounts([member_id])
    session = current_transaction()
    found = session.execute(
        sa.select(payments.c.purchase_id, payments.c.state).filter_by(member_id=member_id)
    )
    open_ones = [row.purchase_id for row in found if row.state == PaymentStage.OPEN]
    close_purchases(open_ones, ACCOUNT_CLOSED)
    look_now(open_ones)
    forgotten = sa.update(payments).where(payments.c.member_id == member_id).values(openid="")
    session.execute(forgotten)


def look_now(purchase_ids: Sequence[int]) -> None:
    """Let the next round ask WeChat about these payments, and end them there too."""
    current_transaction().execute(
        sa.update(payments)
        .where(payments.c.purchase_id.in_(purchase_ids), payments.c.state == PaymentStage.OPEN)
        .values(check_at=now())
    )


@retrying
def _close(member_id: int, claim: Claim, purchase_no: str) -> Placed:
    with transaction() as session:
        points.lock_accounts([member_id])
        [found] = claim_all(session, [claim])
        if isinstance(found, DomainError):
            raise found
        if found is not None:
            return Placed(found.body, is_repeat=True)
        purchase = purchase_of(member_id, purchase_no)
        if not close_purchases([purchase.id], BY_MEMBER):
            raise PurchaseStepNotAllowed(purchase.status)
        _end_payment(purchase_no)
        db.session.refresh(purchase)
        body: dict[str, Any] = told_purchase(purchase)
        store_all(session, [(claim, Answer(200, body))])
    return Placed(body, is_repeat=False)


def _end_payment(purchase_no: str) -> None:
    current_transaction().execute(
        sa.update(payments)
        .where(payments.c.out_trade_no == purchase_no, payments.c.state == PaymentStage.OPEN)
        .values(state=PaymentStage.CLOSED.value, checked_at=now(), check_at=None)
    )
