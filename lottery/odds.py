"""Integer weights: what they must be, which prize a number falls on, and the odds in words.

The odds that are published and the odds that draw are the same integers. Pure: no table, no clock,
no request.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

TOTAL_MAX = 1_000_000_000
"""The finest wheel: odds of one in a thousand million."""
_DECIMALS_LEAST, _DECIMALS_EXACT, _DIGITS = 4, 9, 4


class BadWeights(ValueError):
    """The weights make no wheel; the message says why, with the numbers in it."""


class Slot(NamedTuple):
    """A place on the wheel, and its share of the total."""

    position: int
    weight: int


def check_weights(weights: Sequence[int], total: int) -> None:
    """Refuse weights that do not make a wheel.

    :raises BadWeights: unless all are whole numbers of at least 0, at least one is above 0, and
        they add up to the declared total, which lies between 1 and 1,000,000,000.
    """
    if not _is_whole(total) or not 1 <= total <= TOTAL_MAX:
        raise BadWeights(f"the total of the weights must lie between 1 and {TOTAL_MAX}: {total}")
    for weight in weights:
        if not _is_whole(weight):
            raise BadWeights(f"a weight must be a whole number: {weight!r}")
        if weight < 0:
            raise BadWeights(f"a weight must not be negative: {weight}")
    if sum(weights) != total:
        raise BadWeights(f"the weights add up to {sum(weights)}, but the total says {total}")


def ladder(slots: Iterable[Slot]) -> tuple[list[int], list[int]]:
    """The wheel unrolled, by position: where each slot ends, and whose end it is."""
    ordered = sorted(slots)
    return list(accumulate(slot.weight for slot in ordered)), [slot.position for slot in ordered]


def pick(slots: Iterable[Slot], number: int) -> int:
    """The position that a draw's number falls on.

    In order of position each slot owns as many numbers as it has weight, from 0; a slot of weight
    0 owns none.

    :raises ValueError: if the number lies outside the wheel.
    """
    ends, positions = ladder(slots)
    if not ends or not 0 <= number < ends[-1]:
        raise ValueError(f"the number {number} lies outside the wheel")
    return positions[bisect_right(ends, number)]


def guaranteed(slots: Iterable[Slot], positions: Collection[int]) -> tuple[list[Slot], int]:
    """The wheel reduced to the guaranteed prizes, with their own weights, and its total.

    :raises BadWeights: if none of them can be drawn.
    """
    kept = [slot for slot in sorted(slots) if slot.position in positions]
    total = sum(slot.weight for slot in kept)
    if total == 0:
        raise BadWeights("a guarantee needs a prize with a weight above 0")
    return kept, total


def odds(weight: int, total: int) -> Fraction:
    """The odds themselves, from 0 to 1."""
    return Fraction(weight, total)


def odds_text(weight: int, total: int) -> str:
    """The odds as a percentage: "0.01%", "33.3333%".

    Exact wherever nine decimals can say it, otherwise rounded to four decimals, or to more when
    four would not tell it from never or from always.
    """
    return _decimal(odds(weight, total) * 100, 100) + "%"


def odds_bp(weight: int, total: int) -> Fraction:
    """The odds in basis points: 1 is 0.01 %."""
    return odds(weight, total) * 10_000


def odds_bp_text(weight: int, total: int) -> str:
    """The odds in basis points as a decimal: "1" for 0.01 %, "3333.3333" for one in three."""
    return _decimal(odds_bp(weight, total), 10_000)


def _decimal(value: Fraction, whole: int) -> str:
    """A share of `whole` as a decimal without idle zeros."""
    scale: int = 10**_DECIMALS_EXACT
    if (value * scale).denominator == 1:
        return _written(int(value * scale), _DECIMALS_EXACT)
    edge = min(value, whole - value)
    decimals = _DECIMALS_LEAST
    while edge * 10**decimals < 10 ** (_DIGITS - 1):
        decimals += 1
    return _written(round(value * 10**decimals), decimals)


def _written(scaled: int, decimals: int) -> str:
    """10234 with 4 decimals is "1.0234"; 10000 is "1"."""
    digits = str(scaled).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}".rstrip("0").rstrip(".")


def _is_whole(value: object) -> bool:
    """True is no weight, and 1.0 is none: what is saved and hashed is an integer."""
    return isinstance(value, int) and not isinstance(value, bool)
