"""What a draft would have changed: past purchases judged again, one after the other.

Memory does not grow with the history. Whoever knows of refunds joins with `history_from`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from heapq import heappush, heappushpop
from itertools import groupby

from miniprogram_api.core.clock import to_day
from miniprogram_api.core.shares import share_so_far

from .facts import Earned, Past
from .history import past_awards
from .rules import judge
from .terms import Terms
from .usage import Usage

TOP = 10

History = Callable[[date, date], Iterable[Past]]
"""The past of some days, first and last, with each member's purchases together, lowest id first."""

_histories: list[History] = [past_awards]


def history_from(history: History) -> None:
    """Take the past from here; the last that joined is asked."""
    _histories[:] = [history]


def history(first: date, last: date) -> Iterable[Past]:
    """What was bought on those days of the shop, and what it earned."""
    return _histories[0](first, last)


@dataclass(frozen=True)
class Change:
    """What a member earned, and would have earned."""

    member_id: int
    before: int
    after: int

    @property
    def gain(self) -> int:
        """Below zero: a loss."""
        return self.after - self.before


@dataclass(frozen=True)
class WhatIf:
    """What a draft costs against what was earned, with refunds taken off on both sides.

    :param gaining: how many members would have more points; `gainers` are those with the most more.
    """

    purchases: int
    members: int
    points_before: int
    points_after: int
    cashback_before_fen: int
    cashback_after_fen: int
    gaining: int
    losing: int
    gainers: tuple[Change, ...]
    losers: tuple[Change, ...]

    @property
    def cost_points(self) -> int:
        """What the draft gives beyond what was given."""
        return self.points_after - self.points_before


def replay(history: Iterable[Past], draft: Terms, *, top: int = TOP) -> WhatIf:
    """Judge the past by a draft: its cost in points, who gains, who loses, and the `top` of each.

    Caps of a month that had begun before the history count what was awarded in it until then.

    :raises ValueError: the members are not in ascending order.
    """
    tally = _Tally(top)
    latest = 0
    for member_id, pasts in groupby(history, key=lambda past: past.occasion.member_id):
        if member_id <= latest:
            raise ValueError(f"member {member_id} comes after {latest}")
        latest = member_id
        tally.take(member_id, _judged_again(pasts, draft))
    return tally.what_if()


@dataclass
class _Given:
    """Points and cashback that were given, less what was refunded."""

    points: int = 0
    cashback_fen: int = 0

    def add(self, points: int, cashback_fen: int, past: Past) -> None:
        """Count what a purchase was given, as far as it was kept."""
        self.points += _kept(points, past)
        self.cashback_fen += _kept(cashback_fen, past)


def _judged_again(pasts: Iterable[Past], draft: Terms) -> Iterator[tuple[Past, Earned]]:
    """A member's purchases under the draft, in their order; refunds give no room back."""
    usage = Usage()
    for past in pasts:
        occasion = past.occasion
        day = to_day(occasion.occurred_at)
        used = usage.before(occasion.member_id, day)
        used = replace(used, month=used.month + past.awarded_before)
        earned = judge(draft, None, occasion, day, used)
        usage.add(occasion.member_id, day, earned.points)
        yield past, earned


def _kept(given: int, past: Past) -> int:
    return given - share_so_far(given, past.refunded, past.paid) if past.paid else given


class _Tally:
    """The sums so far, and the members who gain and lose most."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._purchases = self._members = self._gaining = self._losing = 0
        self._before, self._after = _Given(), _Given()
        self._gainers: list[tuple[int, int, Change]] = []
        self._losers: list[tuple[int, int, Change]] = []

    def take(self, member_id: int, judged: Iterable[tuple[Past, Earned]]) -> None:
        """Add a member's purchases."""
        before, after = self._before.points, self._after.points
        for past, earned in judged:
            self._purchases += 1
            self._before.add(past.points, past.cashback_fen, past)
            self._after.add(earned.points, earned.cashback_fen, past)
        self._members += 1
        change = Change(member_id, self._before.points - before, self._after.points - after)
        if change.gain > 0:
            self._gaining += 1
            self._keep(self._gainers, change.gain, change)
        if change.gain < 0:
            self._losing += 1
            self._keep(self._losers, -change.gain, change)

    def what_if(self) -> WhatIf:
        """The answer."""
        return WhatIf(
            purchases=self._purchases,
            members=self._members,
            points_before=self._before.points,
            points_after=self._after.points,
            cashback_before_fen=self._before.cashback_fen,
            cashback_after_fen=self._after.cashback_fen,
            gaining=self._gaining,
            losing=self._losing,
            gainers=_most_first(self._gainers),
            losers=_most_first(self._losers),
        )

    def _keep(self, heap: list[tuple[int, int, Change]], size: int, change: Change) -> None:
        item = (size, -change.member_id, change)
        if len(heap) < self._top:
            heappush(heap, item)
        elif heap:
            heappushpop(heap, item)


def _most_first(heap: list[tuple[int, int, Change]]) -> tuple[Change, ...]:
    return tuple(change for _, _, change in sorted(heap, reverse=True))
