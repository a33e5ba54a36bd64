"""Where a member stands: told anew from everything that happened, so no order of arrival matters.

Pure. Growth, moves by hand and versions of the ladder are walked through in the order in which they
happened, whenever they became known. A refund takes its purchase's growth away at its very place, so
a tier that rested on it was never reached, and one that did not is untouched.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import accumulate
from operator import attrgetter

from .shop_calendar import ShopCalendar
from .terms import Basis, Ladder

_COUNTED: dict[Basis, Callable[["Grown"], int]] = {
    Basis.AMOUNT: attrgetter("amount"),
    Basis.PURCHASES: attrgetter("purchases"),
    Basis.POINTS: attrgetter("points"),
}


class Why(StrEnum):
    """Why a standing changed."""

    PURCHASE = "purchase"
    REFUND = "refund"
    KEPT = "kept"
    GRACE = "grace"
    REQUALIFIED = "requalified"
    LADDER = "ladder"
    MANUAL = "manual"


@dataclass(frozen=True)
class Grown:
    """What a member's growth gained at one moment, refunds taken off."""

    occurred_at: datetime
    amount: int
    purchases: int
    points: int


@dataclass(frozen=True)
class Moved:
    """A move by hand."""

    moved_at: datetime
    rank: int


@dataclass(frozen=True)
class Standing:
    """Where a member stands.

    :param keep_until: until when the tier is held whatever happens; None: on the lowest step.
    :param grace_until: while something is missing to keep it, until when it can be made up.
    """

    rank: int
    since: datetime
    keep_until: datetime | None = None
    grace_until: datetime | None = None

    @property
    def due_at(self) -> datetime | None:
        """When it is judged next, without anything happening."""
        return self.grace_until or self.keep_until


@dataclass(frozen=True)
class Reached:
    """Growth lifted a member to a rank, under a version of the ladder."""

    rank: int
    version: int
    at: datetime


@dataclass(frozen=True)
class Outcome:
    """What the walk comes to.

    :param reached: each rank that growth lifted to, at the first time, the lowest first.
    :param why: why the standing is what it is; None: nothing has ever changed it.
    :param growth: what the window holds at the end, in the ladder's basis.
    """

    standing: Standing
    reached: tuple[Reached, ...]
    why: Why | None
    growth: int


def outcome_of(
    joined_at: datetime,
    grown: Sequence[Grown],
    moved: Sequence[Moved],
    ladders: Sequence[Ladder],
    calendar: ShopCalendar,
    until: datetime,
) -> Outcome:
    """Where a member stands at a moment; a till whose clock is ahead of ours is believed at once.

    :param grown: one for each moment, in order of time.
    :param moved: in order of time.
    """
    walk = _Walk(joined_at, grown, ladders[0], calendar)
    growths = [(one.occurred_at, 1, one) for one in grown]
    switches = [(one.starts_at, 0, one) for one in ladders[1:] if one.starts_at <= until]
    moves = [(one.moved_at, 2, one) for one in moved]
    for moment, _order, event in sorted([*growths, *switches, *moves], key=lambda one: one[:2]):
        walk.pass_to(min(moment, until))
        if isinstance(event, Grown):
            walk.grow(moment)
        elif isinstance(event, Ladder):
            walk.switch(event)
        elif isinstance(event, Moved):
            walk.move(event)
    walk.pass_to(until)
    return walk.outcome(until)


class _Walk:
    """A member's way through time."""

    def __init__(
        self,
        joined_at: datetime,
        grown: Sequence[Grown],
        ladder: Ladder,
        calendar: ShopCalendar,
    ) -> None:
        self._moments = [one.occurred_at for one in grown]
        self._sums = _Sums(grown)
        self._ladder = ladder
        self._calendar = calendar
        self._standing = Standing(0, joined_at)
        self._reached: dict[int, Reached] = {}
        self._why: Why | None = None
        self._counts_after: datetime | None = None

    def outcome(self, until: datetime) -> Outcome:
        reached = tuple(self._reached[rank] for rank in sorted(self._reached))
        return Outcome(self._standing, reached, self._why, self._growth(until))

    def pass_to(self, moment: datetime) -> None:
        """Judge whatever is due until then."""
        while (due_at := self._standing.due_at) is not None and due_at <= moment:
            self._judge(due_at)

    def grow(self, moment: datetime) -> None:
        self._rise(moment, Why.PURCHASE)
        if self._standing.grace_until is not None and self._is_kept(moment):
            self._keep(self._calendar.held_until(moment, self._ladder.terms.keep_months))

    def switch(self, ladder: Ladder) -> None:
        self._ladder = ladder
        self._rise(ladder.starts_at, Why.LADDER)

    def move(self, moved: Moved) -> None:
        if moved.rank < self._standing.rank:
            # Otherwise the next purchase would lift the member right back.
            self._counts_after = moved.moved_at
        self._stand(moved.rank, moved.moved_at, Why.MANUAL)

    def _judge(self, due_at: datetime) -> None:
        terms, standing = self._ladder.terms, self._standing
        if self._is_kept(due_at):
            self._keep(self._calendar.months_on(due_at, terms.keep_months))
        elif standing.grace_until is None and terms.grace_days:
            until = self._calendar.days_on(due_at, terms.grace_days)
            self._standing, self._why = replace(standing, grace_until=until), Why.GRACE
        else:
            lower = terms.rank_below(standing.rank, self._growth(due_at))
            self._stand(lower, due_at, Why.REQUALIFIED)

    def _is_kept(self, moment: datetime) -> bool:
        return self._ladder.terms.is_kept(self._standing.rank, self._growth(moment))

    def _keep(self, until: datetime) -> None:
        self._standing = replace(self._standing, keep_until=until, grace_until=None)
        self._why = Why.KEPT

    def _rise(self, moment: datetime, why: Why) -> None:
        standing, terms = self._standing, self._ladder.terms
        if terms.rank_entered(self._sums.most(terms.basis)) <= standing.rank:
            return  # whatever the window holds
        rank = terms.rank_entered(self._growth(moment))
        if rank <= standing.rank:
            return
        for passed in range(standing.rank + 1, rank + 1):
            self._reached.setdefault(passed, Reached(passed, self._ladder.version, moment))
        self._stand(rank, moment, why)

    def _stand(self, rank: int, moment: datetime, why: Why) -> None:
        since = moment if rank != self._standing.rank else self._standing.since
        months = self._ladder.terms.keep_months
        keep_until = self._calendar.held_until(moment, months) if rank else None
        self._standing, self._why = Standing(rank, since, keep_until), why

    def _growth(self, moment: datetime) -> int:
        """What counts at a moment: the window up to it, after the last move down by hand."""
        start = self._calendar.window_start(moment, self._ladder.terms.window_months)
        first = bisect_left(self._moments, start)
        if self._counts_after is not None:
            first = max(first, bisect_right(self._moments, self._counts_after))
        return self._sums.between(
            self._ladder.terms.basis, first, bisect_right(self._moments, moment)
        )


class _Sums:
    """Growth added up from the beginning, by what it is counted in."""

    def __init__(self, grown: Sequence[Grown]) -> None:
        self._grown = grown
        self._known: dict[Basis, list[int]] = {}
        self._most: dict[Basis, int] = {}

    def most(self, basis: Basis) -> int:
        """More than any window ever holds, for a quick look."""
        self._read(basis)
        return self._most[basis]

    def between(self, basis: Basis, first: int, end: int) -> int:
        sums = self._read(basis)
        return sums[end] - sums[first] if first < end else 0

    def _read(self, basis: Basis) -> list[int]:
        if basis not in self._known:
            steps = [_COUNTED[basis](one) for one in self._grown]
            self._known[basis] = list(accumulate(steps, initial=0))
            self._most[basis] = sum(step for step in steps if step > 0)
        return self._known[basis]
