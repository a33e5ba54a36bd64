"""An account on the desk: its figures and open items, and the few ways in which they change.

Pure: no database, no clock. The verbs that use these are in `book`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .entries import Drawn, Entry, Granted, Key
from .errors import BadMovement, InsufficientPoints, NoSuchHold
from .lots import Lot, Share, allocate, soonest_first
from .lots import spendable as spendable_in
from .models import DrawKind, HoldState
from .movements import Explanation
from .open_items import OpenHold, Past, Waiting
from .reasons import Reason


@dataclass(eq=False)
class OpenAccount:
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

    def release_expired_holds(self) -> None:
        """Give back what holds past their expiry set aside; they expire by themselves."""
        for hold in self.holds.values():
            if hold.state == HoldState.OPEN and hold.expires_at <= self.moment:
                self.close_hold(hold, HoldState.EXPIRED)

    def append(
        self,
        points: int,
        reason: Reason,
        reference: str,
        explanation: Explanation | None = None,
        actor: str = "system",
        undoes: Entry | None = None,
        *,
        expires_at: datetime | None = None,
    ) -> Entry:
        """Write the next entry of the chain; lots and figures follow by the caller."""
        entry = Entry(
            id=0,
            seq=self.last_seq + 1,
            points=points,
            counterparty=reason.counterparty,
            balance_after=self.balance() + points,
            reason=reason.code,
            reference=reference,
            reverses_id=undoes.id if undoes else None,
            explanation=explanation,
            actor=actor,
            occurred_at=self.moment,
            expires_at=expires_at,
            prev_hash=self.last_hash,
        )
        entry.hash = entry.sealed(self.account_id)
        self.last_seq, self.last_hash = entry.seq, entry.hash
        self.entries.append(entry)
        self.posted[reason.code, reference] = entry
        return entry

    def grant(self, entry: Entry, lot: Lot) -> None:
        """Open a lot for an entry."""
        self.granted.append(Granted(entry, lot))
        self.lots[-len(self.granted)] = lot  # no id yet: any key that no stored lot has
        self.available += lot.granted

    def draw(self, entry: Entry, lot: Lot, kind: DrawKind, points: int) -> None:
        """Take from a lot for an entry (below zero: put back); figures follow by the caller."""
        lot.change(remaining=-points)
        self.drawn.append(Drawn(entry, lot, kind, points))

    def repay(self, entry: Entry, shares: Iterable[Share]) -> None:
        """Pay a debt out of points that have just come in."""
        owed = soonest_first(share.lot for share in shares)
        gained = {id(share.lot): share.points for share in shares}
        for lot in owed:
            points = min(self.debt, gained[id(lot)])
            if points:
                self.draw(entry, lot, DrawKind.REPAY, points)
                self.available -= points
                self.debt -= points

    def afford(self, points: int) -> list[Share]:
        """The lots that pay for a spending of `points`.

        :raises InsufficientPoints: fewer can be spent.
        """
        require_some(points)
        if self.spendable() < points:
            raise InsufficientPoints(points, self.spendable())
        return allocate(self.lots.values(), points, self.moment)

    def find_hold(self, reason: Reason, reference: str) -> OpenHold:
        """The hold of that cause.

        :raises NoSuchHold: there is none.
        """
        hold = self.holds.get((reason.code, reference))
        if hold is None:
            raise NoSuchHold(f"no hold {reason.code} {reference}")
        return hold

    def close_hold(self, hold: OpenHold, state: HoldState) -> None:
        """Give back to its lots what a hold set aside."""
        for lot, points in hold.parts:
            lot.change(held=-points)
        self.held -= hold.points
        self.available += hold.points
        hold.state, hold.closed_at, hold.changed = state, self.moment, True

    def balance(self) -> int:
        """The sum of the entries."""
        return self.available + self.held - self.debt

    def spendable(self) -> int:
        """What can be spent now: free points in open lots, less what is owed."""
        if self.stale is None:
            return max(0, spendable_in(self.lots.values(), self.moment) - self.debt)
        born_expired = sum(lot.free for lot in self.lots.values() if not lot.is_open(self.moment))
        return max(0, self.available - self.stale - born_expired - self.debt)

    def past_of(self, entry: Entry | None) -> Past:
        """What happened since to an entry that is to be undone."""
        return self.past.setdefault(entry.id, Past()) if entry else Past()


def require_some(points: int) -> None:
    """Refuse to move nothing."""
    if points <= 0:
        raise BadMovement(f"cannot move {points} points")


def require_stored(entry: Entry | None) -> None:
    """Refuse to undo an entry of this very posting: its lots and draws have no numbers yet."""
    if entry is not None and entry.id == 0:
        raise BadMovement("an entry is undone in a later posting, not in its own")
