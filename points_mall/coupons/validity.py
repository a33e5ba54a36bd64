"""When a coupon can be used: a span of the shop's days, and hours within them. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

MOST_DAYS = 3650
MINUTES_OF_DAY = 24 * 60


class Span(StrEnum):
    """How the span of a coupon is fixed."""

    DATES = "dates"
    DAYS = "days"
    SAME_DAY = "same_day"


@dataclass(frozen=True)
class Hours:
    """Minutes of the day, the last one excluded; where the end is before the start, over midnight."""

    start: int
    end: int

    def include(self, minute: int) -> bool:
        """Whether a minute of the day lies within."""
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end)}"


@dataclass(frozen=True)
class Validity:
    """The life of a coupon, in days of the shop.

    :param first_on: for `dates`: the first and the last day, both whole.
    :param days: for `days`: so many whole days after the day of issue.
    :param blackout: days on which it is not taken.
    :param weekdays: 1 (Monday) to 7 on which it is taken; empty: every day.
    :param hours: when it is taken; empty: at any hour.
    """

    span: Span
    first_on: date | None = None
    last_on: date | None = None
    days: int | None = None
    blackout: tuple[date, ...] = ()
    weekdays: tuple[int, ...] = ()
    hours: tuple[Hours, ...] = ()

    def window(self, issued_at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From when to when a coupon issued at that moment lives; it ends at the shop's midnight."""
        issued_on = issued_at.astimezone(zone).date()
        if self.span is Span.DATES and self.first_on and self.last_on:
            return _midnight(self.first_on, zone), _midnight_after(self.last_on, zone)
        last_on = issued_on + timedelta(days=self.days or 0)
        return issued_at, _midnight_after(last_on, zone)

    def is_over(self, today: date) -> bool:
        """Whether a coupon issued today could not be used any more."""
        return self.last_on is not None and today > self.last_on

    def objections(self) -> Iterator[str]:
        """What does not fit together."""
        by_dates = self.span is Span.DATES
        if by_dates and (self.first_on is None or self.last_on is None):
            yield "validity by dates needs first_on and last_on"
        elif by_dates and self.first_on and self.last_on and self.first_on > self.last_on:
            yield "validity ends before it begins"
        if not by_dates and (self.first_on or self.last_on):
            yield "first_on and last_on belong to validity by dates"
        if self.span is Span.DAYS and not 1 <= (self.days or 0) <= MOST_DAYS:
            yield f"validity by days: 1 to {MOST_DAYS}"
        if self.span is not Span.DAYS and self.days is not None:
            yield "days belong to validity by days"
        yield from self._objections_to_hours()

    def _objections_to_hours(self) -> Iterator[str]:
        if not set(self.weekdays) <= set(range(1, 8)):
            yield "weekdays are 1 (Monday) to 7"
        if len(set(self.weekdays)) < len(self.weekdays):
            yield "a weekday is named twice"
        if any(not 0 <= one.start < MINUTES_OF_DAY for one in self.hours):
            yield "hours begin within the day"
        if any(not 0 < one.end <= MINUTES_OF_DAY or one.end == one.start for one in self.hours):
            yield "hours end within the day, and not where they begin"


def hours_from(text: str) -> Hours:
    """`11:00-14:00` as hours; `24:00` is the end of the day.

    :raises ValueError: it is not of that form.
    """
    start, _, end = text.partition("-")
    return Hours(_minute(start), _minute(end))


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    if len(hour) != 2 or len(minute) != 2 or not (hour + minute).isdecimal() or int(minute) > 59:
        raise ValueError(f"{text!r} is no time of the day: HH:MM")
    return int(hour) * 60 + int(minute)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)


def _midnight_after(day: date, zone: ZoneInfo) -> datetime:
    return _midnight(day + timedelta(days=1), zone)
