"""Eight processes post to twenty accounts at once, as fast as they can."""

from dataclasses import replace

import pytest

from tests.campaign import report, times

from .crowd import Crowd, judge
from .history import History
from .shopper import Errand

PROCESSES, CALLS = 8, 200
SECONDS = 100


@pytest.mark.slow
@pytest.mark.timeout(times(400))
def test_a_crowd_leaves_a_ledger_that_is_right(errand: Errand) -> None:
    crowd = Crowd.start(
        replace(errand, processes=list(range(1, PROCESSES + 1)), calls=times(CALLS))
    )
    try:
        assert crowd.wait(times(SECONDS)) == [0] * PROCESSES
    finally:
        crowd.end()
    counts = judge(History(errand.history))
    report(f"{dict(sorted(counts.items()))}")
    assert counts["done"] == counts["begun"] == PROCESSES * times(CALLS)
    for kind in ("credit", "debit", "hold", "capture", "void", "mature", "reverse", "restore"):
        assert counts[kind] > 0, f"nothing was tried: no {kind}"
