"""States and windows, from times alone."""

from datetime import date, time, timedelta
from typing import Any

import pytest

from points_mall.flash_sale.errors import SaleNotValid
from points_mall.flash_sale.states import end_of, state_at, window_of
from points_mall.flash_sale.terms import ItemTerms, SaleTerms, Slot, check_terms, slots_of
from tests.builders import SHANGHAI, shanghai

TEN, ELEVEN = shanghai("2026-11-21 10:00"), shanghai("2026-11-21 11:00")
NOON = shanghai("2026-11-21 12:00")
SECOND = timedelta(seconds=1)
MUG = ItemTerms("保温杯", 100, 3)


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        (TEN - SECOND, "upcoming"),
        (TEN, "running"),
        (ELEVEN - SECOND, "running"),
        (ELEVEN, "ended"),
    ],
)
def test_the_first_moment_belongs_to_a_sale_and_the_last_does_not(moment: Any, state: str) -> None:
    assert state_at(moment, TEN, ELEVEN, None) == state


def test_a_closed_sale_has_ended_whatever_its_times_say() -> None:
    half_past = TEN + timedelta(minutes=30)
    assert state_at(half_past, TEN, ELEVEN, half_past) == "ended"
    assert end_of(TEN, ELEVEN, half_past) == half_past
    assert window_of(TEN, ELEVEN, half_past) == (TEN, half_past)


def test_a_sale_closed_before_it_opened_never_opens() -> None:
    at_nine = TEN - timedelta(hours=1)
    assert state_at(at_nine, TEN, ELEVEN, at_nine) == "ended"
    assert end_of(TEN, ELEVEN, at_nine) == ELEVEN
    assert window_of(TEN, ELEVEN, at_nine) == (None, at_nine)


def test_slots_are_hours_of_the_shops_clock_on_each_day() -> None:
    days = [date(2026, 11, 22), date(2026, 11, 21)]
    times = [(time(20), time(22)), (time(10), time(11))]
    assert slots_of(days, times, SHANGHAI) == (
        Slot(TEN, ELEVEN),
        Slot(shanghai("2026-11-21 20:00"), shanghai("2026-11-21 22:00")),
        Slot(shanghai("2026-11-22 10:00"), shanghai("2026-11-22 11:00")),
        Slot(shanghai("2026-11-22 20:00"), shanghai("2026-11-22 22:00")),
    )


def test_hours_past_midnight_end_on_the_next_day() -> None:
    [slot] = slots_of([date(2026, 11, 21)], [(time(22), time(0, 30))], SHANGHAI)
    assert slot == Slot(shanghai("2026-11-21 22:00"), shanghai("2026-11-22 00:30"))


@pytest.mark.parametrize(
    ("slots", "items", "sentence"),
    [
        ((), (MUG,), "1 to 200 slots"),
        ((Slot(TEN, ELEVEN),), (), "1 to 100 items"),
        ((Slot(ELEVEN, TEN),), (MUG,), "a slot ends after it starts"),
        ((Slot(TEN, TEN),), (MUG,), "a slot ends after it starts"),
        ((Slot(TEN, TEN + timedelta(days=32)),), (MUG,), "a slot lasts at most 31 days"),
        ((Slot(TEN - timedelta(days=1), TEN),), (MUG,), "a slot must not be over already"),
        ((Slot(TEN, NOON), Slot(ELEVEN, NOON)), (MUG,), "two slots must not overlap"),
        ((Slot(TEN, ELEVEN),), (ItemTerms("保温杯", 100, 0),), "stock is 1 to 1000"),
        ((Slot(TEN, ELEVEN),), (ItemTerms("保温杯", 100, 1001),), "stock is 1 to 1000"),
    ],
)
def test_what_cannot_be_held_is_refused(slots: Any, items: Any, sentence: str) -> None:
    with pytest.raises(SaleNotValid, match=sentence):
        check_terms(SaleTerms("秒杀", slots, items), TEN, 1000)


def test_slots_may_touch() -> None:
    check_terms(SaleTerms("秒杀", (Slot(ELEVEN, NOON), Slot(TEN, ELEVEN)), (MUG,)), TEN, 1000)
