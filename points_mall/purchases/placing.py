"""Placing purchases: the bill is settled and set aside in one transaction; WeChat is asked after it.

An answer without `payment` means that WeChat gave none yet: the purchase stands, and asking again
(`pay_again`) takes the same number. Where nothing is left to pay it is paid at once.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.crypto import blind_index
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.members.accounts import openid_of
from miniprogram_api.repeats.records import Answer, Claim, claim_all, store_all
from miniprogram_api.wechat.errors import PaymentNotConfigured
from miniprogram_api.wechat.extension import takes_wechat_pay
from points_mall.earning import services as earning
from points_mall.earning.facts import Earned
from points_mall.ledger import posting as points
from points_mall.redemption.errors import PaymentTimeOver

from . import asking
from .answers import told_to_pay, told_when_placed
from .bills import Asked, bill_of
from .effects import occasions_of
from .facts import Paid
from .listing import purchase_of
from .models import Purchase
from .placing_errors import NoWechatIdentity, PaymentUnderWay, PurchaseStepNotAllowed
from .prices import offered, price_for
from .quoting import QUOTED, drafted, means_of
from .recording import record_purchase
from .records import PurchaseRecord
from .states import WECHAT_PAY, PurchaseStatus, Purpose
from .tenders import set_aside
from .writing import write_purchases

LEAST_LEFT = timedelta(seconds=75)
"""WeChat prepares no payment that has less than a minute left by its own clock."""


@dataclass(frozen=True)
class Placed:
    """The answer to a request that is answered once; `is_repeat`: it is that of an earlier one."""

    body: dict[str, Any]
    is_repeat: bool


def purchase_no_of(claim: Claim) -> str:
    """The number of the purchase that a key stands for: whoever repeats the key means this one."""
    return "P" + blind_index(f"{claim.scope}:{claim.key}", "purchase_no_of_key")[:20].upper()


def quote(member_id: int, asked: Asked) -> dict[str, Any]:
    """What a purchase would come to and earn; nothing is written.

    :raises DomainError: it could not be bought.
    """
    bill = bill_of(member_id, asked)
    price = price_for(member_id, bill, asked)
    purchase = drafted(member_id, QUOTED, bill, asked, means_of(member_id), price)
    return {
        **told_when_placed(purchase, _to_earn(purchase)),
        **offered(member_id, price, asked),
    }


def place(member_id: int, claim: Claim, asked: Asked) -> Placed:
    """Place a purchase and prepare its payment; a repeat hears the first answer.

    :raises DomainError: it cannot be bought, and nothing has moved.
    """
    placed = _write(member_id, claim, asked)
    payment = None
    if placed.body["status"] == PurchaseStatus.AWAITING_PAYMENT:
        payment = asking.client_params(placed.body["purchase_no"])
    return Placed({**placed.body, "payment": payment}, placed.is_repeat)


def pay_again(member_id: int, purchase_no: str) -> dict[str, Any]:
    """What `wx.requestPayment` takes, anew, for a purchase that waits to be paid.

    :raises NoSuchPurchase: there is none, or it is another member's.
    :raises PurchaseStepNotAllowed: it is paid or closed.
    :raises PaymentTimeOver: it should have been paid earlier.
    :raises WeChatError: WeChat gives none.
    """
    purchase = purchase_of(member_id, purchase_no)
    if purchase.status != PurchaseStatus.AWAITING_PAYMENT:
        raise PurchaseStepNotAllowed(purchase.status)
    if purchase.pay_by is not None and purchase.pay_by - LEAST_LEFT < now():
        raise PaymentTimeOver(purchase.pay_by)
    return told_to_pay(purchase, asking.ask(purchase_no))


@retrying
def _write(member_id: int, claim: Claim, asked: Asked) -> Placed:
    """One transaction: the key, what is set aside, the purchase, and the answer."""
    with transaction() as session:
        points.lock_accounts([member_id])
        [found] = claim_all(session, [claim])
        if isinstance(found, DomainError):
            raise found
        if found is not None:
            return Placed(found.body, is_repeat=True)
        bill = bill_of(member_id, asked, is_placing=True)
        if asked.order_no is not None:
            _require_unpaid(asked.order_no)
        price, means = price_for(member_id, bill, asked), means_of(member_id)
        purchase = drafted(member_id, purchase_no_of(claim), bill, asked, means, price)
        openid = _payer(member_id) if purchase.cash_fen else ""
        body = told_when_placed(purchase, _to_earn(purchase))
        set_aside(purchase, member_id)
        write_purchases(session, [purchase])
        if purchase.cash_fen:
            asking.write_payment(purchase, member_id, openid)
        else:
            body["status"] = _paid_at_once(purchase, member_id)
        store_all(session, [(claim, Answer(201, body))])
    return Placed(body, is_repeat=False)


def _require_unpaid(order_no: str) -> None:
    """See that no other purchase is to pay the order, which is locked.

    :raises PaymentUnderWay: one is.
    """
    query = sa.select(Purchase.purchase_no).where(
        Purchase.subject == order_no,
        Purchase.purpose == Purpose.REDEMPTION,
        Purchase.status == PurchaseStatus.AWAITING_PAYMENT,
    )
    if (under_way := db.session.scalar(query)) is not None:
        raise PaymentUnderWay(under_way)


def _payer(member_id: int) -> str:
    """Whom WeChat will ask to pay, before anything moves.

    :raises PaymentNotConfigured: the shop does not take WeChat Pay.
    :raises NoWechatIdentity: WeChat does not know the member here.
    """
    if not takes_wechat_pay():
        raise PaymentNotConfigured("the shop has no WeChat Pay account")
    openid = openid_of(member_id)
    if openid is None:
        raise NoWechatIdentity("the member has not logged in with WeChat")
    return openid


def _paid_at_once(purchase: PurchaseRecord, member_id: int) -> str:
    """Points and wallet pay it all: the same story as for any other payment."""
    fact = Paid(WECHAT_PAY, purchase.external_id, 0, purchase.placed_at, member_id)
    recorded = record_purchase(fact)
    if recorded.refusal is not None:
        raise recorded.refusal
    return PurchaseStatus.PAID.value


def _to_earn(purchase: PurchaseRecord) -> Earned:
    """What it will earn once it is paid, if nothing changes."""
    (earned,) = earning.quote(occasions_of(db.session(), [purchase]))
    return earned
