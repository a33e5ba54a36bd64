"""The verbs of check-in; each is one whole transaction, or joins the caller's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import clock
from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.members.errors import AccountClosed
from points_mall.ledger import posting

from . import cards, reasons, rule_book, standings
from .awards import Award, Standing, award
from .errors import AlreadyCheckedIn, DateNotAllowed, NoMakeUpsLeft
from .models import CheckIn
from .recording import NO_REMARK, CheckedIn, NewDay, Remark, record
from .rule_book import Rule
from .streaks import DAY, current_streak, run_around
from .terms import MakeUpTerms

_OWN_DAYS = sa.select(CheckIn.day, CheckIn.made_up, CheckIn.created_at).where(
    CheckIn.member_id == sa.bindparam("member_id")
)

CARD, POINTS, FREE = "card", "points", "free"


@dataclass(frozen=True)
class MadeUp:
    """The answer to a make-up.

    :param paid_with: `card`, `points` or `free`.
    :param streak_days: the streak that the member has now, mended.
    """

    checked_in: CheckedIn
    paid_with: str
    points_spent: int
    streak_days: int


# ------------------------------------------------------------------ check in


@retrying
def check_in_all(member_ids: Sequence[int]) -> list[CheckedIn | DomainError]:
    """Check members in for the shop's today, all in one transaction.

    The number of statements does not depend on the number of members. One who is refused has their
    error in their place and nothing of theirs moved; the others are checked in. A member named
    twice is checked in once.
    """
    with transaction() as session:
        joined = standings.lock(session, member_ids)
        # The day is asked under the locks: who waited across midnight checks in for the new day.
        moment = clock.now()
        done = check_in_at(session, list(joined), moment)
    answers = [done.pop(member_id, None) for member_id in member_ids]  # named twice: done once
    return [
        answer or _refusal(member_id, joined, clock.to_day(moment))
        for member_id, answer in zip(member_ids, answers, strict=True)
    ]


def check_in_at(
    session: Session, member_ids: Sequence[int], moment: datetime, remark: Remark = NO_REMARK
) -> dict[int, CheckedIn]:
    """Check locked members in for the day of a moment; who is checked in already is left out."""
    day = clock.to_day(moment)
    figures = standings.figures(session, member_ids, day)
    ready = {
        member_id: found.standing for member_id, found in figures.items() if not found.checked_in
    }
    rule = _rule_today(session, day)
    awards = _awards(session, rule, day, ready)
    new_days = [NewDay(member_id, awards[member_id]) for member_id in ready]
    return dict(zip(ready, record(session, rule, moment, new_days, remark), strict=True))


def check_in(member_id: int) -> CheckedIn:
    """Check a member in for the shop's today.

    :raises AlreadyCheckedIn: they are.
    """
    (answer,) = check_in_all([member_id])
    if isinstance(answer, DomainError):
        raise answer
    return answer


def _awards(
    session: Session, rule: Rule, day: date, ready: dict[int, Standing]
) -> dict[int, Award]:
    """What the day brings to each; paid milestones are read only for those who may reach one."""
    awards = {member_id: award(rule.terms, day, at) for member_id, at in ready.items()}
    reaching = [member_id for member_id, brings in awards.items() if brings.occasions]
    if not reaching:
        return awards
    longest = max(ready[member_id].before for member_id in reaching)
    since = min(day - longest * DAY, day.replace(day=1))
    paid = standings.paid_milestones(session, reaching, since)
    return awards | {
        member_id: award(rule.terms, day, ready[member_id], paid[member_id])
        for member_id in reaching
    }


def _refusal(member_id: int, joined: dict[int, datetime], day: date) -> DomainError:
    if member_id not in joined:
        return AccountClosed("the account is closed")
    return AlreadyCheckedIn(f"already checked in on {day}", date=day)


def _rule_today(session: Session, day: date) -> Rule:
    """The rule in force; a new shop's first one is written down by its first check-in."""
    rule = rule_book.in_force(session, day)
    if rule is rule_book.FIRST_RULE:
        rule_book.ensure_first_rule(session)
    return rule


# ------------------------------------------------------------------ make up


@retrying
def make_up(member_id: int, day: date) -> MadeUp:
    """Make up a missed day: a card pays, else points; the streak is mended.

    Milestones that the mended streak reaches are paid, each once; days after it keep what they
    brought.

    :raises DateNotAllowed: today, the future, too far back.
    :raises AlreadyCheckedIn: the day is not missed.
    :raises NoMakeUpsLeft: this month's are used, or only a card pays and there is none.
    :raises InsufficientPoints: no card, and too few points.
    """
    with transaction() as session:
        joined = standings.lock(session, [member_id])
        if not joined:
            raise AccountClosed("the account is closed")
        moment = clock.now()
        today = clock.to_day(moment)
        rule = _rule_today(session, today)
        terms = rule.terms.make_up
        _refuse_other_days(day, today, terms.first_day(today, clock.to_day(joined[member_id])))
        own = session.execute(_OWN_DAYS, {"member_id": member_id}).all()
        days = {row.day for row in own}
        if day in days:
            raise AlreadyCheckedIn(f"already checked in on {day}", date=day)
        _refuse_too_many(terms, used_this_month(own, today))
        paid_with, spent = _pay(session, member_id, day, rule)
        brings = _brings(session, member_id, rule, day, days)
        (recorded,) = record(session, rule, moment, [NewDay(member_id, brings, made_up=True)])
    streak = _streak_today(rule, today, days | {day})
    return MadeUp(replace(recorded, streak_days=streak), paid_with, spent, streak)


def used_this_month(own: Sequence[Any], today: date) -> int:
    """How many of a member's days were made up in this month of the shop, whichever days they are."""
    first = clock.starts_at(today.replace(day=1))
    return sum(row.made_up and row.created_at >= first for row in own)


def _refuse_other_days(day: date, today: date, first: date) -> None:
    if not first <= day < today:
        raise DateNotAllowed(
            f"days from {first} to {today - DAY} can be made up, not {day}",
            earliest=first,
            latest=today - DAY,
        )


def _refuse_too_many(terms: MakeUpTerms, used: int) -> None:
    if used >= terms.per_month:
        raise NoMakeUpsLeft(
            f"{used} of {terms.per_month} make-ups of this month are used",
            used=used,
            per_month=terms.per_month,
        )


def _pay(session: Session, member_id: int, day: date, rule: Rule) -> tuple[str, int]:
    terms = rule.terms.make_up
    if terms.points_cost == 0:
        return FREE, 0
    if terms.accepts_cards and cards.use_card(session, member_id, day):
        return CARD, 0
    if terms.points_cost is None:
        raise NoMakeUpsLeft("only a make-up card pays, and there is none", cards=0)
    posting.debit(
        member_id,
        terms.points_cost,
        reason=reasons.MAKE_UP,
        reference=f"checkin:make_up:{day}",
        explanation={"rule": "checkin", "version": rule.version, "day": day.isoformat()},
    )
    return POINTS, terms.points_cost


def _brings(session: Session, member_id: int, rule: Rule, day: date, days: set[date]) -> Award:
    run = run_around(days, day)
    in_month = sum((one.year, one.month) == (day.year, day.month) for one in days)
    standing = Standing(run.before, run.after, in_month, len(days))
    paid = standings.paid_milestones(session, [member_id], min(run.first, day.replace(day=1)))
    earns_daily = rule.terms.make_up.earns_daily
    return award(rule.terms, day, standing, paid[member_id], earns_daily=earns_daily)


def _streak_today(rule: Rule, today: date, days: set[date]) -> int:
    before = run_around(days, today).before
    return current_streak(rule.terms.cycle, today, before, checked_in=today in days)
