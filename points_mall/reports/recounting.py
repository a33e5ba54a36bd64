"""What is counted anew each time: members by day, and when members were last active."""

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import starts_at, to_day, today
from miniprogram_api.core.db import db, retrying, transaction, unhurried
from miniprogram_api.members.models import Member

from .counting import insert_into
from .days import knows_days, shop_day
from .models import ActivityDay, MemberActivity, MembershipDay

WINDOW_DAYS = 31
SLACK_DAYS = 1
"""A transaction that began before midnight may commit after it, not a day later."""


def recount_members(since: date | None = None) -> None:
    """Count anew who joined and who left, by day; a month to a transaction.

    :param since: from this day on; None: since the first member.
    """
    day = since or _first_day()
    while day is not None and day <= today():
        _recount_members(day, day + timedelta(days=WINDOW_DAYS))
        day += timedelta(days=WINDOW_DAYS)


def recent_day() -> date:
    """From which day on anything can still change by itself."""
    return today() - timedelta(days=SLACK_DAYS)


@retrying
def recount_activity() -> None:
    """Count anew how many members were last active on which day."""
    with transaction() as session:
        unhurried(session)
        knows_days(session)
        session.execute(sa.delete(ActivityDay))
        found = active_by_day()
        session.execute(insert_into(session, ActivityDay, found))


def active_by_day() -> sa.Select[*tuple[Any, ...]]:
    """How many members were last active on which day."""
    day = shop_day(MemberActivity.last_at).label("last_on")
    return sa.select(day, sa.func.count().label("member_count")).group_by(day)


def forget_activity(member_id: int, **_facts: object) -> None:
    """In the transaction that closes the account: it is neither active nor dormant."""
    with transaction() as session:
        session.execute(sa.delete(MemberActivity).filter_by(member_id=member_id))


def _first_day() -> date | None:
    first = db.session.scalar(sa.select(sa.func.min(Member.joined_at)))
    return None if first is None else to_day(first)


@retrying
def _recount_members(since: date, until: date) -> None:
    """Count the days from `since` until before `until`; who joined has been active then."""
    window = {"since": starts_at(since), "until": starts_at(until)}
    with transaction() as session:
        unhurried(session)
        knows_days(session)
        session.execute(
            sa.delete(MembershipDay).where(MembershipDay.day >= since, MembershipDay.day < until)
        )
        found = membership_by_day(**window)
        session.execute(insert_into(session, MembershipDay, found))
        _note_new(session, window)


def membership_by_day(since: datetime, until: datetime) -> sa.Select[*tuple[Any, ...]]:
    """How many members joined and left by day, within a stretch of time."""
    joined = _happened(Member.joined_at, since, until, joined=1)
    closed = _happened(Member.closed_at, since, until, joined=0)
    both = sa.union_all(joined, closed).subquery()
    return sa.select(
        both.c.day,
        sa.cast(sa.func.sum(both.c.joined_count), sa.BigInteger).label("joined_count"),
        sa.cast(sa.func.sum(both.c.closed_count), sa.BigInteger).label("closed_count"),
    ).group_by(both.c.day)


def _happened(moment: Any, since: datetime, until: datetime, *, joined: int) -> Any:
    day = shop_day(moment).label("day")
    return (
        sa.select(
            day,
            (sa.func.count() * joined).label("joined_count"),
            (sa.func.count() * (1 - joined)).label("closed_count"),
        )
        .where(moment >= since, moment < until)
        .group_by(day)
    )


def _note_new(session: Session, window: dict[str, datetime]) -> None:
    new = sa.select(Member.id.label("member_id"), Member.joined_at.label("last_at")).where(
        Member.closed_at.is_(None),
        Member.joined_at >= window["since"],
        Member.joined_at < window["until"],
    )
    session.execute(insert_into(session, MemberActivity, new).on_conflict_do_nothing())
