"""Check-in told the long way: one member's days walked one by one, payments kept in a list.

Shares nothing with `checkin` but the rule's words: no lengths of runs, no arithmetic of cycles.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from checkin.terms import Terms

DAY = timedelta(days=1)


@dataclass
class NaiveMember:
    """What a member has, by the plain reading of a rule whose rewards are all points."""

    terms: Terms
    days: set[date] = field(default_factory=set)
    streaks_paid: list[tuple[int, date]] = field(default_factory=list)  # milestone, day that paid
    totals_paid: set[tuple[str, int, str]] = field(default_factory=set)

    def add(self, day: date, *, earns_daily: bool = True) -> dict[str, int]:
        """Add a day; the points that it brings by cause."""
        self.days.add(day)
        run = self.run_of(day)
        position = self._position(run.index(day) + 1)
        daily = self.terms.daily[min(position, len(self.terms.daily)) - 1]
        return {
            "daily": sum(reward.amount for reward in daily) if earns_daily else 0,
            "streak": self._pay_streaks(day, run),
            "total": self._pay_totals(day),
        }

    def run_of(self, day: date) -> list[date]:
        """The days in a row around a day, not crossing the end of a week or month."""
        run = [day]
        while self._together(run[0] - DAY, run[0]):
            run.insert(0, run[0] - DAY)
        while self._together(run[-1], run[-1] + DAY):
            run.append(run[-1] + DAY)
        return run

    def streak_on(self, today: date) -> int:
        if today in self.days:
            return self.run_of(today).index(today) + 1
        yesterday = today - DAY
        if yesterday not in self.days or not self._same_cycle(yesterday, today):
            return 0
        return self.run_of(yesterday).index(yesterday) + 1

    def _together(self, one: date, other: date) -> bool:
        return one in self.days and other in self.days and self._same_cycle(one, other)

    def _same_cycle(self, one: date, other: date) -> bool:
        kind = self.terms.cycle.kind.value
        if kind == "weekly":
            return one.isocalendar()[:2] == other.isocalendar()[:2]
        if kind == "monthly":
            return one.isoformat()[:7] == other.isoformat()[:7]
        return True

    def _position(self, count: int) -> int:
        """Count to `count`, beginning anew after each full round."""
        position = 0
        for _ in range(count):
            position = 1 if position == self.terms.cycle.days else position + 1
        return position

    def _pay_streaks(self, day: date, run: list[date]) -> int:
        points = 0
        for milestone in self.terms.streaks:
            positions = [self._position(count) for count in range(1, len(run) + 1)]
            reached = positions.count(milestone.days)
            paid = sum(days == milestone.days and on in run for days, on in self.streaks_paid)
            for _ in range(reached - paid):
                self.streaks_paid.append((milestone.days, day))
                points += sum(reward.amount for reward in milestone.rewards)
        return points

    def _pay_totals(self, day: date) -> int:
        points = 0
        for milestone in self.terms.totals:
            period = day.isoformat()[:7] if milestone.period == "month" else ""
            count = sum(one.isoformat().startswith(period) for one in self.days)
            key = (milestone.period, milestone.days, period)
            if count >= milestone.days and key not in self.totals_paid:
                self.totals_paid.add(key)
                points += sum(reward.amount for reward in milestone.rewards)
        return points
