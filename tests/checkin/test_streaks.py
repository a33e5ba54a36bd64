"""Runs, cycles and milestones, by example and against the naive model."""

from collections import defaultdict
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin.awards import ALWAYS, Standing, award
from checkin.streaks import DAY, Cycle, CycleKind, Run, current_streak, newly_reached, run_around
from checkin.terms import Terms

from .conftest import terms
from .naive import NaiveMember

NOVEMBER = date(2026, 11, 1)  # a Sunday
SEVEN = Cycle(CycleKind.ROLLING, 7)


@pytest.mark.parametrize(
    ("streak_days", "day_of_cycle", "times"),
    [(1, 1, 0), (6, 6, 0), (7, 7, 1), (8, 1, 1), (14, 7, 2)],
)
def test_a_rolling_cycle_begins_anew(streak_days: int, day_of_cycle: int, times: int) -> None:
    assert SEVEN.day_of(streak_days) == day_of_cycle
    assert SEVEN.times(7, streak_days) == times


def test_an_endless_cycle_pays_a_milestone_once() -> None:
    endless = Cycle(CycleKind.ENDLESS)
    assert [endless.times(7, days) for days in (6, 7, 100)] == [0, 1, 1]
    assert endless.day_of(100) == 100


@pytest.mark.parametrize(
    ("kind", "day", "before", "after"),
    [
        (CycleKind.WEEKLY, date(2026, 11, 1), 6, 0),
        (CycleKind.WEEKLY, date(2026, 11, 2), 0, 6),
        (CycleKind.MONTHLY, date(2028, 2, 28), 27, 1),
        (CycleKind.MONTHLY, date(2027, 2, 28), 27, 0),
        (CycleKind.ENDLESS, date(2027, 2, 28), 99, 99),
    ],
)
def test_a_run_is_cut_at_the_week_or_month(
    kind: CycleKind, day: date, before: int, after: int
) -> None:
    assert Cycle(kind).cut(Run(day, 99, 99)) == Run(day, before, after)


def test_joining_three_and_three_pays_the_seventh_day_once() -> None:
    joined = Run(NOVEMBER, 3, 3)
    assert newly_reached(SEVEN, 7, joined, set()) == [NOVEMBER + 3 * DAY]


def test_joining_to_a_run_that_was_paid_pays_only_what_is_new() -> None:
    paid = {NOVEMBER + 7 * DAY}  # the seventh day of the run after
    assert newly_reached(SEVEN, 7, Run(NOVEMBER, 5, 7), paid) == ()
    assert newly_reached(SEVEN, 7, Run(NOVEMBER, 6, 7), paid) == [NOVEMBER]


def test_two_paid_runs_joined_pay_nothing_more_until_a_third_time() -> None:
    paid = {NOVEMBER - DAY, NOVEMBER + 3 * DAY}
    assert newly_reached(SEVEN, 3, Run(NOVEMBER, 3, 3), paid) == ()
    assert newly_reached(SEVEN, 3, Run(NOVEMBER + 6 * DAY, 9, 0), paid) == ()
    later = Run(NOVEMBER + 13 * DAY, 16, 0)
    assert newly_reached(SEVEN, 3, later, paid) == [NOVEMBER + 13 * DAY]


@given(st.sets(st.integers(0, 60)), st.integers(0, 60))
def test_a_run_around_a_day_is_all_days_in_a_row(numbers: set[int], number: int) -> None:
    days = {NOVEMBER + one * DAY for one in numbers}
    run = run_around(days, NOVEMBER + number * DAY)
    assert {run.first + one * DAY for one in range(run.length)} <= days | {run.day}
    assert run.first - DAY not in days
    assert run.day + (run.after + 1) * DAY not in days


def test_before_today_is_done_the_streak_is_yesterdays() -> None:
    assert current_streak(SEVEN, NOVEMBER, 3, checked_in=False) == 3
    assert current_streak(SEVEN, NOVEMBER, 3, checked_in=True) == 4
    weekly = Cycle(CycleKind.WEEKLY)
    assert current_streak(weekly, date(2026, 11, 2), 3, checked_in=False) == 0


@st.composite
def rules(draw: st.DrawFn) -> Terms:
    """A rule of any cycle, small enough that everything happens soon."""
    kind = draw(st.sampled_from(["weekly", "monthly", "rolling", "endless"]))
    days = draw(st.integers(1, 7))
    longest = days if kind == "rolling" else 7
    milestones = draw(st.sets(st.integers(1, longest), max_size=3))
    totals = draw(
        st.sets(st.tuples(st.sampled_from(["month", "ever"]), st.integers(1, 9)), max_size=3)
    )
    return terms(
        kind,
        days,
        daily=draw(st.lists(st.integers(0, 9), min_size=1, max_size=longest)),
        streaks={one: 1000 + one for one in milestones},
        totals={one: 20_000 + one[1] for one in totals},
        days_back=7,
        per_month=366,
        points_cost=0,
        earns_daily=draw(st.booleans()),
    )


Acts = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 7)), min_size=1, max_size=40)
"""Each act: go on some days, then check in (0) or make up a day so far back."""


@given(rules(), Acts)
def test_awards_follow_the_naive_model(rule: Terms, acts: list[tuple[int, int]]) -> None:
    naive = NaiveMember(rule)
    paid: dict[tuple[str, int], set[date]] = defaultdict(set)
    today = date(2028, 2, 20)
    for step, back in acts:
        today += step * DAY
        day = today - back * DAY
        if day in naive.days:
            continue
        run = run_around(naive.days, day)
        in_month = sum(one.isoformat()[:7] == day.isoformat()[:7] for one in naive.days)
        standing = Standing(run.before, run.after, in_month, len(naive.days))
        earns_daily = back == 0 or rule.make_up.earns_daily
        brings = award(rule, day, standing, paid, earns_daily=earns_daily)
        expected = naive.add(day, earns_daily=earns_daily)
        assert brings.points == sum(expected.values())
        for occasion in brings.occasions:
            assert occasion.on not in paid[occasion.kind, occasion.days]
            assert occasion.on == ALWAYS or occasion.on <= today
            paid[occasion.kind, occasion.days].add(occasion.on)
        before = run_around(naive.days, today).before
        streak = current_streak(rule.cycle, today, before, checked_in=today in naive.days)
        assert streak == naive.streak_on(today)
