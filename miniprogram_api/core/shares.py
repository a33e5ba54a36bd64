"""Dividing whole numbers without losing one: shares of a total, and what of it is due so far."""

from collections.abc import Sequence


def share_so_far(total: int, done: int, whole: int) -> int:
    """What of `total` is due when `done` of `whole` has happened, rounded down.

    Taken as a running figure, the parts of any number of steps add up to `total` at the end. Where
    there is no whole to measure by, all of it is due.
    """
    if whole == 0:
        return total
    return total * done // whole


def allot(total: int, weights: Sequence[int]) -> list[int]:
    """Divide `total` in the measure of `weights`, by largest remainder; the parts sum to `total`.

    Of equal remainders the first is served first. Where no weight counts, the first takes all.
    """
    whole = sum(weights)
    if whole == 0:
        return [total if place == 0 else 0 for place in range(len(weights))]
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: -(total * weights[place] % whole))
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts
