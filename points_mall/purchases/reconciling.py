"""Finding out what became of payments and refunds of which nobody told us.

WeChat is asked outside of any transaction, one number after the other; what it answers is heard in
the same way as a notice. Two who ask at once hear the same and record it once.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, in_transaction, retrying, transaction
from miniprogram_api.core.log import log
from miniprogram_api.core.settings import settings
from miniprogram_api.wechat.errors import Final, PaymentNotConfigured, PaymentUnknown, Retryable
from miniprogram_api.wechat.extension import pay
from miniprogram_api.wechat.pay_answers import PaymentState
from points_mall.ledger import posting as points

from .asking import NOTIFICATIONS, OVER, let_nobody_pay, payments
from .closing import UNKNOWN, UNPAID, close_purchases
from .loading import purchases
from .payment_refunds import give_up, hear_refunds, wechat_refunds
from .payments import hear_payments
from .states import NoticeState, PurchaseStatus
from .wechat_models import PaymentStage, RefundStage

BATCH = 200
FOLLOW_FOR = timedelta(days=8)
"""WeChat lets nobody pay an order that was left unpaid for a week."""

SILENT = (Retryable, PaymentNotConfigured)
"""WeChat does not answer, or is not to be asked; the same question may be answered later."""

_OPEN_REFUNDS = (RefundStage.ASKED.value, RefundStage.PROCESSING.value)
_log = log(__name__)


def reconcile() -> int:
    """Ask for everything whose time has come; answer how much was settled.

    Where WeChat cannot be reached the rest waits for the next turn.
    """
    moment = now()
    due_payments = sa.select(payments.c.out_trade_no).where(
        payments.c.state == PaymentStage.OPEN, payments.c.check_at <= moment
    )
    due_refunds = sa.select(wechat_refunds.c.out_refund_no).where(
        wechat_refunds.c.state.in_(_OPEN_REFUNDS), wechat_refunds.c.check_at <= moment
    )
    settled = _each(due_payments.order_by(payments.c.check_at), settle_payment)
    return settled + _each(due_refunds.order_by(wechat_refunds.c.check_at), settle_refund)


def settle_payment(out_trade_no: str) -> bool:
    """Learn how a payment stands, and record or end it; whether it is settled now.

    :raises Retryable: WeChat does not say; it is asked again later.
    """
    payment = _payment(out_trade_no)
    if payment is None or payment.state != PaymentStage.OPEN:
        return True
    try:
        state = _asked(out_trade_no)
    except SILENT:
        _unanswered(payment)
        raise
    if state is not None and state.is_paid:
        return _heard(payment, state)
    is_over = state is not None and state.trade_state in OVER
    is_waiting = payment.status == PurchaseStatus.AWAITING_PAYMENT and payment.expires_at > now()
    if is_waiting and not is_over:
        _look_again(payment)
        return False
    paid = None if is_over or state is None else let_nobody_pay(out_trade_no)
    if paid is not None:
        return _heard(payment, paid)
    end_unpaid(out_trade_no, UNPAID)
    return True


def settle_refund(out_refund_no: str) -> bool:
    """Ask for a refund, or how it stands; whether its end is known now.

    :raises Retryable: WeChat does not say; the same number asks again later.
    """
    refund = _refund(out_refund_no)
    if refund is None or refund.state not in _OPEN_REFUNDS:
        return True
    client = pay()
    try:
        if refund.state == RefundStage.PROCESSING:
            told = client.query_refund(out_refund_no)
        else:
            told = client.refund(
                out_trade_no=refund.out_trade_no,
                out_refund_no=out_refund_no,
                refund_fen=refund.refund_fen,
                total_fen=refund.total_fen,
                reason=refund.reason,
                notify_url=client.notify_url(NOTIFICATIONS),
            )
    except SILENT as problem:
        _note_attempt(refund, RefundStage(refund.state), str(problem))
        raise
    except Final as refusal:
        _log.error("refund_refused", refund=out_refund_no, reason=str(refusal))
        _note_attempt(refund, RefundStage.REFUSED, str(refusal))
        return True
    with transaction():
        [applied] = hear_refunds([told])
    if applied.state is NoticeState.FAILED:
        _log.error("refund_differs", refund=out_refund_no, reason=applied.note)
        _note_attempt(refund, RefundStage.ABNORMAL, applied.note)
    elif told.status == "PROCESSING":
        _note_attempt(refund, RefundStage.PROCESSING, None)
    return told.status != "PROCESSING"


def _each(numbers: sa.Select[Any], settle: Callable[[str], bool]) -> int:
    db.session.rollback()
    found = db.session.scalars(numbers.limit(BATCH)).all()
    db.session.rollback()
    settled = 0
    for number in found:
        try:
            settled += settle(number)
        except SILENT as problem:
            _log.warning("wechat_pay_does_not_say", number=number, reason=str(problem))
            break
    return settled


def _asked(out_trade_no: str) -> PaymentState | None:
    """How WeChat says that a payment stands; None: it never heard of it."""
    try:
        return pay().query(out_trade_no)
    except PaymentUnknown:
        return None


def _heard(payment: Any, state: PaymentState) -> bool:
    """Record a payment; one that does not fit is looked at again, and by somebody."""
    with transaction():
        [applied] = hear_payments([state])
    if applied.state is NoticeState.APPLIED:
        return True
    _log.error("payment_differs", payment=state.out_trade_no, reason=applied.note)
    _look_again(payment)
    return False


@retrying
def end_unpaid(out_trade_no: str, why: str, stage: PaymentStage = PaymentStage.CLOSED) -> bool:
    """Close a purchase whose payment did not come about; whether it still waited for it.

    :param stage: open where its payment may come in all the same: then it is too late.
    """
    with transaction() as session:
        payment = _payment(out_trade_no)
        points.lock_accounts([payment.member_id])
        closed = close_purchases([payment.purchase_id], why)
        if stage is PaymentStage.CLOSED:
            session.execute(
                sa.update(payments)
                .where(payments.c.out_trade_no == out_trade_no, payments.c.state == "open")
                .values(state=stage.value, checked_at=now(), check_at=None)
            )
        return bool(closed)


def _unanswered(payment: Any) -> None:
    """WeChat does not say. What waits too long for that is let go; should it be paid, it is late."""
    _look_again(payment)
    given_up_at = payment.expires_at + timedelta(hours=settings().payment_unknown_hours)
    if payment.status == PurchaseStatus.AWAITING_PAYMENT and given_up_at <= now():
        end_unpaid(payment.out_trade_no, UNKNOWN, PaymentStage.OPEN)


def _look_again(payment: Any) -> None:
    """Ask again after as long as it has lasted so far, within bounds; never after a week."""
    moment = now()
    check_at = _next_look(payment.asked_at, payment.expires_at, moment)
    values = {"checked_at": moment, "check_at": check_at}
    _update(payments, payments.c.out_trade_no == payment.out_trade_no, values)


def _next_look(asked_at: datetime, expires_at: datetime, moment: datetime) -> datetime | None:
    if moment > asked_at + FOLLOW_FOR:
        return None
    pause = min(max(moment - asked_at, timedelta(minutes=1)), timedelta(hours=1))
    return min(moment + pause, expires_at) if moment < expires_at else moment + pause


def _note_attempt(refund: Any, stage: RefundStage, note: str | None) -> None:
    attempts, moment = refund.attempts + 1, now()
    pause = min(timedelta(minutes=2 ** min(attempts, 10)), timedelta(hours=6))
    values: dict[str, Any] = {
        "state": stage.value,
        "note": note and note[:255],
        "attempts": attempts,
        "checked_at": moment,
        "check_at": moment + pause,
    }
    is_open = wechat_refunds.c.state.in_(_OPEN_REFUNDS)
    with transaction() as session:
        session.execute(
            sa.update(wechat_refunds)
            .where(wechat_refunds.c.out_refund_no == refund.out_refund_no, is_open)
            .values(values)
        )
        if stage is RefundStage.REFUSED:
            give_up(session, [refund.out_refund_no], note or "refused")


@retrying
def _update(table: sa.Table, which: sa.ColumnElement[bool], values: dict[str, Any]) -> None:
    with transaction() as session:
        session.execute(sa.update(table).where(which).values(values))


def _payment(out_trade_no: str) -> Any:
    """A payment and the status of its purchase."""
    query = (
        sa.select(payments, purchases.c.status)
        .join(purchases, purchases.c.id == payments.c.purchase_id)
        .where(payments.c.out_trade_no == out_trade_no)
    )
    return _read(query)


def _refund(out_refund_no: str) -> Any:
    return _read(sa.select(wechat_refunds).filter_by(out_refund_no=out_refund_no))


def _read(query: sa.Select[Any]) -> Any:
    """One row, read afresh; no connection is kept while WeChat thinks."""
    row = db.session.execute(query).one_or_none()
    if not in_transaction():
        db.session.rollback()
    return row
