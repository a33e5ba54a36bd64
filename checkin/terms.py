"""What a check-in rule says. Pure: no database, no clock, no request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from points_mall.grants.rewards import Reward, reward_from_json

from .errors import RuleNotAllowed
from .streaks import Cycle, CycleKind

MONTH, EVER = "month", "ever"
PERIODS = (MONTH, EVER)
MOST_DAYS = 366
Rewards = tuple[Reward, ...]


@dataclass(frozen=True)
class StreakMilestone:
    """So many days in a row bring these rewards, beside the daily ones."""

    days: int
    rewards: Rewards


@dataclass(frozen=True)
class TotalMilestone:
    """So many days, in a row or not, within a month or ever, bring these rewards."""

    days: int
    period: str
    rewards: Rewards


@dataclass(frozen=True)
class MakeUpTerms:
    """How missed days are made up.

    :param days_back: how far back; 0: not at all.
    :param per_month: how many in one month of the shop.
    :param points_cost: what one costs without a card; None: only a card pays.
    :param earns_daily: whether the day's own daily reward is given as well.
    :param before_joining: whether days before the member joined can be made up.
    """

    days_back: int = 7
    per_month: int = 3
    points_cost: int | None = 20
    accepts_cards: bool = True
    earns_daily: bool = True
    before_joining: bool = True

    def first_day(self, today: date, joined_on: date) -> date:
        """The earliest day that can be made up today."""
        earliest = date.fromordinal(today.toordinal() - self.days_back)
        return earliest if self.before_joining else max(earliest, joined_on)


@dataclass(frozen=True)
class Terms:
    """One rule, whole: the daily rewards of the cycle (the last one goes on), milestones, make-ups."""

    cycle: Cycle
    daily: tuple[Rewards, ...]
    streaks: tuple[StreakMilestone, ...] = ()
    totals: tuple[TotalMilestone, ...] = ()
    make_up: MakeUpTerms = MakeUpTerms()

    def daily_rewards(self, day_of_cycle: int) -> Rewards:
        """The rewards of a day of the cycle, from 1."""
        return self.daily[min(day_of_cycle, len(self.daily)) - 1]

    def all_rewards(self) -> Iterator[Rewards]:
        """Every list of rewards that the rule promises."""
        yield from self.daily
        yield from (milestone.rewards for milestone in self.streaks)
        yield from (milestone.rewards for milestone in self.totals)

    def as_json(self) -> dict[str, Any]:
        """As it is stored, shown and written by hand."""
        cycle = {"kind": str(self.cycle.kind), "days": self.cycle.days}
        return {
            "cycle": {name: value for name, value in cycle.items() if value is not None},
            "daily": [_spelt(rewards) for rewards in self.daily],
            "streaks": [{"days": one.days, "rewards": _spelt(one.rewards)} for one in self.streaks],
            "totals": [
                {"days": one.days, "period": one.period, "rewards": _spelt(one.rewards)}
                for one in self.totals
            ],
            "make_up": dict(vars(self.make_up)),
        }


def terms_from_json(given: Mapping[str, Any]) -> Terms:
    """The terms that `as_json` spelt."""
    cycle = given["cycle"]
    return Terms(
        Cycle(CycleKind(cycle["kind"]), cycle.get("days")),
        tuple(_rewards(one) for one in given["daily"]),
        tuple(StreakMilestone(one["days"], _rewards(one["rewards"])) for one in given["streaks"]),
        tuple(
            TotalMilestone(one["days"], one["period"], _rewards(one["rewards"]))
            for one in given["totals"]
        ),
        MakeUpTerms(**given["make_up"]),
    )


def _spelt(rewards: Rewards) -> list[dict[str, Any]]:
    return [reward.as_json() for reward in rewards]


def _rewards(given: Any) -> Rewards:
    return tuple(reward_from_json(one) for one in given)


def check_terms(terms: Terms) -> None:
    """See that the parts of a rule fit together; whether its rewards can be given is not asked here.

    :raises RuleNotAllowed: they do not, and why.
    """
    for objection in _objections(terms):
        raise RuleNotAllowed(objection)


def _objections(terms: Terms) -> Iterator[str]:
    cycle, longest = terms.cycle, terms.cycle.longest or MOST_DAYS
    if cycle.kind == CycleKind.ROLLING and not 1 <= (cycle.days or 0) <= MOST_DAYS:
        yield f"a rolling cycle has 1 to {MOST_DAYS} days"
    if cycle.kind != CycleKind.ROLLING and cycle.days is not None:
        yield f"a {cycle.kind} cycle has no number of days of its own"
    if not 1 <= len(terms.daily) <= longest:
        yield f"daily rewards: 1 to {longest} days, not {len(terms.daily)}"
    for rewards in terms.all_rewards():
        if len({(reward.kind, reward.item) for reward in rewards}) < len(rewards):
            yield "one list of rewards names the same thing twice"
    yield from _streak_objections(terms, longest)
    yield from _total_objections(terms)
    yield from _make_up_objections(terms.make_up)


def _streak_objections(terms: Terms, longest: int) -> Iterator[str]:
    if len({one.days for one in terms.streaks}) < len(terms.streaks):
        yield "a streak milestone is named twice"
    for one in terms.streaks:
        if not 1 <= one.days <= longest:
            yield f"a streak milestone lies within the cycle: 1 to {longest} days, not {one.days}"
        if not one.rewards:
            yield "a milestone without rewards is none"


def _total_objections(terms: Terms) -> Iterator[str]:
    if len({(one.period, one.days) for one in terms.totals}) < len(terms.totals):
        yield "a total is named twice"
    for one in terms.totals:
        most = {MONTH: 31, EVER: 36_600}.get(one.period, 0)
        if not 1 <= one.days <= most:
            yield f"a total of {one.period!r} lies between 1 and {most} days, not {one.days}"
        if not one.rewards:
            yield "a milestone without rewards is none"


def _make_up_objections(make_up: MakeUpTerms) -> Iterator[str]:
    if not 0 <= make_up.days_back <= MOST_DAYS or not 0 <= make_up.per_month <= MOST_DAYS:
        yield f"make-ups: days back and number in a month are 0 to {MOST_DAYS}"
    if make_up.points_cost is not None and make_up.points_cost < 0:
        yield "a make-up cannot cost less than nothing"
    if make_up.points_cost is None and not make_up.accepts_cards and make_up.days_back:
        yield "a make-up must be paid by something: points or cards"


def _points(amount: int) -> Rewards:
    return (Reward("points", amount),)


FIRST_TERMS = Terms(
    cycle=Cycle(CycleKind.ROLLING, 7),
    daily=tuple(_points(amount) for amount in (5, 5, 10, 10, 15, 15, 30)),
    streaks=(
        StreakMilestone(3, _points(10)),
        StreakMilestone(7, _points(50)),
    ),
    totals=(
        TotalMilestone(1, EVER, (Reward("make_up_card", 1),)),
        TotalMilestone(15, MONTH, _points(60)),
        TotalMilestone(25, MONTH, (Reward("points", 100), Reward("make_up_card", 1))),
    ),
    make_up=MakeUpTerms(),
)
"""The rule of a new shop. The first check-in ever brings a card, so a newcomer can mend yesterday."""
