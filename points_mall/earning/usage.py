"""How much of the caps each member has used. Pure."""

from datetime import date

from .rules import Used


class Usage:
    """How many points each member was awarded, by day and by month of the shop."""

    def __init__(self) -> None:
        self._days: dict[tuple[int, date], int] = {}
        self._months: dict[tuple[int, date], int] = {}

    def add(self, member_id: int, day: date, points: int) -> None:
        """Count points that a purchase of that day was awarded."""
        for counts, since in ((self._days, day), (self._months, day.replace(day=1))):
            counts[member_id, since] = counts.get((member_id, since), 0) + points

    def before(self, member_id: int, day: date) -> Used:
        """What was counted so far."""
        month = day.replace(day=1)
        return Used(self._days.get((member_id, day), 0), self._months.get((member_id, month), 0))
