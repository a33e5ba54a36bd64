"""Days in a row: how long, which day of the cycle, which milestones. Pure: no database, no clock.

A day joins the run of days before it and the run of days after it. Everything here follows from the
length of these two, so that a check-in (nothing after it) and a make-up are one case. In a weekly or
monthly cycle a streak ends with the week (Monday to Sunday) or month.
"""

from calendar import monthrange
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

DAY = timedelta(days=1)


class CycleKind(StrEnum):
    """What a cycle of daily rewards follows."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    ROLLING = "rolling"
    ENDLESS = "endless"


@dataclass(frozen=True)
class Run:
    """The days in a row around a day: how many end right before it, how many begin right after."""

    day: date
    before: int
    after: int = 0

    @property
    def first(self) -> date:
        """The first day of the run."""
        return self.day - self.before * DAY

    @property
    def length(self) -> int:
        """The days of the run, `day` among them."""
        return self.before + 1 + self.after

    def __contains__(self, day: date) -> bool:
        return self.first <= day < self.first + self.length * DAY


@dataclass(frozen=True)
class Cycle:
    """After how many days the daily rewards begin anew; `days` belongs to a rolling cycle."""

    kind: CycleKind
    days: int | None = None

    @property
    def longest(self) -> int | None:
        """The most days that a cycle has; None: it does not end."""
        fixed = {CycleKind.WEEKLY: 7, CycleKind.MONTHLY: 31}
        return fixed.get(self.kind, self.days)

    def cut(self, run: Run) -> Run:
        """The part of a run that lies in the week or month of its day."""
        if self.kind == CycleKind.WEEKLY:
            position, last = run.day.weekday(), 6
        elif self.kind == CycleKind.MONTHLY:
            position, last = run.day.day - 1, monthrange(run.day.year, run.day.month)[1] - 1
        else:
            return run
        return Run(run.day, min(run.before, position), min(run.after, last - position))

    def day_of(self, streak_days: int) -> int:
        """Which day of the cycle a streak has reached, from 1."""
        if self.kind == CycleKind.ROLLING and self.days:
            return (streak_days - 1) % self.days + 1
        return streak_days

    def times(self, milestone_days: int, streak_days: int) -> int:
        """How often a streak has reached a milestone: once, or once in each round if rolling."""
        if streak_days < milestone_days:
            return 0
        if self.kind == CycleKind.ROLLING and self.days:
            return (streak_days - milestone_days) // self.days + 1
        return 1


def newly_reached(
    cycle: Cycle, milestone_days: int, run: Run, paid: AbstractSet[date]
) -> Collection[date]:
    """The occasions of a streak milestone that `run.day` brings, each named by a day of the run.

    What the two runs that it joins had reached for themselves, or what was paid on any day of them,
    is not reached anew; so no make-up pays a milestone twice, and a new rule pays nothing for what
    lies before it.

    :param run: already cut to the cycle.
    :param paid: the days that name the occasions paid before.
    """
    times = cycle.times(milestone_days, run.length)
    known = cycle.times(milestone_days, run.before) + cycle.times(milestone_days, run.after)
    own = {day for day in paid if day in run}
    due = times - max(known, len(own))
    if due <= 0:
        return ()
    step = (cycle.days or 0) if times > 1 else 0
    natural = [run.first + (milestone_days - 1 + step * turn) * DAY for turn in range(times)]
    return [day for day in natural if day not in own][-due:]


def run_around(days: AbstractSet[date], day: date) -> Run:
    """The run that `day` is, or would be, part of."""
    before = after = 0
    while day - (before + 1) * DAY in days:
        before += 1
    while day + (after + 1) * DAY in days:
        after += 1
    return Run(day, before, after)


def current_streak(cycle: Cycle, today: date, before: int, *, checked_in: bool) -> int:
    """The streak as the member sees it: up to today, or to yesterday while today is open.

    :param before: the days in a row that end yesterday.
    """
    return cycle.cut(Run(today, before)).before + int(checked_in)
