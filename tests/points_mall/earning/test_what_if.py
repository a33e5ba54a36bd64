"""The past judged again under a draft: what it costs, who gains, who loses."""

import tracemalloc
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from points_mall.earning import history, replay
from points_mall.earning.facts import Past
from points_mall.earning.history import past_awards
from points_mall.earning.replay import Change, WhatIf
from points_mall.earning.terms import Campaign, Cap, Caps, Cashback, Rate
from tests.builders import shanghai

from .conftest import MORNING, SATURDAY, awarded, bought, buys, enrol, in_force, terms

DAY = timedelta(days=1)


def past(member: int, fen: int, points: int, *, refunded: int = 0, **facts: Any) -> Past:
    paid = fen if refunded else 0
    return Past(bought(fen, member_id=member, **facts), points, 0, refunded, paid)


def test_a_draft_is_compared_with_what_was_given(shop: Flask) -> None:
    dining = terms(Rate(1, 200), rates={"dining": Rate(2, 100)})
    found = replay.replay(
        [past(1, 1000, 10), past(1, 1000, 10, category="dining"), past(2, 500, 5), past(3, 0, 0)],
        dining,
    )
    assert found == WhatIf(
        purchases=4,
        members=3,
        points_before=25,
        points_after=27,
        cashback_before_fen=0,
        cashback_after_fen=0,
        gaining=1,
        losing=1,
        gainers=(Change(1, 20, 25),),
        losers=(Change(2, 5, 2),),
    )
    assert found.cost_points == 2


def test_what_was_refunded_counts_on_neither_side(shop: Flask) -> None:
    found = replay.replay([past(1, 2190, 2, refunded=1095), past(1, 500, 5, refunded=500)],
                          terms(Rate(2, 1000), cashback=Cashback(1000, 10_000)))  # fmt: skip
    assert (found.points_before, found.points_after) == (1, 2)
    assert found.cashback_after_fen == 110


def test_caps_of_the_draft_hold_by_day_and_by_month(shop: Flask) -> None:
    days = [MORNING, MORNING, MORNING + DAY, MORNING + 10 * DAY]
    pasts = [past(1, 1000, 10, occurred_at=moment) for moment in days]
    found = replay.replay(pasts, terms(caps=Caps(day=Cap(15), month=Cap(18))))
    assert (found.points_before, found.points_after) == (40, 15 + 3 + 10)


def test_what_was_awarded_earlier_in_the_month_counts_towards_its_cap(shop: Flask) -> None:
    in_force(terms(), shanghai("2026-10-01 00:00"))
    early, late = enrol(2)
    days = ["2026-10-31", "2026-11-01", "2026-11-12", "2026-11-20", "2026-12-02"]
    clock.set(shanghai("2026-12-03 10:00"))
    for number, day in enumerate(days):
        awarded(buys(early, number, 1000, occurred_at=shanghai(f"{day} 10:00")))
    awarded(buys(late, 99, 1000, occurred_at=shanghai("2026-11-20 10:00")))
    draft = terms(caps=Caps(month=Cap(25)))

    of_all = replay.replay(past_awards(date(2026, 10, 1), date(2026, 12, 3)), draft)
    assert (of_all.points_before, of_all.points_after) == (60, 10 + 25 + 10 + 10)
    read = list(past_awards(date(2026, 11, 15), date(2026, 12, 3)))
    assert [(one.occasion.member_id, one.awarded_before) for one in read] == [
        (early, 20),
        (early, 0),  # of another month
        (late, 0),
    ]
    of_some = replay.replay(read, draft)
    assert (of_some.points_before, of_some.points_after) == (30, 5 + 10 + 10)
    from_the_first = list(past_awards(date(2026, 11, 1), date(2026, 12, 3)))
    assert [one.awarded_before for one in from_the_first] == [0] * 5


def test_the_day_of_the_first_purchase_replayed_counts_whole(shop: Flask) -> None:
    in_force(terms(), shanghai("2026-10-01 00:00"))
    (member,) = enrol(1)
    for hour in (8, 12, 20):
        clock.set(shanghai(f"2026-11-20 {hour:02}:00"))
        awarded(buys(member, hour, 1000, occurred_at=shanghai(f"2026-11-20 {hour:02}:00")))
    found = replay.replay(
        past_awards(date(2026, 11, 20), date(2026, 11, 20)), terms(caps=Caps(day=Cap(25)))
    )
    assert (found.points_before, found.points_after) == (30, 25)


def test_those_who_gain_and_lose_most_are_named_the_first_of_equals_first(shop: Flask) -> None:
    gains = {1: 5, 2: 9, 3: 0, 4: 9, 5: -3, 6: -8, 7: 9}
    pasts = [past(member, 10_000, 100 - gain) for member, gain in gains.items()]
    found = replay.replay(pasts, terms(), top=2)
    assert (found.gaining, found.losing) == (4, 2)
    assert [(one.member_id, one.gain) for one in found.gainers] == [(2, 9), (4, 9)]
    assert [(one.member_id, one.gain) for one in found.losers] == [(6, -8), (5, -3)]
    nobody = replay.replay(pasts, terms(), top=0)
    assert (nobody.gaining, nobody.gainers, nobody.losers) == (4, (), ())


def test_a_past_whose_members_are_mixed_up_is_refused(shop: Flask) -> None:
    with pytest.raises(ValueError, match="member 1 comes after 2"):
        replay.replay([past(1, 100, 1), past(2, 100, 1), past(1, 100, 1)], terms())


def test_no_past_is_no_cost(shop: Flask) -> None:
    found = replay.replay([], terms())
    assert (found.purchases, found.members, found.cost_points) == (0, 0, 0)


def test_memory_does_not_grow_with_the_past(shop: Flask) -> None:
    def of(members: int) -> int:
        rule = terms(Rate(2, 100), caps=Caps(day=Cap(50), month=Cap(500)))
        tracemalloc.start()
        found = replay.replay((past(one, 1000, 10) for one in range(1, members + 1)), rule)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert found.members == members
        return peak

    of(10)  # whatever is built once
    # Kept caps of 4000 members would be a megabyte; other threads may take a little meanwhile.
    assert of(4000) < of(400) + 300_000


# ------------------------------------------------------------------ the past, from the awards


def some_weeks(members: Sequence[int]) -> None:
    """Purchases on three days, a member's days told in any order."""
    in_force(
        terms(campaigns=(Campaign("new", "首单", 20_000, first_purchase=True),)),
        shanghai("2026-11-01 00:00"),
    )
    for number, back in enumerate((0, 9, 1)):
        clock.set(MORNING)
        awarded(
            *(
                buys(
                    member,
                    10 * number + place,
                    1000 + 100 * place,
                    occurred_at=MORNING - back * DAY,
                    is_first=number == 1,
                    birthday=date(1990, 11, 5),
                    multiplier_bp=12_000,
                )
                for place, member in enumerate(members)
            )
        )


def test_the_past_is_read_back_as_it_was_judged(
    shop: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = enrol(3)
    some_weeks(members)
    monkeypatch.setattr(history, "BATCH", 2)
    found = list(past_awards(SATURDAY - 9 * DAY, SATURDAY))
    days = [shanghai("2026-11-12 10:00"), shanghai("2026-11-20 10:00"), MORNING]
    assert [(one.occasion.member_id, one.occasion.occurred_at) for one in found] == [
        (member, day) for member in members for day in days
    ]
    assert [one.points for one in found] == [24, 12, 12, 26, 13, 13, 28, 14, 14]
    again = replay.replay(found, terms(Rate(1, 100), campaigns=(
        Campaign("new", "首单", 20_000, first_purchase=True),
        Campaign("month", "生日月", 20_000, birthday_month=True))))  # fmt: skip
    assert (again.points_before, again.points_after) == (156, 24 * 3 + 26 * 3 + 28 * 3)


def test_only_the_days_that_were_asked_for_are_read(shop: Flask) -> None:
    some_weeks(enrol(2))
    assert len(list(past_awards(SATURDAY - DAY, SATURDAY))) == 4
    assert len(list(past_awards(SATURDAY - 9 * DAY, SATURDAY - 2 * DAY))) == 2
    assert list(past_awards(SATURDAY + DAY, SATURDAY + 9 * DAY)) == []


def test_the_same_rule_again_costs_nothing(shop: Flask) -> None:
    some_weeks(enrol(3))
    same = terms(campaigns=(Campaign("new", "首单", 20_000, first_purchase=True),))
    found = replay.replay(past_awards(SATURDAY - 30 * DAY, SATURDAY), same)
    assert (found.purchases, found.cost_points, found.gaining, found.losing) == (9, 0, 0, 0)


def test_refunds_join_by_the_references_of_a_batch(
    shop: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_force(terms())
    (member,) = enrol(1)
    awarded(*(buys(member, number, 1000) for number in range(5)))
    monkeypatch.setattr(history, "BATCH", 2)
    asked: list[int] = []

    def refunded(references: Sequence[str]) -> dict[str, tuple[int, int]]:
        asked.append(len(references))
        known = {"purchase:till:1": (300, 1000), "purchase:till:4": (1000, 1000)}
        return {one: known[one] for one in references if one in known}

    found = replay.replay(past_awards(SATURDAY, SATURDAY, refunded), terms(Rate(2, 100)))
    assert (found.points_before, found.points_after) == (10 * 3 + 7, 20 * 3 + 14)
    assert asked == [2, 2, 1]


def test_who_knows_more_of_the_past_joins(shop: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "_histories", [past_awards])
    told = [past(1, 1000, 10)]
    replay.history_from(lambda first, last: told if first <= last else [])
    assert list(replay.history(SATURDAY, SATURDAY)) == told
