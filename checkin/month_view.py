"""A month of a member's check-ins in one reading: what was, what is left, what is to come.

Nothing is written. The days to come show what they bring to a member who comes every day.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import clock
from miniprogram_api.core.db import db
from miniprogram_api.members.models import Member

from . import cards, rule_book, standings
from .awards import award
from .models import CheckIn
from .rule_book import Rule
from .standings import Figures
from .streaks import DAY, current_streak
from .terms import EVER, Rewards, Terms

FORESEEN_DAYS = 62
"""How far ahead we tell what a day brings: this month and the next."""

_DAYS = sa.select(CheckIn.day, CheckIn.made_up, CheckIn.points).where(
    CheckIn.member_id == sa.bindparam("member_id"),
    CheckIn.day >= sa.bindparam("first", type_=sa.Date),
    CheckIn.day <= sa.bindparam("last", type_=sa.Date),
)
_MADE_UP_SINCE = sa.select(sa.func.count()).where(
    CheckIn.member_id == sa.bindparam("member_id"),
    CheckIn.made_up,
    CheckIn.created_at >= sa.bindparam("since", type_=CheckIn.__table__.c.created_at.type),
)


@dataclass(frozen=True)
class DayShown:
    """A day of the calendar; `reward_points` are those it brought, or will; None: not known yet."""

    date: date
    checked_in: bool
    made_up: bool
    can_make_up: bool
    reward_points: int | None


@dataclass(frozen=True)
class MilestoneShown:
    """A milestone and how far it is; `period` is None for days in a row."""

    kind: str
    days: int
    period: str | None
    rewards: Rewards
    reached: bool
    days_left: int


@dataclass(frozen=True)
class MakeUpsShown:
    """What the member can make up now."""

    cards: int
    points_cost: int | None
    left_this_month: int
    earliest: date | None


@dataclass(frozen=True)
class MonthShown:
    """What the calendar page needs, whole."""

    month: date
    today: date
    checked_in_today: bool
    streak_days: int
    total_days: int
    days: Sequence[DayShown]
    milestones: Sequence[MilestoneShown]
    make_up: MakeUpsShown
    server_time: datetime


def month_view(member_id: int, month: date | None = None) -> MonthShown:
    """The calendar of a month, this one unless told; in a constant number of statements.

    :param month: its first day.
    """
    session, moment = db.session(), clock.now()
    today = clock.to_day(moment)
    first = month or today.replace(day=1)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    figures = standings.figures(session, [member_id], today)[member_id]
    rules = rule_book.from_day_on(session, today, min(last, today + FORESEEN_DAYS * DAY))
    rule = rules[-1]
    make_up = _make_ups(session, member_id, rule.terms, today)
    own = _own_days(session, member_id, first, last)
    coming = dict(_coming(rules, today, figures))
    return MonthShown(
        month=first,
        today=today,
        checked_in_today=figures.checked_in,
        streak_days=_streak(rule.terms, today, figures),
        total_days=figures.ever,
        days=[
            _shown(day, own.get(day), today, make_up.earliest, coming.get(day))
            for day in _days_between(first, last)
        ],
        milestones=[*_streak_milestones(rule.terms, today, figures), *_totals(rule.terms, figures)],
        make_up=make_up,
        server_time=moment,
    )


def _days_between(first: date, last: date) -> list[date]:
    return [date.fromordinal(one) for one in range(first.toordinal(), last.toordinal() + 1)]


def _own_days(session: Session, member_id: int, first: date, last: date) -> dict[date, Any]:
    rows = session.execute(_DAYS, {"member_id": member_id, "first": first, "last": last})
    return {row.day: row for row in rows}


def _streak(terms: Terms, today: date, figures: Figures) -> int:
    before = figures.standing.before
    return current_streak(terms.cycle, today, before, checked_in=figures.checked_in)


def _shown(day: date, own: Any, today: date, earliest: date | None, coming: int | None) -> DayShown:
    if own is not None:
        return DayShown(day, checked_in=True, made_up=own.made_up, can_make_up=False,
                        reward_points=own.points)  # fmt: skip
    is_past = day < today
    can_make_up = is_past and earliest is not None and day >= earliest
    return DayShown(day, checked_in=False, made_up=False, can_make_up=can_make_up,
                    reward_points=0 if is_past else coming)  # fmt: skip


def _coming(rules: Sequence[Rule], today: date, figures: Figures) -> Iterator[tuple[date, int]]:
    """The points of each day from the next one on, for a member who comes every day.

    Milestones of earlier days are taken as paid: what the member missed is not foreseen.
    """
    day, standing = today, figures.standing
    if figures.checked_in:
        day, standing = today + DAY, standing.with_day(today)
    while day <= today + FORESEEN_DAYS * DAY:
        terms = rule_book.on_day(rules, day).terms
        yield day, award(terms, day, standing).points
        day, standing = day + DAY, standing.with_day(day)


def _streak_milestones(terms: Terms, today: date, figures: Figures) -> Iterator[MilestoneShown]:
    streak_days = _streak(terms, today, figures)
    position = terms.cycle.day_of(streak_days) if streak_days else 0
    if position == terms.cycle.longest and not figures.checked_in:
        position = 0  # the round is full, today begins the next
    for one in terms.streaks:
        left = max(0, one.days - position)
        yield MilestoneShown("streak", one.days, None, one.rewards, left == 0, left)


def _totals(terms: Terms, figures: Figures) -> Iterator[MilestoneShown]:
    for one in terms.totals:
        count = figures.ever if one.period == EVER else figures.in_month
        left = max(0, one.days - count)
        yield MilestoneShown("total", one.days, one.period, one.rewards, left == 0, left)


def _make_ups(session: Session, member_id: int, terms: Terms, today: date) -> MakeUpsShown:
    rule = terms.make_up
    since = clock.starts_at(today.replace(day=1))
    used = session.scalar(_MADE_UP_SINCE, {"member_id": member_id, "since": since}) or 0
    earliest = None
    if rule.days_back:
        joined_at = session.scalar(sa.select(Member.joined_at).where(Member.id == member_id))
        earliest = rule.first_day(today, clock.to_day(joined_at or clock.now()))
    return MakeUpsShown(
        cards.count_cards(session, member_id) if rule.accepts_cards else 0,
        rule.points_cost,
        max(0, rule.per_month - used),
        earliest,
    )
