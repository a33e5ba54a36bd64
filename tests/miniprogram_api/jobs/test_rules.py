from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.jobs.rules import Patience, told, wait_before_next


@pytest.mark.parametrize(
    ("attempts", "chance", "seconds"),
    [(1, 0.0, 5), (2, 0.0, 20), (3, 0.0, 80), (4, 0.0, 320), (2, 1.0, 10), (9, 0.0, 3600)],
)
def test_each_wait_is_four_times_the_last_up_to_an_hour(
    attempts: int, chance: float, seconds: float
) -> None:
    assert wait_before_next(Patience(), attempts, chance) == timedelta(seconds=seconds)


@given(st.integers(1, 60), st.floats(0, 1))
def test_a_wait_is_never_nothing_and_never_above_the_longest(attempts: int, chance: float) -> None:
    wait = wait_before_next(Patience(), attempts, chance)
    assert timedelta(seconds=2.5) <= wait <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("call 13800138000\nnow", "ValueError: call *** now"),
        ("openid oABCdefGHIjklMNOpqrSTUvwxYZ0 unknown", "ValueError: openid *** unknown"),
        ("token 71_" + "a" * 60, "ValueError: token ***"),
        ("order 20261121000123 is gone", "ValueError: order 20261121000123 is gone"),
    ],
)
def test_an_error_is_told_in_one_line_without_personal_data(text: str, line: str) -> None:
    assert told(ValueError(text)) == line


def test_a_database_error_is_told_without_its_values() -> None:
    error = sa.exc.IntegrityError("INSERT …", {"phone": "13800138000"}, ValueError("phone"))
    assert told(error) == "IntegrityError"


def test_a_long_error_is_cut() -> None:
    assert len(told(ValueError("long " * 1000))) == 500
