"""Movements that the ledger posts in a second, by the size of a batch; without HTTP."""

import itertools
import time
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from benchmarks import people
from miniprogram_api.core.db import transaction
from points_mall.ledger import posting
from points_mall.ledger.movements import Credit, Debit, Movement, Posted
from points_mall.ledger.reasons import ADJUSTMENT

BATCHES = (1, 16, 256)
ROUNDS = 3
_numbers = itertools.count()


def measured(seconds: float) -> dict[str, Any]:
    """Movements a second, one transaction a batch: half of them debits, each of another member."""
    members = itertools.cycle(people.gathered(512, 0).regulars)
    _post(members, 16)  # what is read, built and planned once
    found: dict[int, list[float]] = {size: [] for size in BATCHES}
    for _ in range(ROUNDS):
        for size in BATCHES:
            found[size].append(_speed(members, size, seconds))
    return {str(size): round(median(speeds), 1) for size, speeds in found.items()}


def _speed(members: Iterator[int], size: int, seconds: float) -> float:
    started = time.perf_counter()
    posted = 0
    while time.perf_counter() < started + seconds:
        posted += _post(members, size)
    return posted / (time.perf_counter() - started)


def _post(members: Iterator[int], size: int) -> int:
    movements = [_movement(next(members), next(_numbers)) for _ in range(size)]
    with transaction():
        answers: Sequence[object] = posting.post(movements)
    assert all(isinstance(answer, Posted) for answer in answers), answers
    return size


def _movement(member: int, number: int) -> Movement:
    why = {"rule": "bench", "n": number}
    if number % 2:
        return Credit(member, 5, ADJUSTMENT, f"bench:credit:{number}", explanation=why)
    return Debit(member, 5, ADJUSTMENT, f"bench:debit:{number}", why)
