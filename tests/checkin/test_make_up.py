"""A member makes a missed day up: what it costs, what it mends, and what it never pays twice."""

from datetime import date, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings

from checkin import services
from checkin.errors import AlreadyCheckedIn, DateNotAllowed, NoMakeUpsLeft
from checkin.models import MakeUpCard
from checkin.rule_book import Rule
from checkin.services import MadeUp
from checkin.streaks import DAY
from checkin.terms import Terms
from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import DomainError
from points_mall.ledger import posting
from points_mall.ledger.errors import InsufficientPoints
from points_mall.ledger.reasons import declare
from tests.builders import shanghai
from tests.together import all_at_once

from .conftest import (
    at,
    balance,
    days_of,
    enrol,
    entries_of,
    give_cards,
    in_force,
    paid_to,
    terms,
    was_there,
)
from .naive import NaiveMember
from .test_streaks import Acts, rules

MORNING = shanghai("2026-11-21 09:00")
TODAY = date(2026, 11, 21)
YESTERDAY = TODAY - DAY
GIFT = declare("test_gift", "测试赠送", "Test gift", counterparty="test")


@pytest.fixture
def member(app: Flask) -> int:
    at(MORNING)
    return enrol()[0]


def give(member: int, points: int) -> None:
    with transaction():
        posting.credit(member, points, reason=GIFT, reference="test")


def unused_cards() -> int:
    db.session.rollback()
    query = sa.select(sa.func.count()).where(MakeUpCard.used_on.is_(None))
    return db.session.scalar(query) or 0


def test_a_newcomer_mends_yesterday_with_the_card_of_the_first_day(member: int) -> None:
    services.check_in(member)
    made_up = services.make_up(member, YESTERDAY)
    assert (made_up.paid_with, made_up.points_spent, made_up.streak_days) == ("card", 0, 2)
    assert made_up.checked_in.day == YESTERDAY
    assert (made_up.checked_in.points_awarded, made_up.checked_in.points_available) == (5, 10)
    assert days_of(member) == [YESTERDAY, TODAY]
    assert unused_cards() == 0


def test_without_a_card_points_pay(member: int) -> None:
    in_force(terms(points_cost=20))
    give(member, 50)
    made_up = services.make_up(member, YESTERDAY)
    assert (made_up.paid_with, made_up.points_spent) == ("points", 20)
    assert made_up.checked_in.points_available == 31
    assert entries_of(member) == [("test_gift", 50), ("make_up", -20), ("checkin_daily", 1)]


def test_the_card_soonest_to_expire_pays_first(member: int) -> None:
    in_force(terms())
    give_cards(member)
    give_cards(member, expires_at=MORNING + timedelta(days=9))
    give_cards(member, expires_at=MORNING + timedelta(days=3))
    give_cards(member, expires_at=MORNING)  # expired
    services.make_up(member, YESTERDAY)
    used = db.session.scalars(
        sa.select(MakeUpCard.expires_at).where(MakeUpCard.used_on == YESTERDAY)
    )
    assert list(used) == [MORNING + timedelta(days=3)]


def test_too_few_points_move_nothing(member: int) -> None:
    in_force(terms(points_cost=20))
    give(member, 19)
    with pytest.raises(InsufficientPoints) as refusal:
        services.make_up(member, YESTERDAY)
    assert refusal.value.numbers == {"required": 20, "available": 19}
    assert (days_of(member), balance(member)) == ([], 19)


@pytest.mark.parametrize("day", [TODAY, TODAY + DAY, TODAY - 8 * DAY, date.min, date.max])
def test_only_days_of_the_near_past_can_be_made_up(member: int, day: date) -> None:
    give_cards(member)
    with pytest.raises(DateNotAllowed) as refusal:
        services.make_up(member, day)
    assert refusal.value.numbers == {"earliest": TODAY - 7 * DAY, "latest": YESTERDAY}
    assert (days_of(member), unused_cards()) == ([], 1)


def test_the_last_allowed_day_can_be_made_up(member: int) -> None:
    give_cards(member)
    services.make_up(member, TODAY - 7 * DAY)
    assert days_of(member) == [TODAY - 7 * DAY]


def test_days_before_joining_may_be_closed(app: Flask) -> None:
    at(MORNING)
    (member,) = enrol(joined_at=shanghai("2026-11-20 00:00"))
    in_force(terms(before_joining=False, points_cost=0))
    with pytest.raises(DateNotAllowed):
        services.make_up(member, YESTERDAY - DAY)
    services.make_up(member, YESTERDAY)
    assert days_of(member) == [YESTERDAY]


def test_a_day_that_is_not_missed_is_refused(member: int) -> None:
    was_there(member, YESTERDAY)
    give_cards(member)
    with pytest.raises(AlreadyCheckedIn):
        services.make_up(member, YESTERDAY)
    assert (days_of(member), unused_cards()) == ([YESTERDAY], 1)


def test_the_make_ups_of_a_month_are_counted_by_when_they_are_made(member: int) -> None:
    at(shanghai("2026-11-30 23:00"))
    in_force(terms(per_month=2, points_cost=0))
    services.make_up(member, date(2026, 11, 29))
    services.make_up(member, date(2026, 11, 28))
    with pytest.raises(NoMakeUpsLeft) as refusal:
        services.make_up(member, date(2026, 11, 27))
    assert refusal.value.numbers == {"used": 2, "per_month": 2}
    clock.advance(timedelta(hours=1))
    services.make_up(member, date(2026, 11, 27))
    assert len(days_of(member)) == 3


def test_where_only_cards_pay_there_must_be_one(member: int) -> None:
    in_force(terms(points_cost=None))
    give(member, 500)
    with pytest.raises(NoMakeUpsLeft):
        services.make_up(member, YESTERDAY)
    assert balance(member) == 500


def test_a_make_up_joins_two_runs_and_pays_what_they_reach_together(member: int) -> None:
    in_force(terms(streaks={3: 10, 7: 50}, points_cost=0))
    was_there(member, *(TODAY - back * DAY for back in (1, 2, 3, 5, 6, 7)))
    # Either run of three was paid in its time.
    services.check_in(member)
    made_up = services.make_up(member, TODAY - 4 * DAY)
    assert made_up.streak_days == 8
    assert made_up.checked_in.points_awarded == 1 + 50
    assert paid_to(member) == [("streak", 7, TODAY - DAY)]


def test_a_mended_streak_pays_no_milestone_twice(member: int) -> None:
    at(MORNING - 7 * DAY)
    in_force(terms(streaks={3: 10}, points_cost=0))
    for missed in (0, 0, 0, 1, 0, 0, 0):
        if not missed:
            services.check_in(member)
        clock.advance(DAY)
    assert balance(member) == 6 + 2 * 10
    assert services.make_up(member, TODAY - 4 * DAY).checked_in.points_awarded == 1
    assert services.check_in(member).streak_days == 8


def test_a_made_up_day_earns_nothing_where_the_rule_says_so(member: int) -> None:
    in_force(terms(earns_daily=False, points_cost=0, streaks={2: 10}))
    was_there(member, TODAY - 2 * DAY)
    made_up = services.make_up(member, YESTERDAY)
    assert made_up.checked_in.points_awarded == 10
    assert entries_of(member) == [("checkin_streak", 10)]


def test_a_made_up_day_counts_in_its_own_month(member: int) -> None:
    at(shanghai("2026-12-02 10:00"))
    in_force(terms(totals={("month", 2): 20}, points_cost=0))
    was_there(member, date(2026, 11, 29))
    assert services.make_up(member, date(2026, 11, 30)).checked_in.points_awarded == 21
    assert paid_to(member) == [("month", 2, date(2026, 11, 1))]


# ------------------------------------------------------------------ crowds


def test_one_day_made_up_by_many_at_once_is_made_up_once(app: Flask, member: int) -> None:
    give_cards(member, 5)
    give(member, 500)
    answers = all_at_once(app, [lambda: services.make_up(member, YESTERDAY)] * 24)
    kinds = [type(answer) for answer in answers]
    assert (kinds.count(MadeUp), kinds.count(AlreadyCheckedIn)) == (1, 23)
    assert (days_of(member), unused_cards()) == ([YESTERDAY], 5)
    # The card of the first day ever has come, and one card has gone.
    assert balance(member) == 505


def test_more_days_at_once_than_the_month_allows(app: Flask, member: int) -> None:
    give(member, 500)
    in_force(terms(per_month=3, points_cost=20))
    days = [TODAY - back * DAY for back in range(1, 8)]
    answers = all_at_once(app, [partial(services.make_up, member, day) for day in days * 3])
    assert sum(isinstance(answer, MadeUp) for answer in answers) == 3
    assert len(days_of(member)) == 3
    assert balance(member) == 500 - 3 * 20 + 3


def test_checking_in_and_making_up_at_once_pay_each_milestone_once(app: Flask, member: int) -> None:
    in_force(terms(streaks={7: 50}, totals={("month", 7): 100}, points_cost=0, per_month=9))
    was_there(member, *(TODAY - back * DAY for back in (1, 2, 3, 5, 6)))
    acts = [
        lambda: services.check_in(member),
        lambda: services.make_up(member, TODAY - 4 * DAY),
    ]
    answers = all_at_once(app, acts * 12)
    assert sum(not isinstance(answer, DomainError) for answer in answers) == 2
    assert balance(member) == 2 + 50 + 100
    assert [kind for kind, *_ in paid_to(member)] in (["streak", "month"], ["month", "streak"])


# ------------------------------------------------------------------ against the naive model


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rules(), Acts)
def test_the_shop_follows_the_naive_model(
    app: Flask, monkeypatch: pytest.MonkeyPatch, rule: Terms, acts: list[tuple[int, int]]
) -> None:
    """The rule is handed over without being published: each example has its own."""
    in_force_now = Rule(7, date(2000, 1, 1), rule)
    monkeypatch.setattr("checkin.rule_book.in_force", lambda *_: in_force_now)
    at(shanghai("2028-02-20 12:00"))
    (member,) = enrol_anew()
    naive = NaiveMember(rule)
    total = 0
    for step, back in acts[:12]:
        clock.advance(step * DAY)
        today = clock.now().date()
        day = today - back * DAY
        if day in naive.days:
            with pytest.raises(AlreadyCheckedIn):
                _act(member, day, back)
            continue
        streak, points = _act(member, day, back)
        expected = naive.add(day, earns_daily=back == 0 or rule.make_up.earns_daily)
        assert points == sum(expected.values())
        assert streak == naive.streak_on(today)
        total += points
    assert days_of(member) == sorted(naive.days)
    assert balance(member) == total


def _act(member: int, day: date, back: int) -> tuple[int, int]:
    if back == 0:
        checked_in = services.check_in(member)
        return checked_in.streak_days, checked_in.points_awarded
    made_up = services.make_up(member, day)
    return made_up.streak_days, made_up.checked_in.points_awarded


_numbers = iter(range(500_000_000_000, 600_000_000_000))


def enrol_anew() -> list[int]:
    """Another member of the same shop."""
    return enrol(first_number=next(_numbers))
