"""Refunds at the counter: what goes back, what is taken back, and who may give it.

A preview is the refund itself, rolled back: what it shows is what would happen.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction, retrying, transaction
from miniprogram_api.repeats.records import Answer, Claim, Told, claim_one, store_all
from miniprogram_api.staff import audit
from points_mall.coupons.history import events
from points_mall.coupons.holding import coupons
from points_mall.coupons.states import Happened
from points_mall.ledger.statements import summary
from points_mall.purchases import loading, recording, sharing
from points_mall.purchases.errors import BadRefund
from points_mall.purchases.facts import (
    RecordedRefund,
    Refunded,
    RefundedLine,
    refund_reference,
)
from points_mall.purchases.records import PurchaseRecord
from points_mall.purchases.refunds import record_refund
from points_mall.purchases.settling import told_by
from points_mall.purchases.states import TILL

from . import approvals, shifts
from .goods_back import LineBack, WantedLine, counted, goods_back, left_of
from .models import Till, TillRefund, TillSale
from .sale_list import sale_with
from .tills import Counter, external_id


@dataclass(frozen=True)
class Wanted:
    """How much is to go back: so much, or so much of these lines; neither: all that is left."""

    reason: str
    amount_fen: int | None = None
    lines: Sequence[WantedLine] = ()
    approval_id: str | None = None


@dataclass(frozen=True)
class _Planned:
    """A refund as `purchases` takes it, its goods, and what of the sale has gone back with it."""

    fact: Refunded
    lines: list[LineBack]
    so_far_fen: int


class _OnlyAsked(Exception):
    """The refund was only asked about: everything is rolled back."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__("only asked")
        self.body = body


def refund(counter: Counter, claim: Claim, sale_no: str, wanted: Wanted) -> Told:
    """Give a sale back, or a part of it; a repeat hears the first answer.

    :raises NoSuchSale: there is none; `OtherStore`: it is not the caller's to refund.
    :raises RefundTooLarge: more than is left; `BadRefund`: lines that it does not have.
    :raises LineGivenBack: goods that came back before.
    :raises ApprovalNeeded: it is beyond the caller's limit.
    """
    return _refund(counter, claim, sale_no, wanted)


def preview(counter: Counter, sale_no: str, wanted: Wanted) -> dict[str, Any]:
    """Everything that a refund would do, and whether a manager must approve; nothing moves.

    :raises DomainError: it would be refused.
    """
    try:
        _refund(counter, None, sale_no, wanted)
    except _OnlyAsked as asked:
        return asked.body
    raise RuntimeError("a preview ends by rolling back")


@retrying
def _refund(counter: Counter, claim: Claim | None, sale_no: str, wanted: Wanted) -> Told:
    with transaction() as session:
        if claim is not None and (found := claim_one(session, claim)) is not None:
            return Told(found, is_repeat=True)
        sale, purchase = _locked(session, counter, sale_no)
        planned = _planned(session, counter, sale, purchase, wanted)
        beyond = approvals.beyond_for_refund(counter, planned.so_far_fen)
        if claim is not None:
            approvals.require(
                counter,
                beyond,
                act=approvals.REFUND,
                subject=sale_no,
                amount_fen=planned.fact.amount_fen or 0,
                approval_id=wanted.approval_id,
            )
        body = _apply(purchase, planned.fact)
        body["lines"] = [asdict(line) for line in planned.lines]
        if claim is None:
            raise _OnlyAsked({**body, "refund_no": None, "approval": beyond and beyond.told()})
        _note(session, counter, sale, body, wanted.reason)
        answer = Answer(201, body)
        store_all(session, [(claim, answer)])
    return Told(answer)


def _locked(session: Session, counter: Counter, sale_no: str) -> tuple[TillSale, PurchaseRecord]:
    sale = sale_with(counter, sale_no)
    till = session.get_one(Till, sale.till_id)
    key = TILL, external_id(till.code, sale.receipt_no)
    return sale, recording.locked(session, {key})[key]


def _planned(
    session: Session, counter: Counter, sale: TillSale, purchase: PurchaseRecord, wanted: Wanted
) -> _Planned:
    """The refund that is wanted, measured by what went back before.

    One of a sale that is nobody's yet waits there until somebody claims it, and counts all the same.

    :raises RefundTooLarge: more than is left; `LineGivenBack`, `BadRefund`: it cannot be.
    """
    past = loading.applied_refunds(session, [purchase.id])[purchase.id]
    past += loading.waiting_refunds(session, [purchase.key]).get(purchase.key, [])
    told_before = [told_by(one) for one in past]
    before = sharing.standing(purchase, told_before).value_fen
    kept = session.scalars(sa.select(TillRefund.lines).where(TillRefund.sale_id == sale.id)).all()
    left_fen = purchase.total_fen - before
    given_fen = [one.lines for one in told_before]
    lines = goods_back(wanted.lines, left_of(purchase.lines, given_fen, counted(kept), left_fen))
    told = _told(wanted, lines, left_fen)
    if refusal := sharing.refusal_of(purchase, told_before, told):
        raise refusal
    number = f"{purchase.external_id}-{len(kept) + 1}"
    fact = _fact(counter, purchase, number, told, wanted.reason)
    return _Planned(fact, lines, before + (told.amount_fen or 0))


def _told(wanted: Wanted, lines: Sequence[LineBack], left_fen: int) -> sharing.Told:
    if wanted.lines and left_fen == 0:
        raise BadRefund("nothing of it was paid for, or is left, by lines")
    if wanted.lines:
        by_line = {line.line_no: line.amount_fen for line in lines if line.amount_fen}
        return sharing.Told(sum(by_line.values()), None, by_line)
    return sharing.Told(left_fen if wanted.amount_fen is None else wanted.amount_fen)


def _fact(
    counter: Counter, purchase: PurchaseRecord, number: str, told: sharing.Told, reason: str
) -> Refunded:
    return Refunded(
        TILL,
        number,
        purchase.key,
        now(),
        amount_fen=told.amount_fen,
        lines=[RefundedLine(line_no, fen) for line_no, fen in told.lines.items()],
        reason=reason,
        actor=counter.actor,
    )


def _apply(purchase: PurchaseRecord, fact: Refunded) -> dict[str, Any]:
    answer = record_refund(fact)
    if answer.refusal is not None:
        raise answer.refusal
    if purchase.member_id is None:
        return _told_without_member(answer, fact.amount_fen or 0)
    by = refund_reference(fact.source, fact.external_id)
    restored = _coupons_back(by, list(purchase.coupons))
    account = summary(purchase.member_id)
    return {
        "refund_no": answer.refund_no,
        "refund_fen": answer.value_fen,
        "cash_fen": answer.cash_fen,
        "wallet_returned_fen": answer.wallet_returned_fen,
        "points_taken_back": answer.points_taken_back,
        "points_returned": answer.points_returned,
        "points_debt": account.debt,
        "points_available": account.available,
        "cashback_taken_back_fen": answer.cashback_taken_back_fen,
        "coupons_restored": restored,
        "approval": None,
    }


def _coupons_back(by: str, used: Sequence[str]) -> list[dict[str, Any]]:
    """Which of the coupons that were used a refund brought back, or new ones for their shares."""
    if not used:
        return []
    rows = current_transaction().execute(
        sa.select(coupons.c.code, events.c.happened, events.c.facts)
        .join(events, events.c.coupon_id == coupons.c.id)
        .where(
            coupons.c.code.in_(used),
            events.c.reference == by,
            events.c.happened.in_([Happened.RESTORED, Happened.SHARED]),
        )
        .order_by(events.c.id)
    )
    return [
        {"code": row.code, "worth_fen": row.facts["took_fen"]}
        if row.happened == Happened.RESTORED
        else {"code": row.facts["coupon"], "worth_fen": row.facts["worth_fen"]}
        for row in rows
    ]


def _told_without_member(answer: RecordedRefund, amount_fen: int) -> dict[str, Any]:
    """Of a sale that is nobody's only cash goes back."""
    names = (
        "wallet_returned_fen",
        "points_taken_back",
        "points_returned",
        "points_debt",
        "cashback_taken_back_fen",
    )
    return {
        "refund_no": answer.refund_no,
        "refund_fen": amount_fen,
        "cash_fen": amount_fen,
        **dict.fromkeys(names, 0),
        "points_available": None,
        "coupons_restored": [],
        "approval": None,
    }


def _note(
    session: Session, counter: Counter, sale: TillSale, body: dict[str, Any], reason: str
) -> None:
    session.add(
        TillRefund(
            refund_no=body["refund_no"],
            sale_id=sale.id,
            till_id=counter.till_id,
            staff_id=counter.staff.staff_id,
            shift_id=shifts.open_shift(counter),
            value_fen=body["refund_fen"],
            cash_fen=body["cash_fen"],
            wallet_fen=body["wallet_returned_fen"],
            points_taken_back=body["points_taken_back"],
            points_returned=body["points_returned"],
            lines=body["lines"] or None,
            refunded_at=now(),
        )
    )
    facts = {name: body[name] for name in ("refund_no", "refund_fen", "cash_fen")}
    audit.record("till.refund", f"sale:{sale.sale_no}", after=facts, reason=reason)
