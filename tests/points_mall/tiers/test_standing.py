"""Where a member stands: rising, holding, grace, falling, by the moments at which things happened."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points_mall.tiers.shop_calendar import ShopCalendar
from points_mall.tiers.standing import Grown, Moved, Outcome, Standing, Why, outcome_of
from points_mall.tiers.steps import Tier
from points_mall.tiers.terms import Basis, Ladder, Terms
from tests.builders import SHANGHAI, shanghai

from .conftest import small_ladder

CALENDAR = ShopCalendar(SHANGHAI)
JOINED = shanghai("2025-01-01 10:00")
LADDER = Ladder(1, datetime(2000, 1, 1, tzinfo=UTC), small_ladder())


def spent(day: str, amount: int) -> Grown:
    return Grown(shanghai(f"{day} 12:00"), amount, 1, amount // 10)


def told(
    until: str,
    *grown: Grown,
    moved: tuple[Moved, ...] = (),
    ladders: tuple[Ladder, ...] = (LADDER,),
) -> Outcome:
    return outcome_of(JOINED, grown, moved, ladders, CALENDAR, shanghai(f"{until} 09:00"))


def test_who_never_bought_anything_stands_on_the_lowest_step_since_joining() -> None:
    outcome = told("2026-03-10")
    assert outcome.standing == Standing(0, JOINED)
    assert (outcome.reached, outcome.why, outcome.growth) == ((), None, 0)


def test_growth_lifts_a_member_the_moment_it_is_enough() -> None:
    first, second = spent("2026-01-10", 600), spent("2026-02-10", 400)
    assert told("2026-03-01", first).standing.rank == 0
    outcome = told("2026-03-01", first, second)
    assert outcome.standing == Standing(
        1, shanghai("2026-02-10 12:00"), shanghai("2027-02-11 00:00")
    )
    assert (outcome.why, outcome.growth) == (Why.PURCHASE, 1_000)
    assert [(one.rank, one.version) for one in outcome.reached] == [(1, 1)]


def test_one_large_purchase_passes_every_step_on_its_way() -> None:
    outcome = told("2026-03-01", spent("2026-02-10", 7_000))
    assert outcome.standing.rank == 2
    assert [one.rank for one in outcome.reached] == [1, 2]


def test_growth_leaves_the_window_after_twelve_months() -> None:
    first = spent("2025-03-10", 600)
    assert told("2026-03-10", first, spent("2026-03-09", 400)).standing.rank == 1
    assert told("2026-03-10", first, spent("2026-03-10", 400)).standing.rank == 1  # still in it
    assert told("2026-03-11", first, spent("2026-03-11", 400)).standing.rank == 0


def test_a_tier_is_held_to_the_end_of_its_last_day_and_kept_by_new_growth() -> None:
    lifted, since_then = spent("2025-02-10", 1_000), spent("2025-08-01", 600)
    before = told("2026-02-10", lifted, since_then).standing
    assert before == Standing(1, shanghai("2025-02-10 12:00"), shanghai("2026-02-11 00:00"))
    after = told("2026-02-11", lifted, since_then)
    assert after.standing == Standing(1, before.since, shanghai("2027-02-11 00:00"))
    assert after.why == Why.KEPT


def test_the_purchase_that_lifted_does_not_keep() -> None:
    outcome = told("2026-02-11", spent("2025-02-10", 4_999))
    assert outcome.standing.grace_until == shanghai("2026-03-13 00:00")
    assert (outcome.standing.rank, outcome.why) == (1, Why.GRACE)


def test_what_is_missing_can_be_made_up_within_grace() -> None:
    lifted, late = spent("2025-02-10", 1_000), spent("2026-03-01", 600)
    outcome = told("2026-03-02", lifted, late)
    assert outcome.standing == Standing(
        1, shanghai("2025-02-10 12:00"), shanghai("2027-03-02 00:00")
    )
    assert outcome.why == Why.KEPT


def test_after_grace_a_member_falls_to_what_growth_still_keeps() -> None:
    grown = (spent("2025-02-10", 5_000), spent("2025-09-01", 700))
    fallen = told("2026-03-13", *grown)
    assert fallen.standing == Standing(
        1, shanghai("2026-03-13 00:00"), shanghai("2027-03-14 00:00")
    )
    assert fallen.why == Why.REQUALIFIED
    assert told("2027-04-13", *grown).standing == Standing(0, shanghai("2027-04-13 00:00"))


def test_without_grace_a_member_falls_at_once() -> None:
    strict = Ladder(1, LADDER.starts_at, small_ladder(grace_days=0))
    outcome = told("2026-02-11", spent("2025-02-10", 1_000), ladders=(strict,))
    assert outcome.standing == Standing(0, shanghai("2026-02-11 00:00"))


def test_a_tier_that_nothing_keeps_is_left_and_one_kept_by_nothing_stays_for_ever() -> None:
    guests = Ladder(1, LADDER.starts_at, small_ladder(gold=(None, None), diamond=(5_000, 0)))
    assert told("2026-02-01", spent("2026-01-10", 1_200), ladders=(guests,)).standing.rank == 0
    guest = (Moved(shanghai("2025-01-10 12:00"), 1),)
    assert told("2026-02-01", moved=guest, ladders=(guests,)).standing.grace_until is not None
    assert told("2026-03-01", moved=guest, ladders=(guests,)).standing.rank == 0
    for_ever = told("2035-01-01", spent("2025-01-10", 5_000), ladders=(guests,))
    assert for_ever.standing.rank == 2
    assert [one.rank for one in for_ever.reached] == [1, 2]


def test_a_move_by_hand_is_held_and_a_move_down_counts_growth_afresh() -> None:
    up = (Moved(shanghai("2026-01-10 12:00"), 2),)
    assert told("2026-02-01", moved=up).standing == Standing(
        2, shanghai("2026-01-10 12:00"), shanghai("2027-01-11 00:00")
    )
    grown = (spent("2026-01-05", 5_000), spent("2026-01-20", 900))
    down = (Moved(shanghai("2026-01-10 12:00"), 0),)
    fallen = told("2026-02-01", *grown, moved=down)
    assert fallen.standing == Standing(0, shanghai("2026-01-10 12:00"))
    assert fallen.growth == 900
    again = told("2026-02-01", *grown, spent("2026-01-21", 100), moved=down)
    assert (again.standing.rank, again.standing.since) == (1, shanghai("2026-01-21 12:00"))


def test_a_move_to_the_same_tier_holds_it_longer_and_leaves_since_alone() -> None:
    moves = (Moved(shanghai("2026-01-10 12:00"), 1), Moved(shanghai("2026-01-20 12:00"), 1))
    assert told("2026-02-01", moved=moves).standing == Standing(
        1, shanghai("2026-01-10 12:00"), shanghai("2027-01-21 00:00")
    )


def test_a_new_ladder_lifts_from_its_day_and_judges_by_its_own_rules() -> None:
    cheap = Ladder(2, shanghai("2026-02-01 00:00"), small_ladder(gold=(500, 300)))
    grown = spent("2026-01-10", 600)
    assert told("2026-01-31", grown, ladders=(LADDER, cheap)).standing.rank == 0
    lifted = told("2026-02-01", grown, ladders=(LADDER, cheap))
    assert lifted.standing == Standing(
        1, shanghai("2026-02-01 00:00"), shanghai("2027-02-02 00:00")
    )
    assert (lifted.why, lifted.reached[0].version) == (Why.LADDER, 2)


def test_a_dearer_ladder_takes_nothing_away_before_the_held_time_is_over() -> None:
    dear = Ladder(2, shanghai("2026-02-01 00:00"), small_ladder(gold=(3_000, 2_000)))
    grown = (spent("2026-01-10", 1_000), spent("2026-06-10", 1_500))
    assert told("2026-12-31", *grown, ladders=(LADDER, dear)).standing.rank == 1
    assert told("2027-01-11", *grown, ladders=(LADDER, dear)).why == Why.GRACE


@pytest.mark.parametrize(
    ("basis", "rank"), [(Basis.AMOUNT, 1), (Basis.PURCHASES, 0), (Basis.POINTS, 0)]
)
def test_growth_is_counted_in_what_the_ladder_says(basis: Basis, rank: int) -> None:
    ladder = Ladder(1, LADDER.starts_at, small_ladder(basis=basis))
    assert told("2026-03-01", spent("2026-02-10", 1_000), ladders=(ladder,)).standing.rank == rank


@pytest.mark.parametrize(
    ("reached", "held"),
    [
        ("2024-02-29 23:59", "2025-03-01 00:00"),
        ("2024-12-31 00:00", "2026-01-01 00:00"),
        ("2025-02-28 08:00", "2026-03-01 00:00"),
    ],
)
def test_months_end_where_the_shops_calendar_ends_them(reached: str, held: str) -> None:
    assert CALENDAR.held_until(shanghai(reached), 12) == shanghai(held)


amounts = st.integers(0, 6_000)
days = st.integers(0, 900)


@given(st.lists(st.tuples(days, amounts), max_size=8, unique_by=lambda one: one[0]), days)
def test_more_growth_never_stands_lower(grown: list[tuple[int, int]], until: int) -> None:
    """At any moment, whoever bought the same and once more stands at least as high."""
    known = sorted((_day(day), amount) for day, amount in grown)
    less = [Grown(at, amount, 1, 0) for at, amount in known[:-1]]
    more = [Grown(at, amount, 1, 0) for at, amount in known]
    ranks = [
        outcome_of(JOINED, one, (), (LADDER,), CALENDAR, _day(until)).standing.rank
        for one in (less, more)
    ]
    assert ranks[0] <= ranks[1]


@given(st.lists(st.tuples(days, amounts), max_size=8, unique_by=lambda one: one[0]))
def test_a_walk_in_steps_ends_where_one_walk_ends(grown: list[tuple[int, int]]) -> None:
    """Rank and deadlines are those of a member judged every single day."""
    known = [Grown(at, amount, 1, 0) for at, amount in sorted((_day(d), a) for d, a in grown)]
    at_once = outcome_of(JOINED, known, (), (LADDER,), CALENDAR, _day(900)).standing
    assert at_once == _judged_every_day(known, 900)


def _day(number: int) -> datetime:
    return shanghai("2025-01-01 12:00") + timedelta(days=number)


def _judged_every_day(grown: list[Grown], last: int) -> Standing:
    """The same rule, told in the dullest way: one day after the other, midnight first, then noon."""
    rank, since, keep_until, grace_until = 0, JOINED, None, None
    for number in range(last + 1):
        noon = _day(number)
        midnight = noon - timedelta(hours=12)
        start = _a_year_before(midnight)
        by_midnight = sum(one.amount for one in grown if start <= one.occurred_at < midnight)
        by_noon = sum(one.amount for one in grown if start <= one.occurred_at <= noon)
        keeps = {0: 0, 1: 600, 2: 4_000}
        if midnight == (grace_until or keep_until):
            if by_midnight >= keeps[rank]:
                keep_until, grace_until = _a_year_after(midnight), None
            elif grace_until is None:
                grace_until = midnight + timedelta(days=30)
            else:
                rank = 1 if rank == 2 and by_midnight >= 600 else 0
                since, grace_until = midnight, None
                keep_until = _a_year_after(midnight) + timedelta(days=1) if rank else None
        if any(one.occurred_at == noon for one in grown):
            reached = 2 if by_noon >= 5_000 else 1 if by_noon >= 1_000 else 0
            if reached > rank:
                rank, since, grace_until = reached, noon, None
                keep_until = _a_year_after(midnight) + timedelta(days=1)
            elif grace_until is not None and by_noon >= keeps[rank]:
                keep_until, grace_until = _a_year_after(midnight) + timedelta(days=1), None
    return Standing(rank, since, keep_until, grace_until)


def _a_year_after(midnight: datetime) -> datetime:
    local = midnight.astimezone(SHANGHAI)
    return local.replace(year=local.year + 1).astimezone(UTC)


def _a_year_before(midnight: datetime) -> datetime:
    local = midnight.astimezone(SHANGHAI)
    return local.replace(year=local.year - 1).astimezone(UTC)


def test_terms_and_tiers_are_plain_data() -> None:
    terms = small_ladder()
    assert isinstance(terms, Terms)
    assert isinstance(terms.tier_of_code("gold"), Tier)
    assert terms.tier_of_code("tin") is None
    assert terms.tier_of_rank(99).code == "diamond"
    assert terms.tier_of_rank(-1).code == "regular"
