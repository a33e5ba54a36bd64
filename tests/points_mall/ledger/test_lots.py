"""Which lots pay: by example, and whatever the lots."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from points_mall.ledger.lots import (
    Lot,
    Share,
    allocate,
    first,
    payment_order,
    soonest_first,
    spendable,
    total,
    without,
)
from tests.campaign import property_settings

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def lot(number: int, points: int, days: int | None = None, held: int = 0) -> Lot:
    return Lot(number, points, points, held, None if days is None else NOW + days * DAY)


def ids(shares: list[Share]) -> list[tuple[int, int]]:
    return [(share.lot.id, share.points) for share in shares]


@st.composite
def some_lots(draw: st.DrawFn) -> list[Lot]:
    """Lots of an account: expired, expiring, everlasting, partly spent, partly held, some new."""
    lots = []
    for number in range(1, draw(st.integers(0, 8)) + 1):
        granted = draw(st.integers(1, 50))
        remaining = draw(st.integers(0, granted))
        days = draw(st.sampled_from([None, -1, 0, 1, 1, 2, 30]))
        expires_at = None if days is None else NOW + days * DAY
        number_or_new = draw(st.sampled_from([number, number, 0]))
        held = draw(st.integers(0, remaining))
        lots.append(Lot(number_or_new, granted, remaining, held, expires_at))
    return draw(st.permutations(lots))


# ------------------------------------------------------------------ by example


def test_the_lot_that_expires_first_pays_first_and_the_everlasting_last() -> None:
    lots = [lot(1, 10), lot(2, 10, days=30), lot(3, 10, days=3)]
    assert ids(allocate(lots, 25, NOW)) == [(3, 10), (2, 10), (1, 5)]


def test_of_lots_that_expire_together_the_oldest_pays_first() -> None:
    lots = [lot(0, 10, days=3), lot(7, 10, days=3), lot(5, 10, days=3)]
    assert ids(allocate(lots, 25, NOW)) == [(5, 10), (7, 10), (0, 5)]


def test_a_lot_pays_until_the_moment_of_its_expiry_and_not_at_it() -> None:
    ending = lot(1, 10, days=1)
    assert ids(allocate([ending], 1, NOW + DAY - timedelta(microseconds=1))) == [(1, 1)]
    assert ids(allocate([ending], 1, NOW + DAY)) == []


def test_held_points_do_not_pay() -> None:
    assert ids(allocate([lot(1, 10, held=7), lot(2, 10)], 5, NOW)) == [(1, 3), (2, 2)]


def test_less_is_spread_when_there_is_less() -> None:
    assert total(allocate([lot(1, 10)], 25, NOW)) == 10


def test_the_first_points_come_from_the_first_shares() -> None:
    shares = [Share(lot(1, 10), 10), Share(lot(2, 10), 10)]
    assert ids(first(shares, 12)) == [(1, 10), (2, 2)]
    assert ids(first(shares[::-1], 12)) == [(2, 10), (1, 2)]
    assert ids(first(shares, 0)) == []


def test_what_is_taken_is_left_out() -> None:
    one, two = lot(1, 10), lot(2, 10)
    assert ids(without([Share(one, 10), Share(two, 10)], [Share(one, 10), Share(two, 4)])) == [
        (2, 6)
    ]


# ------------------------------------------------------------------ whatever the lots


@property_settings(200)
@given(lots=some_lots(), points=st.integers(0, 200))
def test_an_allocation_is_whole_and_takes_nothing_that_is_not_free(
    lots: list[Lot], points: int
) -> None:
    shares = allocate(lots, points, NOW)
    assert total(shares) == min(points, spendable(lots, NOW))
    assert all(0 < share.points <= share.lot.free for share in shares)
    assert all(share.lot.is_open(NOW) for share in shares)
    assert len({id(share.lot) for share in shares}) == len(shares)


@property_settings(200)
@given(lots=some_lots(), points=st.integers(0, 200))
def test_no_later_lot_pays_while_an_earlier_one_could(lots: list[Lot], points: int) -> None:
    paid = {id(share.lot): share.points for share in allocate(lots, points, NOW)}
    in_order = [each for each in soonest_first(lots) if each.is_open(NOW) and each.free]
    emptied = [paid.get(id(each), 0) == each.free for each in in_order]
    touched = [id(each) in paid for each in in_order]
    assert emptied == sorted(emptied, reverse=True)
    assert touched == sorted(touched, reverse=True)


@property_settings(200)
@given(lots=some_lots(), one=st.integers(0, 100), other=st.integers(0, 100))
def test_two_debits_draw_what_one_of_both_would(lots: list[Lot], one: int, other: int) -> None:
    at_once: dict[int, int] = {id(each): part for each, part in allocate(lots, one + other, NOW)}
    in_turn: dict[int, int] = {}
    for points in (one, other):
        for each, part in allocate(lots, points, NOW):
            each.change(remaining=-part)
            in_turn[id(each)] = in_turn.get(id(each), 0) + part
    assert in_turn == at_once


@property_settings(200)
@given(lots=some_lots(), points=st.integers(0, 200), part=st.integers(0, 200))
def test_what_is_first_and_what_is_left_are_everything(
    lots: list[Lot], points: int, part: int
) -> None:
    shares = allocate(lots, points, NOW)
    taken = first(shares, part)
    assert total(taken) == min(part, total(shares))
    assert total(taken) + total(without(shares, taken)) == total(shares)
    assert without(without(shares, taken), without(shares, taken)) == []


@property_settings(100)
@given(lots=some_lots())
def test_the_order_of_payment_does_not_depend_on_how_lots_are_listed(lots: list[Lot]) -> None:
    expected = [payment_order(each) for each in soonest_first(lots)]
    assert [payment_order(each) for each in soonest_first(lots[::-1])] == expected
    endless = [each.expires_at is None for each in soonest_first(lots)]
    assert endless == sorted(endless)
