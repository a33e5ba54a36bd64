"""How many of the points that are out will expire: told from cohorts that have run their course. Pure.

A cohort is what was issued in one calendar month and can expire. It is *ripe* when the last of it
could last be spent before today. Of what ripe cohorts kept (issued, less what refunds took back),
the share that expired is the rate. The same share of what the other cohorts kept is expected to
expire, less what of them has expired already, and never more than what is still out.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Cohort:
    """What was issued in a month, counted for those points that can expire.

    :param month_on: the first of that month.
    :param kept_points: issued, less what refunds took back.
    """

    month_on: date
    last_on: date
    kept_points: int
    expired_points: int
    outstanding_points: int


@dataclass(frozen=True)
class Breakage:
    """What is expected to expire, and what that rests on.

    :param rate_bp: share of ripe points that expired; None where no cohort is ripe yet.
    :param expected_points: of those outstanding; None likewise.
    """

    rate_bp: int | None
    expected_points: int | None
    ripe_months: int
    ripe_kept_points: int
    ripe_expired_points: int
    open_kept_points: int
    open_expired_points: int
    open_outstanding_points: int


def estimate(cohorts: Iterable[Cohort], today: date) -> Breakage:
    """What of the outstanding points will expire, judged by the months that are over."""
    months = list(cohorts)
    last = _last_days(months)
    ripe = [one for one in months if last[one.month_on] < today]
    still_open = [one for one in months if last[one.month_on] >= today]
    kept, expired = _sums(ripe)
    open_kept, open_expired = _sums(still_open)
    outstanding = sum(one.outstanding_points for one in still_open)
    expected = None
    if kept > 0:
        expected = min(outstanding, max(0, open_kept * expired // kept - open_expired))
    return Breakage(
        rate_bp=expired * 10_000 // kept if kept > 0 else None,
        expected_points=expected,
        ripe_months=len({one.month_on for one in ripe}),
        ripe_kept_points=kept,
        ripe_expired_points=expired,
        open_kept_points=open_kept,
        open_expired_points=open_expired,
        open_outstanding_points=outstanding,
    )


def _last_days(cohorts: Iterable[Cohort]) -> dict[date, date]:
    """When the longest-lived points of each month can last be spent."""
    last: dict[date, date] = defaultdict(lambda: date.min)
    for one in cohorts:
        last[one.month_on] = max(last[one.month_on], one.last_on)
    return last


def _sums(cohorts: Iterable[Cohort]) -> tuple[int, int]:
    items = list(cohorts)
    return sum(one.kept_points for one in items), sum(one.expired_points for one in items)
