"""Telling WeChat that paid goods were handed over, without which it keeps the shop's money frozen.

Goods bought at the counter are picked up as they are paid, stored value is there at once; the cash
half of an order is reported when the order is shipped or collected.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction, db
from miniprogram_api.core.log import log
from miniprogram_api.core.settings import settings
from miniprogram_api.jobs.outbox import enqueue_many
from miniprogram_api.jobs.registry import Payload, job
from miniprogram_api.wechat.errors import Final
from miniprogram_api.wechat.extension import wechat
from miniprogram_api.wechat.shipping import Logistics, Shipment
from points_mall.redemption.delivery import open_address
from points_mall.redemption.models import RedemptionOrder

from .asking import payments
from .loading import purchases as table
from .records import PurchaseRecord
from .states import WECHAT_PAY, PurchaseStatus, Purpose

REPORT_SHIPPING = "purchases.report_shipping"

CARRIERS = {
    "顺丰": "SF",
    "圆通": "YTO",
    "中通": "ZTO",
    "申通": "STO",
    "韵达": "YD",
    "京东": "JD",
    "极兔": "JTSD",
    "邮政": "YZPY",
    "EMS": "EMS",
    "德邦": "DBL",
}
"""WeChat's codes of the usual carriers, by how people write them."""

_log = log(__name__)


def report_sold(purchases: Sequence[PurchaseRecord], **_facts: object) -> None:
    """Goods and stored value were paid: they are handed over with that."""
    _write([one.purchase_no for one in purchases if _is_handed_over(one)])


def report_sent(order_no: str, **_facts: object) -> None:
    """An order was shipped or collected: its cash half, where it had one, is to be reported."""
    if not settings().wechat_shipping_report:
        return
    query = sa.select(table.c.purchase_no).where(
        table.c.subject == order_no,
        table.c.purpose == Purpose.REDEMPTION.value,
        table.c.status == PurchaseStatus.PAID.value,
        table.c.cash_fen > 0,
    )
    _write(list(current_transaction().scalars(query)))


@job(REPORT_SHIPPING)
def report(payload: Payload) -> None:
    """Report one purchase; a refusal of WeChat's is kept in the log, for it would not change."""
    shipment = _shipment(str(payload["purchase_no"]))
    db.session.rollback()  # no connection is kept while WeChat thinks
    if shipment is None:
        return
    try:
        wechat().upload_shipping_info(shipment)
    except Final as refusal:
        _log.error("shipping_not_reported", purchase=payload["purchase_no"], reason=str(refusal))


def carrier_code(carrier: str) -> str:
    """WeChat's code of a carrier; one that is not known by name is taken for a code."""
    known = (code for name, code in CARRIERS.items() if name in carrier.upper())
    return next(known, carrier)


def _write(purchase_nos: Sequence[str]) -> None:
    if purchase_nos and settings().wechat_shipping_report:
        enqueue_many(REPORT_SHIPPING, [(no, {"purchase_no": no}) for no in purchase_nos])


def _is_handed_over(purchase: PurchaseRecord) -> bool:
    is_ours = purchase.source == WECHAT_PAY and purchase.cash_fen > 0
    return is_ours and purchase.purpose != Purpose.REDEMPTION


def _shipment(purchase_no: str) -> Shipment | None:
    """What WeChat is told of a purchase; None: there is nothing to tell, or nobody to tell it of."""
    row = db.session.execute(
        sa.select(
            table.c.title,
            table.c.purpose,
            table.c.subject,
            payments.c.transaction_id,
            payments.c.openid,
        )
        .join(payments, payments.c.purchase_id == table.c.id)
        .where(table.c.purchase_no == purchase_no)
    ).one_or_none()
    if row is None or row.transaction_id is None or not row.openid:
        return None
    way = _way(row.purpose, row.subject)
    return Shipment(row.transaction_id, row.openid, row.title, shipped_at=now(), **way)


def _way(purpose: str, subject: str | None) -> dict[str, Any]:
    """How it came to the shopper."""
    logistics: Logistics = "virtual" if purpose == Purpose.TOP_UP else "pickup"
    order = None
    if purpose == Purpose.REDEMPTION:
        order = db.session.scalar(sa.select(RedemptionOrder).filter_by(order_no=subject))
    if order is None or not order.tracking_no:
        return {"logistics": logistics}
    address = open_address(order.order_no, order.delivery_sealed)
    return {
        "logistics": "express",
        "tracking_no": order.tracking_no,
        "company": carrier_code(order.carrier or ""),
        "contact": f"****{address['phone'][-4:]}" if address else "",
    }
