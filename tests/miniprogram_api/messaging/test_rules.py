from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.messaging.rules import fitted, quiet_hours, quiet_until
from tests.builders import SHANGHAI

NIGHT = (time(22), time(8))
NAP = (time(12), time(14))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("hours", "at", "until"),
    [
        (NIGHT, "2026-11-21 21:59:59", None),
        (NIGHT, "2026-11-21 22:00", "2026-11-22 08:00"),
        (NIGHT, "2026-11-22 00:00", "2026-11-22 08:00"),
        (NIGHT, "2026-11-22 07:59:59", "2026-11-22 08:00"),
        (NIGHT, "2026-11-22 08:00", None),
        (NIGHT, "2026-12-31 23:00", "2027-01-01 08:00"),
        (NAP, "2026-11-22 12:00", "2026-11-22 14:00"),
        (NAP, "2026-11-22 14:00", None),
        ((time(8), time(8)), "2026-11-22 08:00", None),
        (None, "2026-11-22 03:00", None),
    ],
)
def test_a_night_ends_in_the_morning(
    hours: tuple[time, time] | None, at: str, until: str | None
) -> None:
    assert quiet_until(local(at), hours) == (until and local(until))


@given(st.integers(0, 1440), st.times(), st.times())
def test_when_the_quiet_is_over_it_is_not_quiet(minutes: int, start: time, end: time) -> None:
    moment = local("2026-11-21") + timedelta(minutes=minutes)
    until = quiet_until(moment, (start, end))
    if until is not None:
        assert moment < until <= moment + timedelta(days=1)
        assert quiet_until(until, (start, end)) is None


@pytest.mark.parametrize("text", ["22-8", "22:00", "25:00-08:00", "22:00-08:60", "night"])
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - Python's own words for 25:00
        quiet_hours(text)


def test_an_empty_setting_means_no_quiet_hours() -> None:
    assert quiet_hours("") is None
    assert quiet_hours("22:00-08:00") == NIGHT


@pytest.mark.parametrize(
    ("keyword", "value", "text"),
    [
        ("thing1", "积分即将过期", "积分即将过期"),
        (
            "thing12",
            "一二三四五六七八九十一二三四五六七八九十一",
            "一二三四五六七八九十一二三四五六七八九…",
        ),
        ("phrase3", "已经到账成功", "已经到账成"),
        ("number1", 120, "120"),
        ("thing1", "two\nlines", "two lines"),
        ("time4", "2026年11月21日 10:00", "2026年11月21日 10:00"),
    ],
)
def test_a_value_is_cut_to_what_the_field_takes(keyword: str, value: object, text: str) -> None:
    assert fitted(keyword, value) == text
