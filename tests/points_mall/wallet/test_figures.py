"""What comes in repays first, what is missing is taken from the other part, and then is owed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points_mall.wallet.figures import Figures
from tests.campaign import property_settings

FEN = st.integers(0, 1000)
FIGURES = st.one_of(
    st.builds(Figures, FEN, FEN, st.just(0)),
    st.builds(Figures, st.just(0), st.just(0), FEN),
)
GIVEN = st.tuples(FEN, FEN)
MOVED = st.one_of(GIVEN, GIVEN.map(lambda parts: (-parts[0], -parts[1])))


@pytest.mark.parametrize(
    ("before", "moved", "after"),
    [
        ((0, 0, 0), (100, 20), (100, 20, 0)),
        ((100, 20, 0), (-30, -20), (70, 0, 0)),
        ((0, 0, 50), (100, 20), (70, 0, 0)),  # all the bonus and 30 of the principal repay
        ((0, 0, 50), (0, 20), (0, 0, 30)),
        ((0, 0, 50), (0, 80), (0, 30, 0)),
        ((50, 0, 0), (0, -20), (30, 0, 0)),  # a bonus that was spent is owed by the principal
        ((0, 50, 0), (-20, 0), (0, 30, 0)),
        ((70, 0, 0), (-100, -20), (0, 0, 50)),
        ((0, 0, 50), (-10, -5), (0, 0, 65)),
    ],
)
def test_figures_move_as_written(
    before: tuple[int, int, int], moved: tuple[int, int], after: tuple[int, int, int]
) -> None:
    assert Figures(*before).moved(*moved) == Figures(*after)


def worth(figures: Figures) -> int:
    return figures.principal_fen + figures.bonus_fen - figures.debt_fen


@given(FIGURES, MOVED)
@property_settings(300)
def test_no_fen_is_made_or_lost_and_whoever_owes_has_nothing(
    before: Figures, moved: tuple[int, int]
) -> None:
    after = before.moved(*moved)
    assert worth(after) == worth(before) + sum(moved)
    assert min(after) >= 0
    assert after.debt_fen == 0 or after.balance_fen == 0


@given(FIGURES, st.permutations([(-7, 0), (0, -5), (-30, -2), (-1, -40)]))
@property_settings(300)
def test_what_refunds_take_back_leaves_the_same_in_whatever_order(
    before: Figures, takes: list[tuple[int, int]]
) -> None:
    after = before
    for take in takes:
        after = after.moved(*take)
    assert after == before.moved(-38, -47)
