"""A second ledger, written to be obviously right: plain lists, one point at a time, no SQL.

It shares nothing with the ledger but the movements that both are told and the words in which both
refuse. Slow on purpose: a debit walks point by point to the lot that expires first.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from points_mall.ledger.movements import (
    Capture,
    Credit,
    Debit,
    Expire,
    Hold,
    Mature,
    Movement,
    Restore,
    Reverse,
    Void,
)

NEVER = datetime.max.replace(tzinfo=UTC)
GRACE = timedelta(days=7)
Key = tuple[str, str]


class Refused(Exception):
    """The movement is refused; the argument is the code that clients are told."""


@dataclass(frozen=True)
class Answer:
    """What the ledger must answer."""

    points: int
    available: int
    balance_after: int
    repeated: bool = False


@dataclass(eq=False)
class Lot:
    """Points that came in together; lots are numbered as they are opened."""

    number: int
    expires_at: datetime | None
    left: int = 0
    held: int = 0
    expired: int = 0

    @property
    def free(self) -> int:
        return self.left - self.held

    @property
    def order(self) -> tuple[datetime, int]:
        return (self.expires_at or NEVER, self.number)


@dataclass(eq=False)
class Entry:
    """What moved once; `drawn` has one lot for each point spent and not given back."""

    points: int
    balance_after: int
    lot: Lot | None = None
    drawn: list[Lot] = field(default_factory=list)
    undone: int = 0


@dataclass(eq=False)
class Pending:
    credit: Credit
    matures_at: datetime
    cancelled: int = 0
    state: str = "pending"


@dataclass(eq=False)
class Held:
    parts: list[Lot]  # one for each point
    expires_at: datetime
    state: str = "open"


class Account:
    """One member's points."""

    def __init__(self) -> None:
        self.lots: list[Lot] = []
        self.entries: dict[Key, Entry] = {}
        self.holds: dict[Key, Held] = {}
        self.pendings: dict[Key, Pending] = {}
        self.debt = 0
        self.lifetime_earned = 0
        self.fresh: set[Key] = set()  # what the posting that is under way has entered

    # ---------------------------------------------------------------- what it shows

    def figures(self) -> tuple[int, int, int, int, int]:
        """Available, held, debt, pending, lifetime earned."""
        held = sum(lot.held for lot in self.lots)
        left = sum(lot.left for lot in self.lots)
        waiting = [p for p in self.pendings.values() if p.state == "pending"]
        pending = sum(p.credit.points - p.cancelled for p in waiting)
        return left - held, held, self.debt, pending, self.lifetime_earned

    def lot_figures(self) -> list[tuple[int, int, datetime | None]]:
        """What is left, what is held, until when: lot by lot, as they were opened."""
        return [(lot.left, lot.held, lot.expires_at) for lot in self.lots]

    def balance(self) -> int:
        available, held, debt, *_ = self.figures()
        return available + held - debt

    def spendable(self, now: datetime) -> int:
        return max(0, sum(lot.free for lot in self._open(now)) - self.debt)

    # ---------------------------------------------------------------- what happens to it

    def lapse(self, now: datetime) -> list[Held]:
        """A posting begins: holds past their expiry let go of their points."""
        self.fresh = set()
        lapsed = [h for h in self.holds.values() if h.state == "open" and h.expires_at <= now]
        for held in lapsed:
            self._let_go(held, "expired")
        return lapsed

    def unlapse(self, lapsed: Iterable[Held]) -> None:
        """The posting was refused as a whole."""
        for held in lapsed:
            held.state = "open"
            for lot in held.parts:
                lot.held += 1

    def post(self, movement: Movement, now: datetime) -> Answer:
        """Do one movement, or refuse it and change nothing."""
        return _VERBS[type(movement)](self, movement, now)

    def _credit(self, credit: Credit, now: datetime) -> Answer:
        key = (credit.reason.code, credit.reference)
        if key in self.entries:
            return self._again(key, now)
        if key in self.pendings:
            return self._quiet(now, repeated=True)
        self._refuse_unless(credit.points > 0, "bad_movement")
        if credit.matures_at is None or credit.matures_at <= now:
            return self._earn(key, credit, credit.points, now)
        self._refuse_unless(credit.reason.may_mature, "bad_movement")
        self.pendings[key] = Pending(credit, credit.matures_at)
        return self._quiet(now)

    def _earn(self, key: Key, credit: Credit, points: int, now: datetime) -> Answer:
        lot = self._open_lot(credit.expires_at)
        lot.left = points
        self.lifetime_earned += points
        self.entries[key] = Entry(points, 0, lot=lot)
        self._pay_debt([lot] * points)
        return self._done(key, now)

    def _mature(self, mature: Mature, now: datetime) -> Answer:
        key = (mature.reason_code, mature.reference)
        if key in self.entries:
            return self._again(key, now)
        self._refuse_unless(key in self.pendings, "no_such_entry")
        pending = self.pendings[key]
        if pending.state != "pending":
            return self._quiet(now, repeated=True)
        if pending.matures_at > now:
            return self._quiet(now)
        pending.state = "matured"
        return self._earn(key, pending.credit, pending.credit.points - pending.cancelled, now)

    def _debit(self, debit: Debit, now: datetime) -> Answer:
        key = (debit.reason.code, debit.reference)
        if key in self.entries:
            return self._again(key, now)
        self._refuse_unless(debit.points > 0, "bad_movement")
        self._refuse_unless(debit.points <= self.spendable(now), "insufficient_points")
        entry = self.entries[key] = Entry(-debit.points, 0)
        for _ in range(debit.points):
            lot = self._soonest(now)
            lot.left -= 1
            entry.drawn.append(lot)
        return self._done(key, now)

    def _hold(self, hold: Hold, now: datetime) -> Answer:
        key = (hold.reason.code, hold.reference)
        if key in self.holds:
            return self._quiet(now, repeated=True)
        if key in self.entries:
            return self._again(key, now)
        self._refuse_unless(hold.points > 0 and hold.expires_at > now, "bad_movement")
        self._refuse_unless(hold.points <= self.spendable(now), "insufficient_points")
        held = self.holds[key] = Held([], hold.expires_at)
        for _ in range(hold.points):
            lot = self._soonest(now)
            lot.held += 1
            held.parts.append(lot)
        return self._quiet(now)

    def _capture(self, capture: Capture, now: datetime) -> Answer:
        key = (capture.reason.code, capture.reference)
        self._refuse_unless(key in self.holds, "no_such_hold")
        if key in self.entries:
            return self._again(key, now)
        held = self.holds[key]
        self._refuse_unless(held.state == "open", "hold_closed")
        points = len(held.parts) if capture.points is None else capture.points
        self._refuse_unless(0 < points <= len(held.parts), "bad_movement")
        self._let_go(held, "captured")
        self.entries[key] = Entry(-points, 0, drawn=held.parts[:points])
        for lot in held.parts[:points]:
            lot.left -= 1
        return self._done(key, now)

    def _void(self, void: Void, now: datetime) -> Answer:
        key = (void.reason.code, void.reference)
        self._refuse_unless(key in self.holds, "no_such_hold")
        held = self.holds[key]
        self._refuse_unless(held.state != "captured", "hold_closed")
        if held.state != "open":
            return self._quiet(now, repeated=True)
        self._let_go(held, "voided")
        return self._quiet(now)

    def _reverse(self, reverse: Reverse, now: datetime) -> Answer:
        key, undo = (reverse.reason.code, reverse.reference), ("reversal", reverse.by)
        self._refuse_unless(0 <= reverse.refunded <= reverse.paid > 0, "bad_movement")
        if undo in self.entries:
            return self._again(undo, now)
        pending, entry = self.pendings.get(key), self.entries.get(key)
        self._refuse_unless(pending is not None or entry is not None, "no_such_entry")
        self._refuse_unless(key not in self.fresh, "bad_movement")
        earned = pending.credit.points if pending else entry.points if entry else 0
        owed = earned * reverse.refunded // reverse.paid
        if pending is not None:
            owed -= pending.cancelled
            if pending.state == "pending":
                owed -= self._cancel(pending, owed)
        if entry is not None and entry.lot is not None:
            owed -= entry.undone + entry.lot.expired
        if owed <= 0 or entry is None:
            return self._quiet(now)
        entry.undone += owed
        self.entries[undo] = Entry(-owed, 0)
        for _ in range(owed):
            self._take_one_back(entry, now)
        return self._done(undo, now)

    def _cancel(self, pending: Pending, owed: int) -> int:
        cancelled = max(0, min(owed, pending.credit.points - pending.cancelled))
        pending.cancelled += cancelled
        if pending.cancelled == pending.credit.points:
            pending.state = "cancelled"
        return cancelled

    def _take_one_back(self, entry: Entry, now: datetime) -> None:
        if entry.lot is not None and entry.lot.free:
            entry.lot.left -= 1
        elif any(lot.free for lot in self._open(now)):
            self._soonest(now).left -= 1
        else:
            self.debt += 1

    def _restore(self, restore: Restore, now: datetime) -> Answer:
        key, undo = (restore.reason.code, restore.reference), ("restoration", restore.by)
        if undo in self.entries:
            return self._again(undo, now)
        entry = self.entries.get(key)
        if entry is None or entry.points > 0:
            raise Refused("no_such_entry")
        self._refuse_unless(key not in self.fresh, "bad_movement")
        points = len(entry.drawn) if restore.points is None else restore.points
        if points == 0:
            return self._quiet(now)
        self._refuse_unless(0 < points <= len(entry.drawn), "bad_movement")
        self.entries[undo] = Entry(points, 0)
        graces: dict[Lot, Lot] = {}
        gained = []
        for _ in range(points):
            lot = entry.drawn.pop()
            if lot.order[0] <= now:
                lot = graces.get(lot) or graces.setdefault(lot, self._open_lot(now + GRACE))
            lot.left += 1
            gained.append(lot)
        self._pay_debt(gained)
        return self._done(undo, now)

    def _expire(self, expire: Expire, now: datetime) -> Answer:
        """`lot_id` counts the account's lots here, from 0."""
        lots = dict(enumerate(self.lots))
        lot = lots.get(expire.lot_id)
        if lot is None or lot.order[0] > now or not lot.free:
            return self._quiet(now)
        key = ("expiry", f"{lot.number}, {lot.left} left")
        self.entries[key] = Entry(-lot.free, 0)
        lot.expired += lot.free
        lot.left = lot.held
        return self._done(key, now)

    # ---------------------------------------------------------------- how

    def _open(self, now: datetime) -> list[Lot]:
        return [lot for lot in self.lots if lot.order[0] > now]

    def _soonest(self, now: datetime) -> Lot:
        return min((lot for lot in self._open(now) if lot.free), key=lambda lot: lot.order)

    def _open_lot(self, expires_at: datetime | None) -> Lot:
        self.lots.append(Lot(len(self.lots), expires_at))
        return self.lots[-1]

    def _pay_debt(self, gained: Iterable[Lot]) -> None:
        for lot in sorted(gained, key=lambda lot: lot.order):
            if self.debt:
                lot.left -= 1
                self.debt -= 1

    def _let_go(self, held: Held, state: str) -> None:
        for lot in held.parts:
            lot.held -= 1
        held.state = state

    @staticmethod
    def _refuse_unless(holds: bool, code: str) -> None:
        if not holds:
            raise Refused(code)

    def _done(self, key: Key, now: datetime) -> Answer:
        entry = self.entries[key]
        entry.balance_after = self.balance()
        self.fresh.add(key)
        return Answer(entry.points, self.spendable(now), entry.balance_after)

    def _again(self, key: Key, now: datetime) -> Answer:
        entry = self.entries[key]
        return Answer(entry.points, self.spendable(now), entry.balance_after, repeated=True)

    def _quiet(self, now: datetime, *, repeated: bool = False) -> Answer:
        return Answer(0, self.spendable(now), self.balance(), repeated)


_VERBS: dict[type[Movement], Callable[[Account, Any, datetime], Answer]] = {
    Credit: Account._credit,
    Debit: Account._debit,
    Hold: Account._hold,
    Capture: Account._capture,
    Void: Account._void,
    Mature: Account._mature,
    Reverse: Account._reverse,
    Restore: Account._restore,
    Expire: Account._expire,
}
