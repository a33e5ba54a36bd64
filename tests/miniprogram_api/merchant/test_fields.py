"""What people type in yuan, times and per cent is meant in fen and basis points, exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from miniprogram_api.merchant.fields import Percent, Scaled, Times, Yuan, fen_typed

RATE, MULTIPLIER, PRICE = Percent(0, 10_000), Times(10_000, 1_000_000), Yuan(0)


@pytest.mark.parametrize(
    ("field", "typed", "meant"),
    [
        (PRICE, "0", 0),
        (PRICE, "19.9", 1990),
        (PRICE, "19.90", 1990),
        (PRICE, "100000000", 100_000_000_00),
        (MULTIPLIER, "1", 10_000),
        (MULTIPLIER, "1.5", 15_000),
        (MULTIPLIER, "1.2345", 12_345),
        (MULTIPLIER, "100", 1_000_000),
        (RATE, "0.5", 50),
        (RATE, "100", 10_000),
    ],
)
def test_a_number_is_meant_in_its_small_unit(field: Scaled, typed: str, meant: int) -> None:
    assert field.deserialize(typed) == meant


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        (PRICE, "1.999", "Not an amount in yuan: 19.90."),
        (PRICE, "-1", "Not an amount in yuan: 19.90."),
        (PRICE, "1e3", "Not an amount in yuan: 19.90."),
        (PRICE, "１０", "Not an amount in yuan: 19.90."),
        (MULTIPLIER, "两倍", "Not a number with at most 4 decimals."),
        (MULTIPLIER, "0.9999", "Must be greater than or equal to 1 and less than or equal to 100."),
        (MULTIPLIER, "100.0001", "Must be greater than or equal to 1 and less than or equal to 100."),
        (RATE, "100.01", "Must be greater than or equal to 0 and less than or equal to 100."),
        (RATE, "0.125", "Not a number with at most 2 decimals."),
    ],
)  # fmt: skip
def test_what_is_none_or_past_its_limits_is_refused_in_the_unit_that_was_typed(
    field: Scaled, typed: str, said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        field.deserialize(typed)
    assert refused.value.messages == [said]


@given(st.integers(0, 100_000_000_00))
def test_an_amount_that_is_shown_is_read_back(fen: int) -> None:
    shown = PRICE._serialize(fen, None, None)
    assert fen_typed(shown) == fen


@given(st.integers(10_000, 1_000_000))
def test_a_multiplier_that_is_shown_is_read_back(multiplier_bp: int) -> None:
    assert MULTIPLIER.deserialize(MULTIPLIER._serialize(multiplier_bp, None, None)) == multiplier_bp
