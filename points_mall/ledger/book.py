"""One account on the desk: applies movements to what was loaded, and gathers what must be written.

Pure: no database, no clock. Each movement is decided whole before anything changes, so a refusal
leaves the book as it was and the rest of its group goes on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .entries import Drawn, Entry, Granted, Key
from .errors import BadMovement, HoldClosed, InsufficientPoints, NoSuchEntry, NoSuchHold
from .lots import Lot, Share, allocate, first, soonest_first, spendable, total, without
from .models import DrawKind, HoldState, PendingState
from .movements import (
    Capture,
    Credit,
    Debit,
    Expire,
    Explanation,
    Hold,
    Mature,
    Movement,
    Posted,
    Restore,
    Reverse,
    Void,
)
from .open_items import OpenHold, Past, Waiting
from .reasons import EXPIRY, RESTORATION, REVERSAL, Reason


@dataclass(eq=False)
class Book:
    """An account's figures and open items at `moment`, and the changes made to them.

    :param grace: life of restored points whose own lot has expired.
    :param stale: expired points that no job has taken yet, when the lots were not loaded; None
        when they were, and `lots` tells.
    """

    moment: datetime
    grace: timedelta
    account_id: int
    available: int
    held: int
    debt: int
    pending: int
    lifetime_earned: int
    last_seq: int
    last_hash: str
    stale: int | None = None
    lots: dict[int, Lot] = field(default_factory=dict)
    posted: dict[Key, Entry] = field(default_factory=dict)
    holds: dict[Key, OpenHold] = field(default_factory=dict)
    waiting: dict[Key, Waiting] = field(default_factory=dict)
    past: dict[int, Past] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    granted: list[Granted] = field(default_factory=list)
    drawn: list[Drawn] = field(default_factory=list)

    def apply(self, movement: Movement) -> Posted:
        """Post one movement.

        :raises DomainError: it is refused, and nothing has changed.
        """
        match movement:
            case Credit():
                return self._credit(movement)
            case Debit():
                return self._debit(movement)
            case Hold():
                return self._hold(movement)
            case Capture():
                return self._capture(movement)
            case Void():
                return self._void(movement)
            case Mature():
                return self._mature(movement)
            case Reverse():
                return self._reverse(movement)
            case Restore():
                return self._restore(movement)
            case Expire():
                return self._expire(movement)

    def release_expired_holds(self) -> None:
        """Give back what holds past their expiry set aside; they expire by themselves."""
        for hold in self.holds.values():
            if hold.state == HoldState.OPEN and hold.expires_at <= self.moment:
                self._close_hold(hold, HoldState.EXPIRED)

    # -- earning

    def _credit(self, credit: Credit) -> Posted:
        key = (credit.reason.code, credit.reference)
        if entry := self.posted.get(key):
            return self._repeat(entry)
        if key in self.waiting:
            return self._nothing_moved(repeated=True)
        _require_some(credit.points)
        if credit.matures_at is None or credit.matures_at <= self.moment:
            return self._earn(credit, credit.points)
        if not credit.reason.may_mature:
            raise BadMovement(f"{credit.reason.code} cannot be pending")
        self.waiting[key] = Waiting(0, credit, self.moment, credit.matures_at)
        self.pending += credit.points
        return self._nothing_moved()

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
        entry = self._append(
            points, credit.reason, credit.reference, credit.explanation, credit.actor
        )
        self.lifetime_earned += points
        lot = Lot(0, points, points, 0, credit.expires_at)
        self._grant(entry, lot)
        self._repay(entry, [Share(lot, points)])
        return self._answer(entry)

    # -- spending

    def _debit(self, debit: Debit) -> Posted:
        if entry := self.posted.get((debit.reason.code, debit.reference)):
            return self._repeat(entry)
        shares = self._afford(debit.points)
        entry = self._append(
            -debit.points, debit.reason, debit.reference, debit.explanation, debit.actor
        )
        for lot, points in shares:
            self._draw(entry, lot, DrawKind.SPEND, points)
        self.available -= debit.points
        return self._answer(entry)

    def _hold(self, hold: Hold) -> Posted:
        key = (hold.reason.code, hold.reference)
        if key in self.holds:
            return self._nothing_moved(repeated=True)
        parts = self._afford(hold.points)
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

    def _capture(self, capture: Capture) -> Posted:
        hold = self._find_hold(capture.reason, capture.reference)
        if entry := self.posted.get((capture.reason.code, capture.reference)):
            return self._repeat(entry)
        if hold.state != HoldState.OPEN:
            raise HoldClosed(f"hold {capture.reference} is {hold.state}", state=hold.state)
        points = hold.points if capture.points is None else capture.points
        if not 0 < points <= hold.points:
            raise BadMovement(f"cannot capture {points} of {hold.points} held points")
        hold.captured_points = points
        self._close_hold(hold, HoldState.CAPTURED)
        entry = self._append(
            -points, capture.reason, capture.reference, capture.explanation, capture.actor
        )
        for lot, part in first(hold.parts, points):
            self._draw(entry, lot, DrawKind.SPEND, part)
        self.available -= points
        return self._answer(entry)

    def _void(self, void: Void) -> Posted:
        hold = self._find_hold(void.reason, void.reference)
        if hold.state == HoldState.CAPTURED:
            raise HoldClosed(f"hold {void.reference} is captured", state=hold.state)
        if hold.state != HoldState.OPEN:
            return self._nothing_moved(repeated=True)
        self._close_hold(hold, HoldState.VOIDED)
        return self._nothing_moved()

    # -- undoing

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
        if waiting is None and earned is None:
            raise NoSuchEntry(f"no earning {key}")
        past = self._past(earned)
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
        entry = self._append(
            -take, undo, reverse.by, reverse.explanation, reverse.actor, undoes=earned
        )
        own = [Share(lot, lot.free) for lot in past.own_lots if lot.free]
        taken = first(own, take)
        missing = take - total(taken)
        others = [lot for lot in self.lots.values() if lot not in past.own_lots]
        taken += allocate(others, missing, self.moment)
        for lot, points in taken:
            self._draw(entry, lot, DrawKind.REVERSE, points)
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

    def _restore(self, restore: Restore) -> Posted:
        """Put points back where they came from, what was drawn last first.

        A lot that has expired meanwhile is replaced by one with a period of grace.
        """
        if done := self.posted.get((RESTORATION.code, restore.by)):
            return self._repeat(done)
        spent = self.posted.get((restore.reason.code, restore.reference))
        if spent is None or spent.points > 0:
            raise NoSuchEntry(f"no debit {restore.reason.code} {restore.reference}")
        past = self._past(spent)
        left = -spent.points - past.undone
        points = left if restore.points is None else restore.points
        if points == 0:
            return self._nothing_moved()
        if not 0 < points <= left:
            raise BadMovement(f"cannot restore {points} of {left} points")
        undo = Reason(RESTORATION.code, "", "", spent.counterparty)
        entry = self._append(
            points, undo, restore.by, restore.explanation, restore.actor, undoes=spent
        )
        back = first(past.outstanding[::-1], points)
        past.outstanding = without(past.outstanding, back)
        past.undone += points
        self._repay(entry, [self._put_back(entry, share) for share in back])
        return self._answer(entry)

    def _put_back(self, entry: Entry, share: Share) -> Share:
        lot, points = share
        if lot.is_open(self.moment):
            self._draw(entry, lot, DrawKind.RESTORE, -points)
            self.available += points
            return share
        grace = Lot(0, points, points, 0, self.moment + self.grace, restores_id=lot.id)
        self._grant(entry, grace)
        return Share(grace, points)

    # -- expiring

    def _expire(self, expire: Expire) -> Posted:
        lot = self.lots.get(expire.lot_id)
        if lot is None or lot.is_open(self.moment) or lot.free == 0:
            return self._nothing_moved()
        points = lot.free
        reference = f"lot:{lot.id}:{lot.remaining}"  # what remains only ever falls
        explanation = {"lot": str(lot.id), "granted": lot.granted, "expired_at": str(lot.expires_at)}
        entry = self._append(-points, EXPIRY, reference, explanation)
        self._draw(entry, lot, DrawKind.EXPIRE, points)
        self.available -= points
        return self._answer(entry)

    # -- the few ways in which figures change

    def _append(
        self,
        points: int,
        reason: Reason,
        reference: str,
        explanation: Explanation | None = None,
        actor: str = "system",
        undoes: Entry | None = None,
    ) -> Entry:
        if undoes is not None and undoes.id == 0:
            raise RuntimeError("an entry is undone in a later posting, not in its own")
        entry = Entry(
            id=0,
            seq=self.last_seq + 1,
            points=points,
            counterparty=reason.counterparty,
            balance_after=self._balance() + points,
            reason=reason.code,
            reference=reference,
            reverses_id=undoes.id if undoes else None,
            explanation=explanation,
            actor=actor,
            occurred_at=self.moment,
            prev_hash=self.last_hash,
        )
        entry.hash = entry.sealed(self.account_id)
        self.last_seq, self.last_hash = entry.seq, entry.hash
        self.entries.append(entry)
        self.posted[reason.code, reference] = entry
        return entry

    def _grant(self, entry: Entry, lot: Lot) -> None:
        self.granted.append(Granted(entry, lot))
        self.lots[-len(self.granted)] = lot  # no id yet: any key that no stored lot has
        self.available += lot.granted

    def _draw(self, entry: Entry, lot: Lot, kind: DrawKind, points: int) -> None:
        lot.change(remaining=-points)
        self.drawn.append(Drawn(entry, lot, kind, points))

    def _repay(self, entry: Entry, shares: Iterable[Share]) -> None:
        """Pay a debt out of points that have just come in."""
        owed = soonest_first(share.lot for share in shares)
        gained = {id(share.lot): share.points for share in shares}
        for lot in owed:
            points = min(self.debt, gained[id(lot)])
            if points:
                self._draw(entry, lot, DrawKind.REPAY, points)
                self.available -= points
                self.debt -= points

    def _afford(self, points: int) -> list[Share]:
        _require_some(points)
        if self._spendable() < points:
            raise InsufficientPoints(points, self._spendable())
        return allocate(self.lots.values(), points, self.moment)

    def _find_hold(self, reason: Reason, reference: str) -> OpenHold:
        hold = self.holds.get((reason.code, reference))
        if hold is None:
            raise NoSuchHold(f"no hold {reason.code} {reference}")
        return hold

    def _close_hold(self, hold: OpenHold, state: HoldState) -> None:
        for lot, points in hold.parts:
            lot.change(held=-points)
        self.held -= hold.points
        self.available += hold.points
        hold.state, hold.closed_at, hold.changed = state, self.moment, True

    # -- answers

    def _answer(self, entry: Entry) -> Posted:
        return Posted(self._spendable(), entry.balance_after, entry)

    def _repeat(self, entry: Entry) -> Posted:
        return Posted(self._spendable(), entry.balance_after, entry, repeated=True)

    def _nothing_moved(self, *, repeated: bool = False) -> Posted:
        return Posted(self._spendable(), self._balance(), repeated=repeated)

    def _balance(self) -> int:
        return self.available + self.held - self.debt

    def _spendable(self) -> int:
        if self.stale is None:
            return max(0, spendable(self.lots.values(), self.moment) - self.debt)
        return max(0, self.available - self.stale - self.debt)

    def _past(self, entry: Entry | None) -> Past:
        return self.past.setdefault(entry.id, Past()) if entry else Past()


def _require_some(points: int) -> None:
    if points <= 0:
        raise BadMovement(f"cannot move {points} points")
