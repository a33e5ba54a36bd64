"""When a message may be sent, and how a value fits into a field of WeChat's templates."""

import re
from datetime import datetime, time, timedelta

QuietHours = tuple[time, time]

_HOURS = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")
_LONGEST = {"thing": 20, "character_string": 32, "phrase": 5, "name": 10, "letter": 32, "symbol": 5}
_FREE_TEXT = "thing"  # the others take no sign that something was cut


def quiet_hours(text: str) -> QuietHours | None:
    """The hours of a setting such as `22:00-08:00`; None for an empty one.

    :raises ValueError: it is no such text.
    """
    if not text:
        return None
    match = _HOURS.fullmatch(text)
    if match is None:
        raise ValueError("quiet hours look like 22:00-08:00")
    return time.fromisoformat(match[1]), time.fromisoformat(match[2])


def quiet_until(local: datetime, hours: QuietHours | None) -> datetime | None:
    """When the quiet hours around a moment of the shop's clock end; None: it is not quiet."""
    if hours is None:
        return None
    start, end = hours
    clock, over_midnight = local.time(), start > end
    is_quiet = (clock >= start or clock < end) if over_midnight else start <= clock < end
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=1 if over_midnight and clock >= start else 0)
    return datetime.combine(day, end, local.tzinfo)


def fitted(keyword: str, value: object) -> str:
    """A value as a field takes it: WeChat refuses the whole message for one that is too long.

    :param keyword: the field's name in the template, its kind and a number: `thing1`.
    """
    text = " ".join(str(value).split())
    kind = keyword.rstrip("0123456789")
    longest = _LONGEST.get(kind)
    if longest is None or len(text) <= longest:
        return text
    return text[: longest - 1] + "…" if kind == _FREE_TEXT else text[:longest]
