"""One clock, one calendar: moments are UTC, days are the shop's.

Every module asks here, so that a test sets the time once for all of them.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .settings import settings


class _Clock:
    """The system's clock, or one that stands where a test put it."""

    def __init__(self) -> None:
        self._standing_at: datetime | None = None

    def now(self) -> datetime:
        return self._standing_at or datetime.now(UTC)

    def set(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise TypeError(f"naive datetime {moment!r}: say which instant you mean")
        self._standing_at = moment.astimezone(UTC)

    def advance(self, step: timedelta) -> None:
        self.set(self.now() + step)

    def reset(self) -> None:
        self._standing_at = None


clock = _Clock()


def now() -> datetime:
    """This moment, aware, in UTC."""
    return clock.now()


def true_time() -> datetime:
    """What this machine's clock shows even where a test has set ours: for signatures, which others
    check by theirs.
    """
    return datetime.now(UTC)


def shop_zone() -> ZoneInfo:
    """The time zone whose midnights divide the shop's days."""
    return ZoneInfo(settings().shop_time_zone)


def to_day(moment: datetime) -> date:
    """The shop's calendar day of a moment."""
    return moment.astimezone(shop_zone()).date()


def today() -> date:
    """The shop's calendar day, now."""
    return to_day(now())


def starts_at(day: date) -> datetime:
    """The first moment of a day of the shop, in UTC."""
    return datetime.combine(day, time.min, shop_zone()).astimezone(UTC)


def in_shop_time(moment: datetime) -> datetime:
    """The same moment with the shop's offset, in whole seconds, as clients read it."""
    return moment.astimezone(shop_zone()).replace(microsecond=0)
