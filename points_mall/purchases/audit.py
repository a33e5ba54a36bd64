"""Proof: every purchase brought what it should, and its refunds took back what they should.

Reads only; works through the purchases in batches, so memory does not grow with their number. What
ledger, wallets, coupons, awards and growth have is read by the references of purchases and refunds, and
compared with what follows from the purchase and its refunds alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.db import unhurried

from . import loading
from .coupon_traces import load_coupon_traces
from .loading import purchases, refunds
from .records import PurchaseRecord, RefundRecord
from .settling import told_by
from .sharing import lines_refunded, standing
from .states import PurchaseStatus, Purpose, RefundState
from .traces import Traces, load_traces

BATCH = 200

_BATCH = (
    sa.select(purchases)
    .where(purchases.c.id > sa.bindparam("after"))
    .order_by(purchases.c.id)
    .limit(BATCH)
)
_OVERDUE = (
    sa.select(purchases.c.purchase_no, refunds.c.refund_no)
    .join(
        refunds,
        sa.and_(
            refunds.c.purchase_source == purchases.c.source,
            refunds.c.purchase_external_id == purchases.c.external_id,
        ),
    )
    .where(
        refunds.c.state == RefundState.WAITING,
        sa.or_(
            purchases.c.paid_late_at.is_not(None),
            sa.and_(purchases.c.status == PurchaseStatus.PAID, purchases.c.member_id.is_not(None)),
        ),
    )
    .order_by(refunds.c.id)
)

Check = tuple[str, object, object]
"""What is compared, what follows from the purchase and its refunds, and what was found."""


@dataclass(frozen=True)
class Finding:
    """Something that differs."""

    purchase_no: str
    what: str
    expected: object
    found: object

    def __str__(self) -> str:
        return f"purchase {self.purchase_no}: {self.what}: {self.expected}, found {self.found}"


def findings(session: Session) -> Iterator[Finding]:
    """Everything that differs, purchase by purchase; nothing when all is right.

    Looks at one moment, however much is recorded meanwhile, when the session has not read yet.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    unhurried(session)
    after = 0
    while rows := session.execute(_BATCH, {"after": after}).all():
        after = rows[-1].id
        found = list(loading.with_lines(session, rows).values())
        by_purchase = loading.applied_refunds(session, [purchase.id for purchase in found])
        traces = load_traces(session, found, by_purchase)
        of_coupons = load_coupon_traces(session, found)
        for purchase in found:
            applied = by_purchase[purchase.id]
            stands = standing(purchase, [told_by(refund) for refund in applied])
            checks = [*_checks(purchase, applied, traces), *of_coupons.checks(purchase, stands)]
            for what, expected, seen in checks:
                if expected != seen:
                    yield Finding(purchase.purchase_no, what, expected, seen)
    yield from _waiting_in_vain(session)


def _waiting_in_vain(session: Session) -> Iterator[Finding]:
    """Refunds that wait although their payment has come."""
    for row in session.execute(_OVERDUE):
        yield Finding(row.purchase_no, f"refund {row.refund_no}", "applied", "waiting")


def _checks(
    purchase: PurchaseRecord, applied: Sequence[RefundRecord], traces: Traces
) -> Iterator[Check]:
    told = [told_by(refund) for refund in applied]
    after = standing(purchase, told)
    yield "value refunded", after.value_fen, purchase.refunded_fen
    yield "value of its refunds", after.value_fen, sum(one.value_fen for one in applied)
    yield "cash refunded within what was paid", True, after.cash_fen <= purchase.cash_fen
    if purchase.lines:
        payable = sum(line.payable_fen for line in purchase.lines)
        yield "lines add up", purchase.total_fen, payable
        of_lines = [line.refunded_fen for line in purchase.lines]
        yield "lines refunded", lines_refunded(purchase, told), of_lines
    if purchase.status == PurchaseStatus.PAID and purchase.member_id is not None:
        yield from _effects(purchase, applied, traces)
        return
    yield "earned", (0, 0), (purchase.points_earned, purchase.cashback_fen)
    yield "growth", (0, 0, 0), traces.growth(purchase, applied)


def _effects(
    purchase: PurchaseRecord, applied: Sequence[RefundRecord], traces: Traces
) -> Iterator[Check]:
    after = standing(purchase, [told_by(refund) for refund in applied])
    award = traces.award(purchase)
    yield "award", (purchase.points_earned, purchase.cashback_fen), award
    yield "points earned", purchase.points_earned, traces.earned(purchase)
    yield "points taken back", after.points_earned, traces.taken_back(purchase, after.points_earned)
    yield "points spent", purchase.points_used - after.points, traces.points_spent(purchase)
    yield (
        "wallet money spent",
        purchase.wallet_fen - after.wallet_fen,
        traces.wallet_spent(purchase),
    )
    kept_fen = purchase.cashback_fen - after.cashback_fen
    yield "cashback", kept_fen, traces.cashback(purchase)
    if purchase.purpose == Purpose.TOP_UP:
        return
    grown = (
        purchase.money_fen - after.money_fen,
        0 if after.is_whole else 1,
        purchase.points_earned - after.points_earned,
    )
    yield "growth", grown, traces.growth(purchase, applied)


def as_json(finding: Finding) -> dict[str, Any]:
    """A finding for programs."""
    return dict(vars(finding))
