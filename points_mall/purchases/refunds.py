"""What a refund takes back and returns, for any number of refunds at once.

A refund may come before its payment: then it waits, and is applied in the transaction that records
the payment. Two that meet are put in order by the lock on the purchase's key.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.errors import DomainError

from . import loading, settling
from .errors import NoSuchPurchase
from .facts import Key, Outcome, RecordedRefund, Refunded, refund_no_for
from .recording import locked
from .records import PurchaseRecord, RefundRecord
from .states import RefundState
from .writing import insert_refunds

_OUTCOMES = {
    RefundState.APPLIED.value: Outcome.RECORDED,
    RefundState.ASKED.value: Outcome.WAITING,
    RefundState.WAITING.value: Outcome.WAITING,
    RefundState.REFUSED.value: Outcome.REFUSED,
}
_OPEN = {RefundState.ASKED.value, RefundState.WAITING.value}


def record_refund(fact: Refunded) -> RecordedRefund:
    """Record one refund; see `record_refunds`."""
    (answer,) = record_refunds([fact])
    return answer


@retrying
def record_refunds(facts: Sequence[Refunded]) -> list[RecordedRefund]:
    """Record refunds, in the caller's transaction or one of their own; answer each in order.

    A refund that we asked for ourselves is applied as it was asked. One above what was paid is
    refused and nothing moves. A constant number of statements, however many facts.
    """
    with transaction() as session:
        purchases = locked(session, {fact.purchase for fact in facts})
        known = loading.known_refunds(session, {fact.key for fact in facts})
        settled = {key for key, refund in known.items() if refund.state not in _OPEN}
        fresh = {fact.key: _as_told(fact, now()) for fact in facts if fact.key not in known}
        insert_refunds(session, list(fresh.values()))
        refunds = known | fresh
        open_ones = [refund for key, refund in refunds.items() if key not in settled]
        refusals = _apply(session, purchases, open_ones)
    repeated = settled | {key for key, refund in known.items() if _still_waits(refund)}
    answers = []
    for fact in facts:
        answers.append(
            _answer(refunds[fact.key], purchases, refusals, is_repeat=fact.key in repeated)
        )
        repeated.add(fact.key)  # once in this list is the first time
    return answers


def preview_refund(fact: Refunded) -> RecordedRefund:
    """What a refund would move, by the same code; nothing is written and nothing locked.

    :raises NoSuchPurchase: its purchase has not been heard of.
    :raises DomainError: it would be refused.
    """
    session = db.session()
    purchase = loading.purchases_with(session, [fact.purchase]).get(fact.purchase)
    if purchase is None:
        raise NoSuchPurchase(f"no purchase {fact.purchase[1]} of {fact.purchase[0]}")
    past = loading.applied_refunds(session, [purchase.id])[purchase.id]
    refund = _as_told(fact, now())
    if refusal := settling.decide(purchase, refund, [settling.told_by(one) for one in past], []):
        raise refusal
    return _answer(refund, {purchase.key: purchase}, {}, is_repeat=False)


def _apply(
    session: Session, purchases: Mapping[Key, PurchaseRecord], refunds: Sequence[RefundRecord]
) -> dict[str, DomainError]:
    """Apply those whose purchase was paid, in the order in which they happened."""
    ready: dict[Key, list[RefundRecord]] = {}
    for refund in sorted(refunds, key=lambda one: (one.refunded_at, one.id)):
        if settling.can_be_refunded(purchases.get(refund.purchase_key)):
            ready.setdefault(refund.purchase_key, []).append(refund)
    return settling.apply(session, [(purchases[key], found) for key, found in ready.items()])


def _still_waits(refund: RefundRecord) -> bool:
    return refund.state == RefundState.WAITING


def _answer(
    refund: RefundRecord,
    purchases: Mapping[Key, PurchaseRecord],
    refusals: Mapping[str, DomainError],
    *,
    is_repeat: bool,
) -> RecordedRefund:
    purchase = purchases.get(refund.purchase_key)
    return RecordedRefund(
        outcome=Outcome.REPEATED if is_repeat else _OUTCOMES[refund.state],
        refund_no=refund.refund_no,
        purchase_no=purchase.purchase_no if purchase else None,
        value_fen=refund.value_fen,
        cash_fen=refund.cash_fen or 0,
        points_taken_back=refund.points_taken_back,
        points_returned=refund.points_returned,
        wallet_returned_fen=refund.wallet_returned_fen,
        cashback_taken_back_fen=refund.cashback_taken_back_fen,
        refusal=refusals.get(refund.refund_no),
    )


def _as_told(fact: Refunded, moment: datetime) -> RefundRecord:
    return RefundRecord(
        refund_no=refund_no_for(fact.source, fact.external_id),
        source=fact.source,
        external_id=fact.external_id,
        purchase_source=fact.purchase[0],
        purchase_external_id=fact.purchase[1],
        purchase_id=None,
        amount_fen=fact.amount_fen,
        cash_fen=fact.cash_fen,
        lines={str(line.line_no): line.amount_fen for line in fact.lines} or None,
        state=RefundState.WAITING,
        note=None,
        reason=fact.reason[:80],
        actor=fact.actor,
        refunded_at=fact.refunded_at,
        heard_at=moment,
        applied_at=None,
    )
