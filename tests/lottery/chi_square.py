"""Pearson's chi-square, and the band that it keeps 999 times in 1,000 when the odds are true."""

from collections.abc import Mapping

BANDS = {
    2: (0.0010, 15.2018),
    3: (0.0153, 17.7300),
    6: (0.2994, 24.1028),
    996: (855.656, 1149.443),
}
"""By degrees of freedom: the 0.05 % and the 99.95 % quantile. Below is too good to be chance."""


def chi_square(counts: Mapping[int, int], weights: Mapping[int, int]) -> float:
    draws, total = sum(counts.values()), sum(weights.values())
    return sum(
        (counts.get(key, 0) - draws * weight / total) ** 2 / (draws * weight / total)
        for key, weight in weights.items()
    )


def lies_in_the_band(counts: Mapping[int, int], weights: Mapping[int, int]) -> bool:
    least, most = BANDS[len(weights) - 1]
    return least <= chi_square(counts, weights) <= most
