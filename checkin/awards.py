"""What a day brings: its daily rewards and the milestones that it reaches. Pure."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from points_mall.grants.rewards import Reward

from .streaks import DAY, Run, newly_reached
from .terms import EVER, Rewards, Terms

DAILY, STREAK = "daily", "streak"
ALWAYS = date.min
"""The occasion of a milestone that counts all days ever."""

Paid = Mapping[tuple[str, int], AbstractSet[date]]
"""The occasions of milestones paid before, by kind and days."""

NOTHING_PAID: Paid = {}


@dataclass(frozen=True)
class Standing:
    """Where a member stands just before a day is added; the day itself is not counted.

    :param before: days in a row that end the day before.
    :param after: days in a row that begin the day after.
    :param in_month: days checked in or made up in the month of the day.
    :param ever: all of them.
    """

    before: int = 0
    after: int = 0
    in_month: int = 0
    ever: int = 0

    def with_day(self, day: date) -> "Standing":
        """Where the member stands before the next day, once `day` is added."""
        same_month = (day + DAY).month == day.month
        in_month = self.in_month + 1 if same_month else 0
        return Standing(self.before + 1, max(0, self.after - 1), in_month, self.ever + 1)


class Occasion(NamedTuple):
    """One time that a milestone is reached: `streak`, `month` or `ever`, its days, and when."""

    kind: str
    days: int
    on: date


@dataclass(frozen=True)
class Part:
    """Rewards with their cause: the day itself, or a milestone's occasion."""

    rewards: Rewards
    occasion: Occasion | None = None

    @property
    def cause(self) -> str:
        """`daily`, `streak`, `month` or `ever`."""
        return self.occasion.kind if self.occasion else DAILY


@dataclass(frozen=True)
class Award:
    """Everything that a day brings.

    :param streak_days: the run of the day, within its cycle, as long as it is at that day.
    """

    day: date
    streak_days: int
    day_of_cycle: int
    parts: tuple[Part, ...]

    @property
    def occasions(self) -> list[Occasion]:
        """The milestones among the parts."""
        return [part.occasion for part in self.parts if part.occasion]

    @property
    def points(self) -> int:
        """The points of all parts."""
        return sum(reward.points for _, reward in self.rewards())

    def rewards(self) -> Iterator[tuple[Part, Reward]]:
        """Each reward with the part that it belongs to."""
        return ((part, reward) for part in self.parts for reward in part.rewards)

    def rewards_json(self) -> list[dict[str, Any]]:
        """The rewards as the record keeps them, each with its cause."""
        return [{"cause": part.cause, **reward.as_json()} for part, reward in self.rewards()]


def award(
    terms: Terms,
    day: date,
    standing: Standing,
    paid: Paid = NOTHING_PAID,
    *,
    earns_daily: bool = True,
) -> Award:
    """What `day` brings to a member who stands there: the day's own rewards, then milestones.

    A total counts the day itself, and is reached by the one day that makes it full.
    """
    run = terms.cycle.cut(Run(day, standing.before, standing.after))
    streak_days = run.before + 1
    day_of_cycle = terms.cycle.day_of(streak_days)
    parts = [*_streak_parts(terms, run, paid), *_total_parts(terms, day, standing, paid)]
    daily = terms.daily_rewards(day_of_cycle)
    if earns_daily and daily:
        parts.insert(0, Part(daily))
    return Award(day, streak_days, day_of_cycle, tuple(parts))


def _streak_parts(terms: Terms, run: Run, paid: Paid) -> Iterator[Part]:
    for milestone in terms.streaks:
        known = paid.get((STREAK, milestone.days), set())
        for on in newly_reached(terms.cycle, milestone.days, run, known):
            yield Part(milestone.rewards, Occasion(STREAK, milestone.days, on))


def _total_parts(terms: Terms, day: date, standing: Standing, paid: Paid) -> Iterator[Part]:
    for milestone in terms.totals:
        is_ever = milestone.period == EVER
        count = standing.ever if is_ever else standing.in_month
        on = ALWAYS if is_ever else day.replace(day=1)
        if count + 1 == milestone.days and on not in paid.get(
            (milestone.period, milestone.days), ()
        ):
            yield Part(milestone.rewards, Occasion(milestone.period, milestone.days, on))
