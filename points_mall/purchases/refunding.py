"""Giving money back for a purchase that was paid with us.

A refund is written down first (`asked`) and asked of WeChat by a job, under one number until its end
is known; it takes effect once the cash is on its way. Where no cash was paid it takes effect at
once. Wallet money, points and what was earned follow by the shares of `sharing`.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction, retrying, transaction
from miniprogram_api.jobs.outbox import enqueue

from .facts import (
    Outcome,
    RecordedRefund,
    Refunded,
    RefundedLine,
    refund_no_for,
)
from .listing import purchase_with
from .loading import refunds as booked
from .payment_refunds import wechat_refunds
from .payments import known_payments
from .placing_errors import NotRefundableHere, PurchaseStepNotAllowed
from .recording import locked
from .records import PurchaseRecord, RefundRecord
from .refunds import record_refund
from .settling import told_by
from .sharing import Told, refusal_of, standing, with_cash
from .states import WECHAT_PAY, PurchaseStatus, RefundState
from .wechat_models import RefundStage
from .writing import insert_refunds

ASK_REFUND = "purchases.ask_refund"
"""The job that asks WeChat for a refund."""

FIRST_CHECK = timedelta(minutes=1)
"""After so long WeChat is asked how a refund stands, should the job and the notice both be lost."""

_COUNTED = frozenset({RefundState.ASKED.value, RefundState.APPLIED.value})
"""What a purchase's refunds are when they leave less for the next one."""


@retrying
def refund_purchase(
    purchase_no: str,
    *,
    amount_fen: int | None = None,
    lines: Mapping[int, int] | None = None,
    reason: str,
    actor: str,
    reference: str | None = None,
    dry_run: bool = False,
) -> RecordedRefund:
    """Refund a purchase, or a part of it, by value or by line; None of both: all that is left.

    :param lines: fen by line number; they are the amount.
    :param reference: of the cause; a repeat under the same one answers with the first refund. None:
        a refund of its own.
    :param dry_run: tell what it would move, and move nothing.
    :returns: what moved; `waiting` where the cash has to be on its way first.
    :raises NoSuchPurchase: there is none.
    :raises NotRefundableHere: its cash was taken elsewhere.
    :raises PurchaseStepNotAllowed: it was never paid.
    :raises RefundTooLarge: more than is left.
    """
    with transaction() as session:
        purchase = _refundable(session, purchase_no)
        past = _past(session, purchase)
        number = f"{purchase_no}-{reference or len(past) + 1}"
        if known := next((one for one in past if one.external_id == number), None):
            return _repeated(known)
        counted = [told_by(one) for one in past if one.state in _COUNTED]
        wanted = _wanted(purchase, counted, amount_fen, lines)
        if refusal := refusal_of(purchase, counted, wanted):
            raise refusal
        told = with_cash(purchase, counted, wanted)
        fact = _fact(purchase, number, told, reason, actor)
        if dry_run:
            return _previewed(purchase, counted, told, fact)
        if not told.cash_fen:
            return record_refund(fact)
        _ask(session, purchase, fact)
        return _previewed(purchase, counted, told, fact)


def refund_late(purchase: PurchaseRecord) -> None:
    """Send back what was paid for a purchase that was closed; in the caller's transaction."""
    asked = known_payments(current_transaction(), [purchase.purchase_no])
    if purchase.cash_fen and asked:  # what was not asked for through us goes back where it was paid
        number = f"{purchase.purchase_no}-late"
        _ask_wechat(number, purchase, None, purchase.cash_fen, "支付超时，原路退回")


def _refundable(session: Session, purchase_no: str) -> PurchaseRecord:
    """A purchase that was paid with us, locked."""
    found = purchase_with(purchase_no)
    if found.source != WECHAT_PAY:
        raise NotRefundableHere(f"it was paid by {found.source}")
    key = (found.source, found.external_id)
    purchase = locked(session, {key})[key]
    if purchase.status != PurchaseStatus.PAID:
        raise PurchaseStepNotAllowed(purchase.status)
    return purchase


def _past(session: Session, purchase: PurchaseRecord) -> list[Any]:
    """Every refund that was told of the purchase, by whomever, the first one first."""
    query = sa.select(booked).where(
        booked.c.purchase_source == purchase.source,
        booked.c.purchase_external_id == purchase.external_id,
    )
    return list(session.execute(query.order_by(booked.c.id)))


def _wanted(
    purchase: PurchaseRecord,
    counted: Sequence[Told],
    amount_fen: int | None,
    lines: Mapping[int, int] | None,
) -> Told:
    """How much is to be given back; without an amount and lines all that is left."""
    if lines:
        return Told(sum(lines.values()), None, lines)
    if amount_fen is None:
        return Told(purchase.total_fen - standing(purchase, counted).value_fen)
    return Told(amount_fen)


def _fact(purchase: PurchaseRecord, number: str, told: Told, reason: str, actor: str) -> Refunded:
    return Refunded(
        WECHAT_PAY,
        number,
        purchase.key,
        now(),
        amount_fen=told.amount_fen,
        cash_fen=told.cash_fen,
        lines=[RefundedLine(line_no, amount) for line_no, amount in told.lines.items()],
        reason=reason,
        actor=actor,
    )


def _ask(session: Session, purchase: PurchaseRecord, fact: Refunded) -> None:
    """Write down what is asked, and the job that asks WeChat."""
    refund = _asked(purchase, fact)
    insert_refunds(session, [refund])
    _ask_wechat(fact.external_id, purchase, refund.refund_no, fact.cash_fen or 0, fact.reason)


def _asked(purchase: PurchaseRecord, fact: Refunded) -> RefundRecord:
    return RefundRecord(
        refund_no=refund_no_for(fact.source, fact.external_id),
        source=fact.source,
        external_id=fact.external_id,
        purchase_source=purchase.source,
        purchase_external_id=purchase.external_id,
        purchase_id=purchase.id,
        amount_fen=fact.amount_fen,
        cash_fen=fact.cash_fen,
        lines={str(line.line_no): line.amount_fen for line in fact.lines} or None,
        state=RefundState.ASKED.value,
        note=None,
        reason=fact.reason[:80],
        actor=fact.actor,
        refunded_at=fact.refunded_at,
        heard_at=fact.refunded_at,
        applied_at=None,
    )


def _ask_wechat(
    number: str, purchase: PurchaseRecord, refund_no: str | None, refund_fen: int, reason: str
) -> None:
    moment = now()
    row = {
        "out_refund_no": number,
        "out_trade_no": purchase.purchase_no,
        "refund_no": refund_no,
        "refund_fen": refund_fen,
        "total_fen": purchase.cash_fen,
        "state": RefundStage.ASKED.value,
        "reason": reason[:80],
        "asked_at": moment,
        "check_at": moment + FIRST_CHECK,
        "attempts": 0,
    }
    if bulk.insert_missing(current_transaction(), wechat_refunds, [row]):
        enqueue(ASK_REFUND, {"out_refund_no": number}, key=number)


def _previewed(
    purchase: PurchaseRecord, counted: Sequence[Told], told: Told, fact: Refunded
) -> RecordedRefund:
    """What a refund will move, once its cash is on its way."""
    before, after = standing(purchase, counted), standing(purchase, [*counted, told])
    return RecordedRefund(
        outcome=Outcome.WAITING,
        refund_no=refund_no_for(fact.source, fact.external_id),
        purchase_no=purchase.purchase_no,
        value_fen=after.value_fen - before.value_fen,
        cash_fen=told.cash_fen or 0,
        points_taken_back=after.points_earned - before.points_earned,
        points_returned=after.points - before.points,
        wallet_returned_fen=after.wallet_fen - before.wallet_fen,
        cashback_taken_back_fen=after.cashback_fen - before.cashback_fen,
    )


def _repeated(refund: Any) -> RecordedRefund:
    return RecordedRefund(
        outcome=Outcome.REPEATED,
        refund_no=refund.refund_no,
        value_fen=refund.value_fen,
        cash_fen=refund.cash_fen or 0,
        points_taken_back=refund.points_taken_back,
        points_returned=refund.points_returned,
        wallet_returned_fen=refund.wallet_returned_fen,
        cashback_taken_back_fen=refund.cashback_taken_back_fen,
    )
