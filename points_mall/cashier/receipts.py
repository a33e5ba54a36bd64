"""Receipts: the code by which a shopper claims the points of a sale afterwards, and claiming it."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.crypto import blind_index
from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.members.accounts import locked_member
from miniprogram_api.repeats.records import Answer, Claim, Told, claim_one, store_all
from miniprogram_api.risk import daily, limits, pace
from miniprogram_api.risk.limits import Limit
from points_mall.ledger.statements import summary
from points_mall.purchases import recording
from points_mall.purchases.facts import Paid
from points_mall.purchases.records import PurchaseRecord
from points_mall.purchases.states import TILL

from . import codes, issuing, own_accounts
from .errors import NoSuchReceipt, ReceiptClaimed, ReceiptOver
from .models import Till, TillSale
from .tills import external_id

PACE, DAILY = "receipt_claim", "receipt_claim"
A_DAY = 5
limits.declare(PACE, lambda _settings: Limit(10, 60, 10))


def hash_of(receipt_code: str) -> str:
    """The keyed hash by which a sale is found by its code."""
    return blind_index(receipt_code, "receipt_code")


def sale_with_code(receipt_code: str) -> TillSale | None:
    """The sale whose receipt has this code."""
    if not codes.is_receipt_code(receipt_code):
        return None
    return db.session.scalar(sa.select(TillSale).filter_by(claim_hash=hash_of(receipt_code)))


@retrying
def claim(member_id: int, key: Claim, receipt_code: str) -> Told:
    """Give a member the points of a sale that was nobody's, once and within its time.

    :raises NoSuchReceipt: no receipt has this code; paced.
    :raises ReceiptClaimed: it is somebody's.
    :raises ReceiptOver: it is too old.
    :raises OwnAccount: the member sold it.
    :raises DailyCapUsed: nobody shops as often in a day.
    """
    pace.check(PACE, f"m:{member_id}")
    with transaction() as session:
        if (found := claim_one(session, key)) is not None:
            return Told(found, is_repeat=True)
        locked_member(member_id)
        sale, purchase = _locked(member_id, codes.cleaned(receipt_code))
        _require_claimable(sale, member_id)
        daily.use(DAILY, A_DAY, member_id)
        answer = Answer(201, _give(sale, purchase, member_id))
        store_all(session, [(key, answer)])
    return Told(answer)


def _locked(member_id: int, receipt_code: str) -> tuple[TillSale, PurchaseRecord]:
    """The sale and its purchase, locked in the order of `purchases`."""
    session = current_transaction()
    found = sale_with_code(receipt_code)
    if found is None:
        raise NoSuchReceipt("no receipt has this code")
    till = session.get_one(Till, found.till_id)
    key = TILL, external_id(till.code, found.receipt_no)
    purchase = recording.locked(session, {key}, [member_id])[key]
    sale = session.get_one(TillSale, found.id, with_for_update=True, populate_existing=True)
    return sale, purchase


def _require_claimable(sale: TillSale, member_id: int) -> None:
    if sale.member_id is not None:
        raise ReceiptClaimed("it is somebody's")
    if now() >= sale.claim_until:
        raise ReceiptOver("it is too old", claim_until=sale.claim_until)
    own_accounts.require_other(sale.staff_id, member_id)
    issuing.require_not_blocked(member_id)


def _give(sale: TillSale, purchase: PurchaseRecord, member_id: int) -> dict[str, Any]:
    paid_at = purchase.paid_at or purchase.placed_at
    recorded = recording.record_purchase(
        Paid(TILL, purchase.external_id, purchase.cash_fen, paid_at, member_id)
    )
    if recorded.refusal is not None:
        raise recorded.refusal
    sale.member_id, sale.claimed_at = member_id, now()
    return {
        "sale_no": sale.sale_no,
        "store": sale.store,
        "total_fen": purchase.total_fen,
        "points_earned": recorded.points_earned,
        "cashback_fen": recorded.cashback_fen,
        "points_available": summary(member_id).available,
        "sold_at": in_shop_time(sale.sold_at).isoformat(),
    }
