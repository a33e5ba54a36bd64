"""What the merchant's pages do with the check-in rule: draw a week of it, tell what it costs, publish it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from miniprogram_api.core.clock import now, starts_at, today
from miniprogram_api.core.db import db
from miniprogram_api.core.settings import settings
from miniprogram_api.http.language import language
from miniprogram_api.merchant.forms import Form
from miniprogram_api.merchant.versions import RuleBook, Version, day_asked
from miniprogram_api.staff import audit
from points_mall.grants import kinds, merchant_rewards
from points_mall.grants.rewards import POINTS, Reward

from . import rule_book
from .awards import DAILY, Award, Standing, award
from .merchant_form import WORDS, form_of, read
from .rule_book import FIRST_RULE
from .streaks import DAY
from .terms import EVER, Terms

WEEK = 7
STEADY_WEEKS = 12
"""So many weeks of somebody who comes every day make an average week; the first is a newcomer's."""


@dataclass(frozen=True)
class Shown:
    """A day of the strip: what it brings, and which milestones it reaches."""

    number: int
    daily: Sequence[str]
    reached: Sequence[tuple[str, int, Sequence[str]]]

    @property
    def is_milestone(self) -> bool:
        """Whether it brings more than its daily rewards."""
        return bool(self.reached)


def versions() -> Sequence[Version]:
    """Every version, the newest first; a shop without any has the first rule."""
    taken_back = rule_book.withdrawn(db.session())
    found = [
        Version(row.version, starts_at(row.effective_on), row.terms, row.note, row.actor,
                row.created_at, taken_back.get(row.version))
        for row in rule_book.versions(db.session())
    ]  # fmt: skip
    first = FIRST_RULE
    begins = starts_at(first.effective_on)
    return found or [Version(first.version, begins, first.terms.as_json())]


def publish(terms: Terms, own: Form, reason: str) -> Version:
    """Publish a rule from the day that was asked for, or from tomorrow."""
    day = day_asked(own, today() + timedelta(days=1))
    rule = rule_book.publish(terms, day, note=reason, actor=audit.actor())
    stored = rule.terms.as_json()
    begins = starts_at(rule.effective_on)
    return Version(rule.version, begins, stored, reason, audit.actor(), now())


def withdraw(version: int, reason: str) -> None:
    """Take a rule back before it begins."""
    rule_book.withdraw(version, note=reason, actor=audit.actor())


def preview(terms: Terms, _own: Form) -> dict[str, Any]:
    """The first seven days of somebody who comes every day, and what a week costs."""
    days = _every_day(terms, _monday())
    first, all_points = days[:WEEK], sum(day.points for day in days)
    steady = -(-(all_points - sum(day.points for day in first)) // (STEADY_WEEKS - 1))
    per_yuan = settings().points_per_yuan
    return {
        "days": [_shown(number, day) for number, day in enumerate(first, start=1)],
        "first_week": sum(day.points for day in first),
        "steady_week": steady,
        "steady_fen": steady * 100 // per_yuan if per_yuan else None,
        "others": _others(days, WEEK * STEADY_WEEKS),
        "milestones": _milestones(terms),
        "make_up": terms.make_up,
        "told": told,
    }


def _monday() -> date:
    """The first day of this week: cycles of weeks begin there."""
    return today() - today().weekday() * DAY


def _every_day(terms: Terms, first: date) -> list[Award]:
    """What each day of many weeks brings to a newcomer who misses none."""
    standing, days = Standing(), []
    for number in range(WEEK * STEADY_WEEKS):
        day = first + number * DAY
        days.append(award(terms, day, standing))
        standing = standing.with_day(day)
    return days


def _shown(number: int, day: Award) -> Shown:
    reached = [
        (part.cause, part.occasion.days if part.occasion else 0, told(part.rewards))
        for part in day.parts
        if part.cause != DAILY
    ]
    daily = [text for part in day.parts if part.cause == DAILY for text in told(part.rewards)]
    return Shown(number, daily, reached)


def told(rewards: Sequence[Reward]) -> list[str]:
    """Rewards in people's words."""
    return [
        f"+{one.amount}"
        if one.kind == POINTS
        else f"{kinds.name_of(one.kind, language())} ×{one.amount}"
        for one in rewards
    ]


def _others(days: Sequence[Award], count: int) -> list[tuple[str, int]]:
    """What a hundred days bring beside points, by kind."""
    sums: dict[str, int] = {}
    for day in days:
        for _, reward in day.rewards():
            if reward.kind != POINTS:
                name = kinds.name_of(reward.kind, language())
                sums[name] = sums.get(name, 0) + reward.amount
    return [(name, amount * 100 // count) for name, amount in sums.items()]


def _milestones(terms: Terms) -> list[tuple[str, int, list[str]]]:
    totals = sorted(terms.totals, key=lambda one: (one.period == EVER, one.days))
    return [
        *(("streak", one.days, told(one.rewards)) for one in terms.streaks),
        *((one.period, one.days, told(one.rewards)) for one in totals),
    ]


def _facts() -> dict[str, Any]:
    rule = rule_book.in_force(db.session(), today())
    return {"rule": rule, **preview(rule.terms, Form())}


def _choices() -> dict[str, Any]:
    return {
        "kinds": merchant_rewards.choices(),
        "named": merchant_rewards.named(),
        "tomorrow": today() + timedelta(days=1),
    }


CHECKIN_RULE = RuleBook(
    kind="checkin_rule",
    called=("签到规则", "Check-in rule"),
    address="/admin/check-in",
    folder="checkin",
    words=WORDS,
    versions=versions,
    form_of=form_of,
    read=read,
    publish=publish,
    withdraw=withdraw,
    preview=preview,
    facts=_facts,
    choices=_choices,
)
