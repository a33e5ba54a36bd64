"""When drops open, by the shop's calendar and clock."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from points_mall.coupon_drops.schedule import Schedule, schedule_from_json
from tests.builders import SHANGHAI, shanghai

TEN_AND_EIGHT = Schedule(times=(time(20), time(10)))


def openings(schedule: Schedule, after: str, count: int, zone: ZoneInfo = SHANGHAI) -> list[str]:
    moments = islice(schedule.openings(shanghai(after), zone), count)
    return [moment.astimezone(zone).strftime("%m-%d %H:%M") for moment in moments]


def test_daily_hours_follow_each_other_in_order() -> None:
    assert openings(TEN_AND_EIGHT, "2026-11-21 09:59", 3) == [
        "11-21 10:00",
        "11-21 20:00",
        "11-22 10:00",
    ]


def test_the_moment_of_an_opening_is_not_after_itself() -> None:
    assert openings(TEN_AND_EIGHT, "2026-11-21 10:00", 1) == ["11-21 20:00"]


def test_every_five_minutes_begins_at_midnight() -> None:
    schedule = Schedule(every_minutes=5)
    assert openings(schedule, "2026-11-21 23:52", 3) == [
        "11-21 23:55",
        "11-22 00:00",
        "11-22 00:05",
    ]


def test_an_interval_of_a_whole_day_is_midnight() -> None:
    assert openings(Schedule(every_minutes=1440), "2026-11-21 23:52", 2) == [
        "11-22 00:00",
        "11-23 00:00",
    ]


def test_only_on_some_weekdays_between_two_days() -> None:
    wednesdays = Schedule(
        times=(time(10),), weekdays=(3,), first_on=date(2026, 12, 1), last_on=date(2026, 12, 10)
    )
    assert openings(wednesdays, "2026-11-21 09:00", 9) == ["12-02 10:00", "12-09 10:00"]


def test_once_is_once() -> None:
    once = Schedule(opens_at=shanghai("2026-11-21 10:00"))
    assert openings(once, "2026-11-21 09:00", 9) == ["11-21 10:00"]
    assert openings(once, "2026-11-21 10:00", 9) == []


def test_a_shop_whose_clock_jumps_opens_at_each_moment_once() -> None:
    new_york = ZoneInfo("America/New_York")
    spring = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)  # 01:30; 02:00 to 03:00 is left out
    half_hours = list(islice(Schedule(every_minutes=30).openings(spring, new_york), 48))
    assert len(set(half_hours)) == 48
    assert half_hours == sorted(half_hours)
    assert half_hours[0] == spring + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("schedule", "lasts", "objection"),
    [
        (Schedule(), 10, "give one of times, every_minutes and opens_at"),
        (
            Schedule(times=(time(10),), every_minutes=5),
            5,
            "give one of times, every_minutes and opens_at",
        ),
        (Schedule(every_minutes=7), 5, "every_minutes divides a day: 1 to 1440"),
        (Schedule(every_minutes=5), 6, "lasts_minutes: 1 to 5, so that no two drops overlap"),
        (TEN_AND_EIGHT, 601, "lasts_minutes: 1 to 600, so that no two drops overlap"),
        (
            Schedule(times=(time(10),)),
            1441,
            "lasts_minutes: 1 to 1440, so that no two drops overlap",
        ),
        (
            Schedule(times=(time(10), time(10))),
            0,
            "lasts_minutes: 1 to 0, so that no two drops overlap",
        ),
        (
            Schedule(times=(time(10),), weekdays=(0, 8)),
            5,
            "weekdays are 1 (Monday) to 7, each once",
        ),
        (
            Schedule(opens_at=shanghai("2026-11-21 10:00"), weekdays=(1,)),
            5,
            "what opens once has neither weekdays nor first_on and last_on",
        ),
        (
            Schedule(times=(time(10),), first_on=date(2026, 11, 2), last_on=date(2026, 11, 1)),
            5,
            "it ends before it begins",
        ),
    ],
)
def test_what_cannot_be_held_says_why(schedule: Schedule, lasts: int, objection: str) -> None:
    assert next(schedule.objections(lasts)) == objection


@pytest.mark.parametrize(
    "schedule",
    [
        TEN_AND_EIGHT,
        Schedule(every_minutes=5, weekdays=(1, 7), first_on=date(2026, 11, 21)),
        Schedule(opens_at=shanghai("2026-11-21 10:00")),
    ],
)
def test_a_schedule_is_read_as_it_was_written(schedule: Schedule) -> None:
    read = schedule_from_json(schedule.as_json())
    assert read.as_json() == schedule.as_json()
    after = shanghai("2026-11-21 09:00")
    assert list(islice(read.openings(after, SHANGHAI), 5)) == list(
        islice(schedule.openings(after, SHANGHAI), 5)
    )
