"""Offers that would give more than the bill, or fall where they should rise, cannot be."""

import pytest

from points_mall.coupons.terms import Scope
from points_mall.discounts.errors import OfferNotAllowed
from points_mall.discounts.offers import ThresholdOffer


@pytest.mark.parametrize(
    ("levels", "repeats", "why"),
    [
        ((), False, "at least one level"),
        (((1000, 1001),), False, "never more than its threshold"),
        (((1000, 0),), False, "takes something off"),
        (((1000, 100), (2000, 100)), False, "levels rise"),
        (((2000, 100), (1000, 200)), False, "levels rise"),
        (((1000, 100), (2000, 300)), True, "has one level"),
    ],
)
def test_offers_that_cannot_be(
    levels: tuple[tuple[int, int], ...], repeats: bool, why: str
) -> None:
    with pytest.raises(OfferNotAllowed, match=why):
        ThresholdOffer("m", "满减", "Offer", levels, Scope(), repeats)
