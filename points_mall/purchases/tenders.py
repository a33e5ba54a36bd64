"""Setting aside what a purchase takes: coupons are locked, points held, the wallet pays at once."""

from datetime import datetime, timedelta
from typing import Any

from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.settings import settings
from points_mall.coupons import holding
from points_mall.ledger import posting as points
from points_mall.wallet import posting as wallet
from points_mall.wallet.reasons import PURCHASE as PAID_FROM_WALLET

from .facts import tender_reference
from .reasons import POINTS_AS_CASH
from .records import PurchaseRecord


def set_aside(purchase: PurchaseRecord, member_id: int) -> None:
    """Lock the coupons, hold the points and take the wallet money of a purchase, in the caller's
    transaction.

    The member's account is locked, and what was drafted is there. The hold outlasts the time to pay,
    for a payment may be heard of late.

    :raises CouponNotUsable: a coupon went meanwhile.
    :raises InsufficientPoints: there are fewer after all; `InsufficientBalance` likewise.
    """
    reference = tender_reference(purchase.purchase_no)
    _lock_coupons(purchase, member_id, reference)
    if purchase.points_used:
        points.hold(
            member_id,
            purchase.points_used,
            reason=POINTS_AS_CASH,
            reference=reference,
            expires_at=_held_until(purchase.pay_by or purchase.placed_at),
        )
    if purchase.wallet_fen:
        taken = wallet.debit(
            member_id,
            purchase.wallet_fen,
            reason=PAID_FROM_WALLET,
            reference=reference,
            explanation=_traced(purchase),
        )
        purchase.wallet_principal_fen = -taken.principal_fen


def _lock_coupons(purchase: PurchaseRecord, member_id: int, reference: str) -> None:
    locks = [holding.Lock(member_id, code, reference) for code in purchase.coupons]
    for answer in holding.lock(locks) if locks else ():
        if isinstance(answer, DomainError):
            raise answer


def _held_until(pay_by: datetime) -> datetime:
    return pay_by + timedelta(hours=settings().payment_unknown_hours)


def _traced(purchase: PurchaseRecord) -> dict[str, Any]:
    return {"purchase_no": purchase.purchase_no, "title": purchase.title}
