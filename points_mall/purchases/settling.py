"""Applying refunds to purchases whose keys, accounts and rows are locked, however many there are.

Earned points, cashback, stored value and growth are taken back in the measure of the value that is
given back; points and wallet money that paid return, and coupons by their own terms. See `sharing` for
the measure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.errors import DomainError
from points_mall.coupons.restoring import Restoration, restore
from points_mall.earning.reasons import PURCHASE
from points_mall.ledger import posting as points
from points_mall.ledger.movements import Movement, Restore, Reverse
from points_mall.tiers.growing import Growth, grow
from points_mall.wallet import movements as wallet_movements
from points_mall.wallet import posting as wallet
from points_mall.wallet.reasons import CASHBACK, TOP_UP
from points_mall.wallet.reasons import PURCHASE as PAID_FROM_WALLET

from .events import purchases_refunded
from .facts import purchase_reference, refund_reference, tender_reference
from .loading import applied_refunds, waiting_refunds
from .reasons import POINTS_AS_CASH
from .records import PurchaseRecord, RefundRecord
from .sharing import Standing, Told, lines_refunded, refusal_of, standing, with_cash
from .states import PurchaseStatus, Purpose, RefundState
from .writing import write_refunded, write_refunds


@dataclass(frozen=True)
class Step:
    """One refund of a purchase: where the purchase stood before it, and stands after it."""

    purchase: PurchaseRecord
    refund: RefundRecord
    before: Standing
    after: Standing

    @property
    def member_id(self) -> int:
        """Whose purchase it is; one without a member is not refunded yet."""
        return cast(int, self.purchase.member_id)

    @property
    def by(self) -> str:
        """The reference of everything that the refund moves."""
        return refund_reference(self.refund.source, self.refund.external_id)


def can_be_refunded(purchase: PurchaseRecord | None) -> bool:
    """Whether a refund can be applied now: it was paid, and whoever earned by it is known."""
    if purchase is None:
        return False
    if purchase.status == PurchaseStatus.CLOSED:
        return purchase.paid_late_at is not None
    return purchase.status == PurchaseStatus.PAID and purchase.member_id is not None


def apply(
    session: Session, found: Iterable[tuple[PurchaseRecord, Sequence[RefundRecord]]]
) -> dict[str, DomainError]:
    """Apply refunds, each purchase's in the order given; answer the refusals by refund number."""
    pairs = [(purchase, refunds) for purchase, refunds in found if refunds]
    if not pairs:
        return {}
    past = applied_refunds(session, (purchase.id for purchase, _ in pairs))
    steps: list[Step] = []
    refusals: dict[str, DomainError] = {}
    for purchase, refunds in pairs:
        told = [told_by(refund) for refund in past[purchase.id]]
        for refund in refunds:
            if refusal := decide(purchase, refund, told, steps):
                refusals[refund.refund_no] = refusal
    _undo([step for step in steps if step.purchase.status == PurchaseStatus.PAID])
    write_refunds(session, [refund for _, refunds in pairs for refund in refunds])
    write_refunded(session, [purchase for purchase, _ in pairs])
    if steps:
        purchases_refunded.emit(refunds=[(step.purchase, step.refund) for step in steps])
    return refusals


def apply_waiting(session: Session, purchases: Sequence[PurchaseRecord]) -> None:
    """Apply the refunds that were heard of before these purchases were paid."""
    if not purchases:
        return
    waiting = waiting_refunds(session, [purchase.key for purchase in purchases])
    apply(session, ((purchase, waiting.get(purchase.key, [])) for purchase in purchases))


def told_by(refund: RefundRecord) -> Told:
    """What a refund says, as sharing takes it."""
    lines = {int(line_no): amount for line_no, amount in (refund.lines or {}).items()}
    return Told(refund.amount_fen, refund.cash_fen, lines)


def decide(
    purchase: PurchaseRecord, refund: RefundRecord, told: list[Told], steps: list[Step]
) -> DomainError | None:
    """Decide one refund, and note it in the records; `told` holds those before it, then it too.

    One that is refused changes nothing but its own state; any other is added to `steps`.
    """
    asked, moment = told_by(refund), now()
    refund.purchase_id = purchase.id
    if refusal := refusal_of(purchase, told, asked):
        refund.state, refund.note = RefundState.REFUSED, str(refusal)
        return refusal
    before = standing(purchase, told)
    told.append(with_cash(purchase, told, asked))
    after = standing(purchase, told)
    refund.state, refund.applied_at = RefundState.APPLIED, moment
    refund.cash_fen = told[-1].cash_fen
    refund.value_fen = after.value_fen - before.value_fen
    if purchase.status == PurchaseStatus.PAID:
        refund.points_taken_back = after.points_earned - before.points_earned
        refund.points_returned = after.points - before.points
        refund.wallet_returned_fen = after.wallet_fen - before.wallet_fen
        refund.cashback_taken_back_fen = after.cashback_fen - before.cashback_fen
    purchase.refunded_fen = after.value_fen
    for line, amount in zip(purchase.lines, lines_refunded(purchase, told), strict=True):
        line.refunded_fen = amount
    steps.append(Step(purchase, refund, before, after))
    return None


# ------------------------------------------------------------------ what follows


def _undo(steps: Sequence[Step]) -> None:
    """Move what the refunds take back and return: points, coupons, wallets, growth."""
    _post_points(steps)
    _restore_coupons(steps)
    _post_wallets(steps)
    grow([growth for step in steps if (growth := _growth(step))])


def _post_points(steps: Sequence[Step]) -> None:
    movements = [movement for step in steps for movement in _points_movements(step)]
    _require_posted(points.post(movements))


def _points_movements(step: Step) -> Iterable[Movement]:
    purchase, member_id = step.purchase, step.member_id
    if purchase.points_earned:
        yield Reverse(
            member_id,
            PURCHASE,
            purchase_reference(*purchase.key),
            refunded=step.after.value_fen,
            paid=purchase.total_fen,
            by=step.by,
            actor=step.refund.actor,
        )
    if returned := step.after.points - step.before.points:
        yield Restore(
            member_id,
            POINTS_AS_CASH,
            tender_reference(purchase.purchase_no),
            by=step.by,
            points=returned,
            actor=step.refund.actor,
        )


def _restore_coupons(steps: Sequence[Step]) -> None:
    """Coupons come back by their own terms, counted from all that was refunded so far."""
    restorations = [
        Restoration(
            tender_reference(step.purchase.purchase_no),
            refunded_fen=step.after.value_fen,
            paid_fen=step.purchase.total_fen,
            by=step.by,
            actor=step.refund.actor,
        )
        for step in steps
        if step.purchase.coupons
    ]
    if restorations:
        restore(restorations)


def _post_wallets(steps: Sequence[Step]) -> None:
    movements = [movement for step in steps for movement in _wallet_movements(step)]
    _require_posted(wallet.post(movements))


def _wallet_movements(step: Step) -> Iterable[wallet_movements.Movement]:
    """Take back what the purchase gave, then return what it took."""
    purchase, actor = step.purchase, step.refund.actor
    reference = purchase_reference(*purchase.key)
    given = [CASHBACK] if purchase.cashback_fen else []
    given += [TOP_UP] if purchase.purpose == Purpose.TOP_UP else []
    for reason in given:
        yield wallet_movements.Reverse(
            step.member_id,
            reason,
            reference,
            refunded=step.after.value_fen,
            paid=purchase.total_fen,
            by=f"{step.by}:{reason.code}",
            actor=actor,
        )
    if step.after.wallet_fen > step.before.wallet_fen:
        yield wallet_movements.Restore(
            step.member_id,
            PAID_FROM_WALLET,
            tender_reference(purchase.purchase_no),
            by=step.by,
            refunded=step.after.wallet_fen,
            paid=purchase.wallet_fen,
            actor=actor,
        )


def _growth(step: Step) -> Growth | None:
    """What the refund takes back of the member's growth, dated as the purchase."""
    purchase, before, after = step.purchase, step.before, step.after
    if purchase.purpose == Purpose.TOP_UP or purchase.paid_at is None:
        return None
    growth = Growth(
        member_id=step.member_id,
        amount_fen=before.money_fen - after.money_fen,
        purchases=before.is_whole - after.is_whole,
        points=before.points_earned - after.points_earned,
        occurred_at=purchase.paid_at,
        reference=step.by,
    )
    moves = growth.amount_fen or growth.purchases or growth.points
    return growth if moves else None


def _require_posted(answers: Sequence[object]) -> None:
    for answer in answers:
        if isinstance(answer, DomainError):
            raise answer  # what was given can be taken back; whatever this is must end it all
