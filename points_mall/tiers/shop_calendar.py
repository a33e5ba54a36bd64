"""The shop's months and days, as far as ladders count in them. Pure."""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass(frozen=True)
class ShopCalendar:
    """Counts in months and days whose midnights are the shop's."""

    zone: ZoneInfo

    def window_start(self, moment: datetime, months: int) -> datetime:
        """From when on growth counts: the midnight that begins the same day so many months ago."""
        return _midnight(_months_from(self._day(moment), -months), self.zone)

    def held_until(self, moment: datetime, months: int) -> datetime:
        """Until when a tier is held that was reached now: the same day months later is still whole."""
        return _midnight(_months_from(self._day(moment), months) + DAY, self.zone)

    def months_on(self, midnight: datetime, months: int) -> datetime:
        """The midnight so many months after another."""
        return _midnight(_months_from(self._day(midnight), months), self.zone)

    def days_on(self, midnight: datetime, days: int) -> datetime:
        """The midnight so many days after another."""
        return _midnight(self._day(midnight) + days * DAY, self.zone)

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


@lru_cache(maxsize=4096)
def _months_from(day: date, months: int) -> date:
    """The same day of another month; a month that lacks it has its last one."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


@lru_cache(maxsize=4096)
def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
