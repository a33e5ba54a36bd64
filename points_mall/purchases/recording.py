"""What a payment brings: the whole story, for any number of payments at once.

In one transaction, in lock order: the purchases' keys, points accounts, purchases, wallets. A fact
that was heard before moves nothing; one that cannot be true is refused alone.
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.errors import DomainError
from points_mall.coupons import holding
from points_mall.ledger import posting as points
from points_mall.ledger.movements import Capture
from points_mall.wallet import posting as wallet
from points_mall.wallet.movements import Restore
from points_mall.wallet.reasons import PURCHASE as PAID_FROM_WALLET

from . import loading, settling
from .effects import occasions_of, take_effect
from .events import paid_too_late, purchases_paid
from .facts import Key, Paid, Recorded, tender_reference
from .judging import Desk
from .locking import lock_keys
from .reasons import POINTS_AS_CASH
from .records import PurchaseRecord
from .writing import write_purchases

HOLD_OVER = "hold_over"
"""Why a purchase was closed: its points were held no longer when the cash came."""


def record_purchase(fact: Paid) -> Recorded:
    """Record one payment; see `record_purchases`."""
    (answer,) = record_purchases([fact])
    return answer


@retrying
def record_purchases(facts: Sequence[Paid]) -> list[Recorded]:
    """Record payments, in the caller's transaction or one of their own; answer each in order.

    Points held for a purchase are spent, its coupons are used, it earns what it should, tiers grow, and refunds that
    came before it are applied. A purchase that was closed meanwhile brings nothing, and its cash
    goes back. A constant number of statements, however many facts.
    """
    with transaction() as session:
        desk = _open_desk(session, facts)
        verdicts = [desk.take(fact) for fact in facts]
        _spend_held_points(desk)
        _settle_coupons(desk)
        take_effect(desk.due, occasions_of(session, desk.due, desk.persons))
        write_purchases(session, [*desk.due, *desk.late, *desk.noted])
        _tell(desk)
        settling.apply_waiting(session, [*desk.due, *desk.late])
    return [verdict.answer() for verdict in verdicts]


def locked(
    session: Session, keys: Collection[Key], member_ids: Iterable[int] = ()
) -> dict[Key, PurchaseRecord]:
    """Lock keys, the accounts concerned and rows; answer the purchases that exist, by key."""
    lock_keys(session, keys)
    owners = loading.owners(session, keys).values()
    points.lock_accounts({*member_ids, *(owner for owner in owners if owner is not None)})
    return loading.locked_purchases(session, keys)


def _open_desk(session: Session, facts: Sequence[Paid]) -> Desk:
    told = {fact.member_id for fact in facts if fact.member_id is not None}
    known = locked(session, {fact.key for fact in facts}, told)
    owners = {one.member_id for one in known.values() if one.member_id is not None}
    return Desk(known, loading.people(session, told | owners), now())


def _spend_held_points(desk: Desk) -> None:
    """Capture what was held for purchases; one whose hold is over counts as paid too late."""
    paying = [one for one in desk.due if one.points_used and one.member_id is not None]
    captures = [
        Capture(one.member_id or 0, POINTS_AS_CASH, tender_reference(one.purchase_no))
        for one in paying
    ]
    for purchase, answer in zip(paying, points.post(captures), strict=True):
        if isinstance(answer, DomainError):
            desk.close(purchase, HOLD_OVER)


def _settle_coupons(desk: Desk) -> None:
    """Use what was locked for purchases that are paid; free what was for those that are paid too late."""
    uses = [
        holding.Use(one.member_id, code, tender_reference(one.purchase_no), took_fen)
        for one in desk.due
        if one.member_id is not None
        for code, took_fen in one.coupons.items()
    ]
    for answer in holding.use(uses) if uses else ():
        if isinstance(answer, DomainError):
            raise answer  # nobody voids or takes what is locked; whatever this is must end it all
    late = [tender_reference(one.purchase_no) for one in desk.late if one.coupons]
    if late:
        holding.unlock(late)


def _tell(desk: Desk) -> None:
    """Let others follow: what was taken from a wallet for nothing returns first."""
    restores = [
        Restore(
            one.member_id,
            PAID_FROM_WALLET,
            tender_reference(one.purchase_no),
            by=f"close:{one.purchase_no}",
            refunded=1,
            paid=1,
        )
        for one in desk.late
        if one.wallet_fen and one.member_id is not None
    ]
    for answer in wallet.post(restores):
        if isinstance(answer, DomainError):
            raise answer
    if desk.due:
        purchases_paid.emit(purchases=desk.due)
    if desk.late:
        paid_too_late.emit(purchases=desk.late)
