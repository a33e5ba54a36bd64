"""Who may draw, and with what: schedule, audience, limits, payment. Pure but for the chance it takes.

The order is told to shoppers: a draw won by "draw again" first, then a free one, then the chance
soonest to expire, then points.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from miniprogram_api.core.errors import DomainError
from points_mall.ledger.errors import InsufficientPoints
from points_mall.stock.errors import Ended, NotStarted
from points_mall.tiers.errors import TierTooLow
from points_mall.tiers.ladder import tier_of_rank

from . import chances
from .chances import Chances, Use
from .errors import NoDrawsLeft, NotForYou
from .versions import Standing, Version

FREE, CHANCE, AGAIN, POINTS = "free", "chance", "again", "points"


@dataclass(frozen=True)
class Person:
    """A member with an open account, as far as an audience asks."""

    joined_at: datetime
    rank: int


@dataclass(frozen=True)
class Counts:
    """How often a member drew on a wheel; see `models.MemberWheel`."""

    draws: int = 0
    since_guaranteed: int = 0
    day: date = date.min
    draws_today: int = 0
    free_today: int = 0

    def on(self, day: date) -> "Counts":
        """The counts as they stand on a day: a new one begins at zero."""
        if day == self.day:
            return self
        return replace(self, day=day, draws_today=0, free_today=0)

    def after(self, paid_by: str, since_guaranteed: int) -> "Counts":
        """The counts after one more draw."""
        counted = int(paid_by != AGAIN)
        return replace(
            self,
            draws=self.draws + counted,
            draws_today=self.draws_today + counted,
            free_today=self.free_today + int(paid_by == FREE),
            since_guaranteed=since_guaranteed,
        )


@dataclass(frozen=True)
class Payment:
    """What a draw is paid with."""

    by: str
    points: int = 0
    use: Use | None = None


def schedule_refusal(wheel: Standing, moment: datetime) -> DomainError | None:
    """Why nobody may draw on a wheel now; None: it is running."""
    if wheel.ends_at is not None and moment >= wheel.ends_at:
        return Ended("the wheel is closed")
    if moment < wheel.version.opens_at:
        return NotStarted(wheel.version.opens_at)
    return None


def refusal(wheel: Standing, person: Person, moment: datetime) -> DomainError | None:
    """Why a member may not draw on a wheel now, whatever they have; None: they may."""
    version = wheel.version
    if closed := schedule_refusal(wheel, moment):
        return closed
    if person.rank < version.min_tier_rank:
        return TierTooLow(tier_of_rank(version.min_tier_rank), tier_of_rank(person.rank))
    if not is_new_enough(version, person, moment):
        return NotForYou(
            f"for members of the first {version.new_member_days} days",
            new_member_days=version.new_member_days,
        )
    return None


def is_new_enough(version: Version, person: Person, moment: datetime) -> bool:
    """Whether a member joined lately enough, where a wheel asks for that."""
    if version.new_member_days is None:
        return True
    return moment < person.joined_at + timedelta(days=version.new_member_days)


def draws_left(version: Version, counts: Counts) -> int | None:
    """How often a member may still draw today by the limits; None: as often as one can pay."""
    left = [
        limit - drawn
        for limit, drawn in (
            (version.daily_limit, counts.draws_today),
            (version.total_limit, counts.draws),
        )
        if limit is not None
    ]
    return max(0, min(left)) if left else None


def free_left(version: Version, counts: Counts) -> int:
    """How many of today's free draws are left, within the limits."""
    free = max(0, version.free_draws_per_day - counts.free_today)
    left = draws_left(version, counts)
    return free if left is None else min(free, left)


def pay(version: Version, counts: Counts, owned: list[Chances], spendable: int) -> Payment:
    """What a member pays the next draw with; a chance that is used is taken from `owned`.

    :raises NoDrawsLeft: the limits are reached, or there is nothing to draw with.
    :raises InsufficientPoints: only points are left to pay with, and there are too few.
    """
    if use := chances.use(owned, version.wheel_id, again=True):
        return Payment(AGAIN, use=use)
    if draws_left(version, counts) == 0:
        raise NoDrawsLeft(
            f"{counts.draws_today} draws today, {counts.draws} in all",
            daily_limit=version.daily_limit,
            total_limit=version.total_limit,
        )
    if counts.free_today < version.free_draws_per_day:
        return Payment(FREE)
    if use := chances.use(owned, version.wheel_id, again=False):
        return Payment(CHANCE, use=use)
    if version.points_cost == 0:
        raise NoDrawsLeft("a draw needs a chance, and there is none")
    if spendable < version.points_cost:
        raise InsufficientPoints(version.points_cost, spendable)
    return Payment(POINTS, version.points_cost)
