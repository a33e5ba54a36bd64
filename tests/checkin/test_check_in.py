"""A member checks in: what the day brings, once, and on which day."""

import os
import time
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask

from checkin import rule_book, services
from checkin.errors import AlreadyCheckedIn, RuleNotAllowed
from checkin.models import CheckIn
from checkin.recording import CheckedIn
from checkin.streaks import DAY
from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.errors import AccountClosed
from miniprogram_api.members.models import Member
from points_mall.grants.errors import RewardNotAllowed
from points_mall.grants.rewards import Reward
from points_mall.ledger.models import LedgerEntry, PointsLot
from tests.builders import shanghai
from tests.together import all_at_once

from .conftest import (
    at,
    balance,
    days_of,
    enrol,
    entries_of,
    in_force,
    paid_to,
    terms,
    was_there,
)

MORNING = shanghai("2026-11-21 09:00")
TODAY = date(2026, 11, 21)


@pytest.fixture
def member(app: Flask) -> int:
    at(MORNING)
    return enrol()[0]


def test_a_newcomer_gets_the_first_day_and_a_card(member: int) -> None:
    answer = services.check_in(member)
    assert answer == CheckedIn(
        day=TODAY,
        streak_days=1,
        day_of_cycle=1,
        rewards=(
            {"kind": "points", "cause": "daily", "points": 5},
            {"kind": "make_up_card", "cause": "ever", "amount": 1},
        ),
        points_awarded=5,
        points_available=5,
    )
    assert entries_of(member) == [("checkin_daily", 5)]


def test_a_second_time_on_one_day_is_refused_and_moves_nothing(member: int) -> None:
    services.check_in(member)
    with pytest.raises(AlreadyCheckedIn) as refusal:
        services.check_in(member)
    assert refusal.value.numbers == {"date": TODAY}
    assert (days_of(member), balance(member)) == ([TODAY], 5)


def test_a_week_in_a_row_brings_its_days_and_milestones_and_begins_anew(member: int) -> None:
    in_force(terms(daily=(5, 5, 10, 10, 15, 15, 30), streaks={3: 10, 7: 50}))
    answers = []
    for _ in range(10):
        answers.append(services.check_in(member))
        clock.advance(DAY)
    assert [one.points_awarded for one in answers] == [5, 5, 20, 10, 15, 15, 80, 5, 5, 20]
    assert [one.streak_days for one in answers] == list(range(1, 11))
    assert [one.day_of_cycle for one in answers] == [1, 2, 3, 4, 5, 6, 7, 1, 2, 3]
    assert balance(member) == answers[-1].points_available == 180


def test_a_missed_day_ends_the_streak(member: int) -> None:
    in_force(terms(daily=(1, 2, 3)))
    was_there(member, TODAY - 3 * DAY, TODAY - 2 * DAY)
    assert services.check_in(member).streak_days == 1


def test_milestones_of_a_month_and_of_all_time_count_today(member: int) -> None:
    in_force(terms(totals={("month", 2): 20, ("ever", 3): 300}))
    was_there(member, TODAY.replace(day=3), date(2026, 10, 31))
    assert services.check_in(member).points_awarded == 321
    assert paid_to(member) == [("month", 2, date(2026, 11, 1)), ("ever", 3, date.min)]
    clock.advance(DAY)
    assert services.check_in(member).points_awarded == 1


def test_each_reward_is_an_entry_that_explains_itself(member: int) -> None:
    in_force(terms(streaks={1: 10}))
    services.check_in(member)
    rows = db.session.scalars(sa.select(LedgerEntry).order_by(LedgerEntry.seq)).all()
    common = {
        "rule": "checkin",
        "version": 2,
        "day": "2026-11-21",
        "made_up": False,
        "streak_days": 1,
        "day_of_cycle": 1,
    }
    assert [(row.reason, row.counterparty, row.reference) for row in rows] == [
        ("checkin_daily", "checkin", "checkin:2026-11-21"),
        ("checkin_streak", "checkin", "checkin:streak:1:2026-11-21"),
    ]
    assert [row.explanation for row in rows] == [
        {**common, "parts": [{"cause": "daily", "kind": "points", "amount": 1}]},
        {
            **common,
            "parts": [{"cause": "streak", "milestone_days": 1, "kind": "points", "amount": 10}],
        },
    ]


def test_points_live_to_the_end_of_their_last_day(member: int) -> None:
    services.check_in(member)
    expires_at = db.session.scalar(sa.select(PointsLot.expires_at))
    assert expires_at == shanghai("2027-11-22 00:00")


def test_a_reward_may_have_a_life_of_its_own(member: int) -> None:
    rule = terms()
    short = (Reward("points", 1, valid_days=3),)
    in_force(type(rule)(rule.cycle, (short,)))
    services.check_in(member)
    assert db.session.scalar(sa.select(PointsLot.expires_at)) == shanghai("2026-11-25 00:00")


def test_a_day_without_reward_still_counts(member: int) -> None:
    in_force(terms(daily=(0, 7)))
    first = services.check_in(member)
    assert (first.points_awarded, first.points_available, first.rewards) == (0, 0, ())
    clock.advance(DAY)
    assert services.check_in(member).points_awarded == 7


def test_a_closed_account_does_not_check_in(member: int) -> None:
    with transaction() as session:
        session.execute(sa.update(Member).values(closed_at=MORNING))
    with pytest.raises(AccountClosed):
        services.check_in(member)
    assert days_of(member) == []


# ------------------------------------------------------------------ groups


def test_one_refused_member_of_a_group_fails_alone(app: Flask) -> None:
    at(MORNING)
    early, other = enrol(2)
    services.check_in(early)
    answers = services.check_in_all([early, other, 999_999, other])
    kinds = [type(answer) for answer in answers]
    assert kinds == [AlreadyCheckedIn, CheckedIn, AccountClosed, AlreadyCheckedIn]
    assert (balance(early), balance(other)) == (5, 5)


def test_members_of_a_group_stand_where_they_stand(app: Flask) -> None:
    at(MORNING)
    in_force(terms(daily=(1, 2, 3, 4), streaks={3: 100}))
    members = enrol(4)
    for lead, member in enumerate(members):
        was_there(member, *(TODAY - back * DAY for back in range(1, lead + 1)))
    answers = services.check_in_all(members)
    assert [one.points_awarded for one in answers if isinstance(one, CheckedIn)] == [1, 2, 103, 4]


def test_the_number_of_statements_does_not_depend_on_the_number_of_members(app: Flask) -> None:
    at(MORNING)
    in_force(terms(daily=(0, 1), streaks={2: 10}, totals={("ever", 2): 1}))
    members = enrol(40)
    services.check_in_all(members)
    clock.advance(DAY)
    seen: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))

    services.check_in_all(members[:1])
    alone = len(seen)
    services.check_in_all(members[1:])

    assert len(seen) - alone == alone <= 16


def test_64_at_once_check_one_member_in_once(app: Flask, member: int) -> None:
    acts = [lambda: services.check_in(member)] * 64
    answers = all_at_once(app, acts)
    kinds = [type(answer) for answer in answers]
    assert kinds.count(CheckedIn) == 1
    assert kinds.count(AlreadyCheckedIn) == 63
    assert days_of(member) == [TODAY]
    assert entries_of(member) == [("checkin_daily", 5)]


def test_groups_that_overlap_check_everybody_in_once(app: Flask) -> None:
    at(MORNING)
    members = enrol(24)
    groups = [members[start:] + members[:start] for start in range(0, 24, 3)]
    answers = all_at_once(app, [partial(services.check_in_all, group) for group in groups])
    done = [one for group in answers for one in group if isinstance(one, CheckedIn)]
    assert len(done) == 24
    assert [entries_of(member) for member in members] == [[("checkin_daily", 5)]] * 24


# ------------------------------------------------------------------ the shop's days


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Shanghai"])
def server_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """The server's own clock stands in some zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("server_zone")
def test_two_midnights_of_the_shop_make_three_days(member: int) -> None:
    moments = [
        "2026-11-21 23:59:59.999",
        "2026-11-22 00:00",
        "2026-11-22 23:59:59.999",
        "2026-11-23 00:00",
    ]
    answers = []
    for moment in moments:
        at(shanghai(moment))
        (answer,) = services.check_in_all([member])
        answers.append(answer)
    streaks = [one.streak_days if isinstance(one, CheckedIn) else None for one in answers]
    assert streaks == [1, 2, None, 3]
    assert days_of(member) == [TODAY, TODAY + DAY, TODAY + 2 * DAY]


@pytest.mark.usefixtures("server_zone")
@pytest.mark.parametrize(
    ("first", "last", "streak"),
    [
        ("2028-02-28", "2028-03-01", 3),  # a leap year
        ("2027-02-28", "2027-03-01", 2),
        ("2026-12-30", "2027-01-02", 4),
    ],
)
def test_a_streak_goes_on_over_leap_days_and_year_ends(
    member: int, first: str, last: str, streak: int
) -> None:
    at(shanghai(f"{first} 08:00"))
    while clock.now() < shanghai(f"{last} 23:00"):
        answer = services.check_in(member)
        clock.advance(timedelta(hours=24))
    assert answer.streak_days == streak
    assert answer.day == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("kind", "day", "streak"),
    [
        ("weekly", "2026-11-22", 7),  # a Sunday
        ("weekly", "2026-11-23", 1),
        ("monthly", "2026-11-30", 30),
        ("monthly", "2026-12-01", 1),
        ("endless", "2026-12-01", 41),
    ],
)
def test_a_calendar_cycle_ends_the_streak_with_its_week_or_month(
    member: int, kind: str, day: str, streak: int
) -> None:
    at(shanghai(f"{day} 12:00"))
    in_force(terms(kind))
    on = date.fromisoformat(day)
    was_there(member, *(on - back * DAY for back in range(1, 41)))
    assert services.check_in(member).streak_days == streak


# ------------------------------------------------------------------ rules


def test_a_new_rule_from_tomorrow_leaves_today_as_it_is(member: int) -> None:
    (other,) = enrol(first_number=2)
    in_force(terms(daily=(1,)))
    services.check_in(member)
    rule_book.publish(terms(daily=(100,)), TODAY + DAY)
    assert services.check_in(other).points_awarded == 1
    clock.advance(DAY)
    assert services.check_in(member).points_awarded == 100
    db.session.rollback()
    versions = db.session.scalars(sa.select(CheckIn.rule_version).order_by(CheckIn.id))
    assert list(versions) == [2, 2, 3]


def test_a_new_milestone_pays_nothing_for_what_lies_before_it(member: int) -> None:
    in_force(terms())
    was_there(member, *(TODAY - back * DAY for back in range(1, 30)))
    services.check_in(member)
    rule_book.publish(terms(streaks={7: 50}), TODAY + DAY)
    paid = []
    for _ in range(7):
        clock.advance(DAY)
        paid.append(services.check_in(member).points_awarded)
    assert paid == [1, 1, 1, 1, 51, 1, 1]  # the streak's 35th day


def test_the_past_and_a_begun_day_keep_their_rule(member: int) -> None:
    services.check_in(member)
    for day in (TODAY - DAY, TODAY):
        with pytest.raises(RuleNotAllowed):
            rule_book.publish(terms(), day)


def test_a_rule_that_promises_what_nobody_gives_is_refused(app: Flask) -> None:
    at(MORNING)
    rule = terms()
    unknown = type(rule)(rule.cycle, ((Reward("moon_rock", 1),),))
    with pytest.raises(RewardNotAllowed, match="moon_rock"):
        rule_book.publish(unknown, TODAY)
