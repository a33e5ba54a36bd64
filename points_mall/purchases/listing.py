"""Reading purchases: a member's own, with their lines and refunds, or any by its number."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.db import db

from .errors import NoSuchPurchase
from .loading import lines
from .models import Purchase, PurchaseRefund
from .states import RefundState
from .wechat_models import WechatRefund


def purchases_of(member_id: int) -> sa.Select[Purchase]:
    """A member's purchases."""
    return sa.select(Purchase).filter_by(member_id=member_id)


def purchase_of(member_id: int, purchase_no: str) -> Purchase:
    """A member's own purchase.

    :raises NoSuchPurchase: there is none, or it is another member's.
    """
    found = db.session.scalar(purchases_of(member_id).filter_by(purchase_no=purchase_no))
    if found is None:
        raise NoSuchPurchase("no purchase of yours has this number")
    return found


def purchase_with(purchase_no: str) -> Purchase:
    """A purchase by its number, whosever it is.

    :raises NoSuchPurchase: there is none.
    """
    found = db.session.scalar(sa.select(Purchase).filter_by(purchase_no=purchase_no))
    if found is None:
        raise NoSuchPurchase(f"no purchase {purchase_no}")
    return found


def lines_of(purchase: Purchase) -> Sequence[sa.Row[Any]]:
    """The lines of a purchase, as they stood on the bill."""
    query = sa.select(lines).where(lines.c.purchase_id == purchase.id).order_by(lines.c.line_no)
    return db.session.execute(query).all()


def refunds_of(purchase: Purchase) -> Sequence[sa.Row[Any]]:
    """The refunds that were applied, the first one first, and how far their cash is (`cash_state`)."""
    of_refund = PurchaseRefund.__table__
    query = (
        sa.select(of_refund, WechatRefund.state.label("cash_state"))
        .outerjoin(WechatRefund, WechatRefund.refund_no == of_refund.c.refund_no)
        .where(of_refund.c.purchase_id == purchase.id, of_refund.c.state == RefundState.APPLIED)
        .order_by(of_refund.c.applied_at, of_refund.c.id, WechatRefund.id)
    )
    latest = {row.refund_no: row for row in db.session.execute(query)}  # of the same, asked last
    return list(latest.values())
