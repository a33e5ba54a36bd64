"""The book of receipts: what a till sold under which number, once, and what it was told.

Here is what every sale shares, with a member or without, with the network or without.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time, to_day
from miniprogram_api.core.db import current_transaction, db
from miniprogram_api.core.settings import settings
from miniprogram_api.members.accounts import locked_member
from miniprogram_api.staff import audit
from points_mall.ledger.statements import summary
from points_mall.purchases import recording
from points_mall.purchases.facts import Outcome, Paid, PaidLine, Recorded
from points_mall.purchases.models import Purchase
from points_mall.purchases.states import TILL
from points_mall.wallet.statements import balance_fen

from . import quotes, receipts, shifts
from .errors import ReceiptUsed
from .models import TillSale
from .pricing import Asked, title_of
from .tills import Counter, external_id

FIGURES = (
    "gross_fen",
    "discount_fen",
    "total_fen",
    "points_spent",
    "points_fen",
    "wallet_fen",
    "payable_fen",
)
"""What a receipt shows of a price."""


@dataclass(frozen=True)
class Slip:
    """What is written on the receipt, and how the rest was taken."""

    receipt_no: str
    tender: str
    receipt_code: str
    sold_at: datetime
    is_offline: bool = False


def lock(counter: Counter, receipt_no: str, member_id: int | None) -> None:
    """Let nobody else sell under this number, or to this member, until the transaction ends.

    :raises AccountClosed: the member has left.
    """
    members = []
    if member_id is not None:
        locked_member(member_id)
        members.append(member_id)
    key = TILL, external_id(counter.code, receipt_no)
    recording.locked(current_transaction(), {key}, members)


def sold_before(counter: Counter, receipt_no: str, quote_id: int | None) -> dict[str, Any] | None:
    """What a till was told when it sold this receipt; None: it has not.

    :raises ReceiptUsed: it sold something else under this number.
    """
    query = sa.select(TillSale.sale_no, TillSale.quote_id, TillSale.answer)
    row = db.session.execute(
        query.filter_by(till_id=counter.till_id, receipt_no=receipt_no)
    ).one_or_none()
    if row is None:
        return None
    if row.quote_id != quote_id:
        raise ReceiptUsed("something else was sold under this number", sale_no=row.sale_no)
    answer: dict[str, Any] = row.answer
    return answer


def sell_as_paid(
    counter: Counter,
    lines: tuple[PaidLine, ...],
    slip: Slip,
    quote_id: int | None,
    member_id: int | None = None,
) -> dict[str, Any]:
    """In the caller's transaction, the receipt locked: what was paid whole, in one tender.

    :param member_id: who earns by it; None: nobody, until somebody claims the receipt.
    """
    total = sum(line.amount_fen for line in lines)
    fact = Paid(
        TILL,
        external_id(counter.code, slip.receipt_no),
        total,
        slip.sold_at,
        member_id,
        title_of(lines),
        counter.store,
        lines,
    )
    recorded = record(fact)
    claim_until = None if member_id else in_shop_time(_claim_until(slip)).isoformat()
    body = {
        **heading(counter, recorded.purchase_no or "", slip),
        **dict.fromkeys(FIGURES, 0),
        **dict.fromkeys(("gross_fen", "total_fen", "payable_fen"), total),
        "lines": quotes.told_without_member(Asked(lines))["lines"],
        "points_earned": recorded.points_earned,
        "cashback_fen": recorded.cashback_fen,
        "points_available": summary(member_id).available if member_id else None,
        "balance_fen": balance_fen(member_id) if member_id else None,
        "claim_until": claim_until,
    }
    found = sa.select(Purchase.id).filter_by(purchase_no=recorded.purchase_no)
    purchase_id = current_transaction().scalars(found).one()
    note(counter, purchase_id, slip, body, quote_id, member_id=member_id)
    return body


def record(fact: Paid) -> Recorded:
    """Record a payment of a receipt that is locked and new.

    :raises DomainError: it cannot be, and nothing has moved.
    """
    answer = recording.record_purchase(fact)
    if answer.refusal is not None:
        raise answer.refusal
    if answer.outcome is not Outcome.RECORDED:
        raise RuntimeError(f"a receipt that is locked and new was {answer.outcome}")
    return answer


def heading(counter: Counter, sale_no: str, slip: Slip) -> dict[str, Any]:
    """The head of a receipt."""
    return {
        "sale_no": sale_no,
        "receipt_no": slip.receipt_no,
        "receipt_code": slip.receipt_code,
        "till": counter.code,
        "store": counter.store,
        "cashier": counter.staff.name,
        "tender": slip.tender,
        "sold_at": in_shop_time(slip.sold_at).isoformat(),
    }


def note(
    counter: Counter,
    purchase_id: int,
    slip: Slip,
    body: dict[str, Any],
    quote_id: int | None,
    *,
    member_id: int | None = None,
    scan_id: int | None = None,
) -> None:
    """Write where and by whom it was sold, and what the till was told."""
    session = current_transaction()
    session.add(
        TillSale(
            purchase_id=purchase_id,
            sale_no=body["sale_no"],
            till_id=counter.till_id,
            receipt_no=slip.receipt_no,
            staff_id=counter.staff.staff_id,
            shift_id=shifts.open_shift(counter),
            store=counter.store,
            scan_id=scan_id,
            quote_id=quote_id,
            tender=slip.tender,
            is_offline=slip.is_offline,
            claim_hash=receipts.hash_of(slip.receipt_code),
            claim_until=_claim_until(slip),
            member_id=member_id,
            sold_at=slip.sold_at,
            sold_on=to_day(slip.sold_at),
            answer=body,
        )
    )
    session.flush()  # the next statement of this transaction may look for it
    audit.record(
        "till.sale",
        f"sale:{body['sale_no']}",
        after={name: body[name] for name in ("gross_fen", "payable_fen", "points_spent", "till")},
    )


def _claim_until(slip: Slip) -> datetime:
    return slip.sold_at + timedelta(hours=settings().receipt_claim_hours)
