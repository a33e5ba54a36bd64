"""The verbs of the ledger on one account: each decides whole before anything changes.

Pure: no database, no clock. A refusal leaves the book as it was, so the rest of its group goes on.
"""

from functools import singledispatchmethod

from .entries import Entry
from .errors import BadMovement, HoldClosed, NoSuchEntry
from .lots import Lot, Share, allocate, first, total, without
from .models import DrawKind, HoldState, PendingState
from .movements import (
    Capture,
    Credit,
    Debit,
    Expire,
    Hold,
    Mature,
    Movement,
    Posted,
    Restore,
    Reverse,
    Void,
)
from .open_account import OpenAccount, require_some, require_stored
from .open_items import OpenHold, Past, Waiting
from .reasons import EXPIRY, RESTORATION, REVERSAL, Reason


class Book(OpenAccount):
    """An open account to which movements can be posted."""

    @singledispatchmethod
    def apply(self, movement: Movement) -> Posted:
        """Post one movement.

        :raises DomainError: it is refused, and nothing has changed.
        """
        raise TypeError(f"not a movement: {movement!r}")

    # -- earning

    @apply.register
    def _credit(self, credit: Credit) -> Posted:
        key = (credit.reason.code, credit.reference)
        if entry := self.posted.get(key):
            return self._repeat(entry)
        if key in self.waiting:
            return self._nothing_moved(repeated=True)
        require_some(credit.points)
        if credit.matures_at is None or credit.matures_at <= self.moment:
            return self._earn(credit, credit.points)
        if not credit.reason.may_mature:
            raise BadMovement(f"{credit.reason.code} cannot be pending")
        self.waiting[key] = Waiting(0, credit, self.moment, credit.matures_at)
        self.pending += credit.points
        return self._nothing_moved()

    @apply.register
    def _mature(self, mature: Mature) -> Posted:
        key = (mature.reason_code, mature.reference)
        if entry := self.posted.get(key):
            return self._repeat(entry)
        waiting = self.waiting.get(key)
        if waiting is None:
            raise NoSuchEntry(f"no pending earning {key}")
        if waiting.state != PendingState.PENDING or waiting.matures_at > self.moment:
            return self._nothing_moved(repeated=waiting.state != PendingState.PENDING)
        waiting.state, waiting.changed = PendingState.MATURED, True
        self.pending -= waiting.points_left
        return self._earn(waiting.credit, waiting.points_left)

    def _earn(self, credit: Credit, points: int) -> Posted:
        entry = self.append(
            points,
            credit.reason,
            credit.reference,
            credit.explanation,
            credit.actor,
            expires_at=credit.expires_at,
        )
        self.lifetime_earned += points
        lot = Lot(0, points, points, 0, credit.expires_at)
        self.grant(entry, lot)
        self.repay(entry, [Share(lot, points)])
        return self._answer(entry)

    # -- spending

    @apply.register
    def _debit(self, debit: Debit) -> Posted:
        if entry := self.posted.get((debit.reason.code, debit.reference)):
            return self._repeat(entry)
        shares = self.afford(debit.points)
        entry = self.append(
            -debit.points, debit.reason, debit.reference, debit.explanation, debit.actor
        )
        for lot, points in shares:
            self.draw(entry, lot, DrawKind.SPEND, points)
        self.available -= debit.points
        return self._answer(entry)

    @apply.register
    def _hold(self, hold: Hold) -> Posted:
        key = (hold.reason.code, hold.reference)
        if key in self.holds:
            return self._nothing_moved(repeated=True)
        if entry := self.posted.get(key):  # spent for this cause already, without a hold
            return self._repeat(entry)
        require_some(hold.points)
        if hold.expires_at <= self.moment:
            raise BadMovement("a hold cannot be over before it begins")
        parts = self.afford(hold.points)
        for lot, points in parts:
            lot.change(held=points)
        self.available -= hold.points
        self.held += hold.points
        self.holds[key] = OpenHold(
            id=0,
            points=hold.points,
            reason=hold.reason.code,
            counterparty=hold.reason.counterparty,
            reference=hold.reference,
            placed_at=self.moment,
            expires_at=hold.expires_at,
            parts=parts,
        )
        return self._nothing_moved()

    @apply.register
    def _capture(self, capture: Capture) -> Posted:
        hold = self.find_hold(capture.reason, capture.reference)
        if entry := self.posted.get((capture.reason.code, capture.reference)):
            return self._repeat(entry)
        if hold.state != HoldState.OPEN:
            raise HoldClosed(f"hold {capture.reference} is {hold.state}", state=hold.state)
        points = hold.points if capture.points is None else capture.points
        if not 0 < points <= hold.points:
            raise BadMovement(f"cannot capture {points} of {hold.points} held points")
        hold.captured_points = points
        self.close_hold(hold, HoldState.CAPTURED)
        entry = self.append(
            -points, capture.reason, capture.reference, capture.explanation, capture.actor
        )
        for lot, part in first(hold.parts, points):
            self.draw(entry, lot, DrawKind.SPEND, part)
        self.available -= points
        return self._answer(entry)

    @apply.register
    def _void(self, void: Void) -> Posted:
        hold = self.find_hold(void.reason, void.reference)
        if hold.state == HoldState.CAPTURED:
            raise HoldClosed(f"hold {void.reference} is captured", state=hold.state)
        if hold.state != HoldState.OPEN:
            return self._nothing_moved(repeated=True)
        self.close_hold(hold, HoldState.VOIDED)
        return self._nothing_moved()

    # -- undoing

    @apply.register
    def _reverse(self, reverse: Reverse) -> Posted:
        """Take what is still pending first, then the earning's own lot, other lots, then debt.

        Points of that earning which have expired are gone already and count as taken back.
        """
        if not 0 <= reverse.refunded <= reverse.paid or reverse.paid == 0:
            raise BadMovement(f"cannot refund {reverse.refunded} of {reverse.paid}")
        if done := self.posted.get((REVERSAL.code, reverse.by)):
            return self._repeat(done)
        key = (reverse.reason.code, reverse.reference)
        waiting, earned = self.waiting.get(key), self.posted.get(key)
        if waiting is None and not _is_earning(earned):
            raise NoSuchEntry(f"no earning {key}")
        require_stored(earned)
        past = self.past_of(earned)
        points = waiting.credit.points if waiting else earned.points if earned else 0
        cancelled = waiting.cancelled_points if waiting else 0
        target = points * reverse.refunded // reverse.paid
        take = target - cancelled - past.undone - past.expired
        if take > 0 and waiting and waiting.state == PendingState.PENDING:
            take -= self._cancel(waiting, min(take, waiting.points_left))
        if take <= 0 or earned is None:
            return self._nothing_moved()
        return self._take_back(reverse, earned, past, take)

    def _take_back(self, reverse: Reverse, earned: Entry, past: Past, take: int) -> Posted:
        undo = Reason(REVERSAL.code, "", "", earned.counterparty)
        entry = self.append(
            -take, undo, reverse.by, reverse.explanation, reverse.actor, undoes=earned
        )
        own = [Share(lot, lot.free) for lot in past.own_lots if lot.free]
        taken = first(own, take)
        missing = take - total(taken)
        others = [lot for lot in self.lots.values() if lot not in past.own_lots]
        taken += allocate(others, missing, self.moment)
        for lot, points in taken:
            self.draw(entry, lot, DrawKind.REVERSE, points)
        self.available -= total(taken)
        self.debt += take - total(taken)
        past.undone += take
        return self._answer(entry)

    def _cancel(self, waiting: Waiting, points: int) -> int:
        waiting.cancelled_points += points
        waiting.changed = True
        self.pending -= points
        if waiting.points_left == 0:
            waiting.state = PendingState.CANCELLED
        return points

    @apply.register
    def _restore(self, restore: Restore) -> Posted:
        """Put points back where they came from, what was drawn last first.

        A lot that has expired meanwhile is replaced by one with a period of grace.
        """
        if done := self.posted.get((RESTORATION.code, restore.by)):
            return self._repeat(done)
        spent = self.posted.get((restore.reason.code, restore.reference))
        if spent is None or not _is_spending(spent):
            raise NoSuchEntry(f"no debit {restore.reason.code} {restore.reference}")
        require_stored(spent)
        past = self.past_of(spent)
        left = -spent.points - past.undone
        points = left if restore.points is None else restore.points
        if points == 0:
            return self._nothing_moved()
        if not 0 < points <= left:
            raise BadMovement(f"cannot restore {points} of {left} points")
        undo = Reason(RESTORATION.code, "", "", spent.counterparty)
        back = first(past.outstanding[::-1], points)
        needs_grace = not all(lot.is_open(self.moment) for lot, _ in back)
        entry = self.append(
            points,
            undo,
            restore.by,
            restore.explanation,
            restore.actor,
            undoes=spent,
            expires_at=self.moment + self.grace if needs_grace else None,
        )
        past.outstanding = without(past.outstanding, back)
        past.undone += points
        self.repay(entry, [self._put_back(entry, share) for share in back])
        return self._answer(entry)

    def _put_back(self, entry: Entry, share: Share) -> Share:
        lot, points = share
        if lot.is_open(self.moment):
            self.draw(entry, lot, DrawKind.RESTORE, -points)
            self.available += points
            return share
        grace = Lot(0, points, points, 0, self.moment + self.grace, restores_id=lot.id)
        self.grant(entry, grace)
        return Share(grace, points)

    # -- expiring

    @apply.register
    def _expire(self, expire: Expire) -> Posted:
        lot = self.lots.get(expire.lot_id)
        if lot is None or lot.is_open(self.moment) or lot.free == 0:
            return self._nothing_moved()
        points = lot.free
        reference = f"lot:{lot.id}:{lot.remaining}"  # what remains only ever falls
        explanation = {
            "lot": str(lot.id),
            "granted": lot.granted,
            "expired_at": str(lot.expires_at),
        }
        entry = self.append(-points, EXPIRY, reference, explanation)
        self.draw(entry, lot, DrawKind.EXPIRE, points)
        self.available -= points
        return self._answer(entry)

    # -- answers

    def _answer(self, entry: Entry) -> Posted:
        return Posted(self.spendable(), entry.balance_after, entry)

    def _repeat(self, entry: Entry) -> Posted:
        return Posted(self.spendable(), entry.balance_after, entry, repeated=True)

    def _nothing_moved(self, *, repeated: bool = False) -> Posted:
        return Posted(self.spendable(), self.balance(), repeated=repeated)


def _is_earning(entry: Entry | None) -> bool:
    return entry is not None and entry.points > 0 and entry.reverses_id is None


def _is_spending(entry: Entry) -> bool:
    return entry.points < 0 and entry.reverses_id is None and entry.reason != EXPIRY.code
