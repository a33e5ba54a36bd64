"""Asking WeChat Pay for the cash of a purchase: always under the purchase's own number.

Nothing here is called within a transaction: an answer of WeChat's may take seconds, and whether it
comes or not, the same number asks again.
"""

from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.core.log import log
from miniprogram_api.wechat.errors import Final, PaymentClosed, PaymentUnknown, WeChatError
from miniprogram_api.wechat.extension import pay
from miniprogram_api.wechat.pay_answers import PaymentState

from .models import Purchase
from .records import PurchaseRecord
from .wechat_models import PaymentStage, WechatPayment

NOTIFICATIONS = "/wechat/pay/notifications"
"""Where WeChat tells us of payments and refunds."""

FIRST_LOOK = timedelta(minutes=2)
"""After so long WeChat is asked how a payment stands, should its notice be lost."""

OVER = frozenset({"CLOSED", "REVOKED"})
"""How WeChat says that nobody can pay it any more."""

payments = cast(sa.Table, WechatPayment.__table__)
_log = log(__name__)


def write_payment(purchase: PurchaseRecord, member_id: int, openid: str) -> None:
    """Write down, with the purchase, that its cash is to be asked for."""
    expires_at = purchase.pay_by or purchase.placed_at
    current_transaction().execute(
        sa.insert(payments).values(
            out_trade_no=purchase.purchase_no,
            purchase_id=purchase.id,
            member_id=member_id,
            openid=openid,
            amount_fen=purchase.cash_fen,
            state=PaymentStage.OPEN.value,
            asked_at=purchase.placed_at,
            expires_at=expires_at,
            check_at=min(purchase.placed_at + FIRST_LOOK, expires_at),
        )
    )


def client_params(purchase_no: str) -> dict[str, str] | None:
    """What `wx.requestPayment` takes, as it was first given; None: WeChat gives none just now."""
    if (given := _given(purchase_no)) is not None:
        return given
    try:
        ask(purchase_no)
    except WeChatError as problem:
        _log.warning("payment_not_begun", purchase=purchase_no, reason=str(problem))
    return _given(purchase_no)


def ask(purchase_no: str) -> dict[str, str]:
    """Let WeChat prepare the payment, and sign what `wx.requestPayment` takes.

    A repeat gives the same payment, with a fresh signature.

    :raises WeChatError: WeChat gives none; `maybe_done` or not, the same number asks again.
    """
    payment, title = _payment(purchase_no)
    db.session.rollback()  # no connection is kept while WeChat thinks
    client = pay()
    prepay_id = client.prepay(
        out_trade_no=payment.out_trade_no,
        description=title,
        amount_fen=payment.amount_fen,
        openid=payment.openid,
        expires_at=payment.expires_at,
        notify_url=client.notify_url(NOTIFICATIONS),
    )
    signed = client.sign_for_client(prepay_id)
    _note(purchase_no, prepay_id, signed)
    return signed


def let_nobody_pay(purchase_no: str) -> PaymentState | None:
    """Close the payment at WeChat; None: nobody can pay it now. Its state, where somebody has.

    :raises Retryable: WeChat does not say.
    """
    db.session.rollback()
    try:
        pay().close(purchase_no)
    except (PaymentClosed, PaymentUnknown):
        return None
    except Final:
        # WeChat has more than one way to say that somebody has paid it
        state = pay().query(purchase_no)
        if state.is_paid:
            return state
        if state.trade_state not in OVER:
            raise
    return None


def _given(purchase_no: str) -> dict[str, str] | None:
    db.session.rollback()
    query = sa.select(payments.c.client_params).where(payments.c.out_trade_no == purchase_no)
    return cast("dict[str, str] | None", db.session.scalar(query))


def _payment(purchase_no: str) -> tuple[Any, str]:
    row = db.session.execute(
        sa.select(payments, Purchase.title)
        .join(Purchase, Purchase.id == payments.c.purchase_id)
        .where(payments.c.out_trade_no == purchase_no)
    ).one()
    return row, row.title


@retrying
def _note(purchase_no: str, prepay_id: str, signed: dict[str, str]) -> None:
    """Keep what was given; the first is what a repeat of the first request hears."""
    with transaction() as session:
        first = payments.c.client_params
        given = sa.func.coalesce(first, sa.literal(signed, first.type))
        session.execute(
            sa.update(payments)
            .where(payments.c.out_trade_no == purchase_no)
            .values(prepay_id=prepay_id, client_params=given)
        )
