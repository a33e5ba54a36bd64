"""When the drops of a plan open, by the shop's calendar and clock. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
MOST_TIMES = 96
LONGEST_MINUTES = 7 * DAY_MINUTES
_LOOK_AHEAD = timedelta(days=400)


@dataclass(frozen=True)
class Schedule:
    """Exactly one of: `times` of each day, `every_minutes` from each midnight on, `opens_at` once.

    :param weekdays: 1 (Monday) to 7 on which `times` and `every_minutes` hold; empty: every day.
    :param first_on: the first and the last such day; None: at once, and without end.
    """

    times: tuple[time, ...] = ()
    every_minutes: int | None = None
    opens_at: datetime | None = None
    weekdays: tuple[int, ...] = ()
    first_on: date | None = None
    last_on: date | None = None

    def openings(self, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """The moments later than `after` at which it opens, in order, in UTC."""
        if self.opens_at is not None:
            if self.opens_at > after:
                yield self.opens_at.astimezone(UTC)
            return
        today = after.astimezone(zone).date()
        day = max(today, self.first_on or today)
        end = min(self.last_on or date.max, day + _LOOK_AHEAD)
        while day <= end:
            if not self.weekdays or day.isoweekday() in self.weekdays:
                moments = {datetime.combine(day, at, zone).astimezone(UTC) for at in self._hours()}
                yield from sorted(moment for moment in moments if moment > after)
            day += timedelta(days=1)

    def objections(self, lasts_minutes: int) -> Iterator[str]:
        """Why drops that last so long cannot be held like that."""
        kinds = (bool(self.times), self.every_minutes is not None, self.opens_at is not None)
        if sum(kinds) != 1:
            yield "give one of times, every_minutes and opens_at"
            return
        every = self.every_minutes
        if every is not None and not (1 <= every <= DAY_MINUTES and DAY_MINUTES % every == 0):
            yield f"every_minutes divides a day: 1 to {DAY_MINUTES}"
        elif not 1 <= lasts_minutes <= self._longest():
            yield f"lasts_minutes: 1 to {self._longest()}, so that no two drops overlap"
        if len(self.times) > MOST_TIMES or len(set(self.times)) < len(self.times):
            yield f"times: at most {MOST_TIMES}, each once"
        yield from self._objections_to_days()

    def openings_a_day(self) -> int:
        """How often it opens on a day, at most."""
        return len(self._hours()) or 1

    def as_json(self) -> dict[str, Any]:
        """Plain JSON; what is not said is left out."""
        told = {
            "times": [at.strftime("%H:%M") for at in sorted(self.times)],
            "every_minutes": self.every_minutes,
            "opens_at": self.opens_at and self.opens_at.astimezone(UTC).isoformat(),
            "weekdays": sorted(self.weekdays),
            "first_on": self.first_on and self.first_on.isoformat(),
            "last_on": self.last_on and self.last_on.isoformat(),
        }
        return {name: value for name, value in told.items() if value}

    def _hours(self) -> list[time]:
        if self.every_minutes is None:
            return list(self.times)
        minutes = range(0, DAY_MINUTES, self.every_minutes)
        return [time(minute // 60, minute % 60) for minute in minutes]

    def _longest(self) -> int:
        """How many minutes a drop can last before the next one opens."""
        if self.opens_at is not None:
            return LONGEST_MINUTES
        minutes = sorted(at.hour * 60 + at.minute for at in self._hours())
        return min(
            later - earlier for earlier, later in pairwise([*minutes, minutes[0] + DAY_MINUTES])
        )

    def _objections_to_days(self) -> Iterator[str]:
        if not set(self.weekdays) <= set(range(1, 8)) or len(set(self.weekdays)) < len(
            self.weekdays
        ):
            yield "weekdays are 1 (Monday) to 7, each once"
        if self.opens_at is not None and (self.weekdays or self.first_on or self.last_on):
            yield "what opens once has neither weekdays nor first_on and last_on"
        if self.first_on and self.last_on and self.first_on > self.last_on:
            yield "it ends before it begins"


def schedule_from_json(told: Mapping[str, Any]) -> Schedule:
    """The schedule that plain JSON tells."""
    opens_at, first_on, last_on = (told.get(name) for name in ("opens_at", "first_on", "last_on"))
    return Schedule(
        times=tuple(time.fromisoformat(at) for at in told.get("times", ())),
        every_minutes=told.get("every_minutes"),
        opens_at=datetime.fromisoformat(opens_at) if opens_at else None,
        weekdays=tuple(told.get("weekdays", ())),
        first_on=date.fromisoformat(first_on) if first_on else None,
        last_on=date.fromisoformat(last_on) if last_on else None,
    )
