"""Members, rules, and short names for what check-in's tests look at."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from checkin import rule_book
from checkin.models import CheckIn, MakeUpCard, MilestonePaid
from checkin.streaks import Cycle, CycleKind
from checkin.terms import MakeUpTerms, StreakMilestone, Terms, TotalMilestone
from miniprogram_api.core import bulk
from miniprogram_api.core.clock import clock, now, today
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from points_mall.grants.rewards import Reward
from points_mall.ledger import audit
from points_mall.ledger.models import LedgerEntry, PointsAccount

JOINED = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)


def enrol(count: int = 1, joined_at: datetime = JOINED, first_number: int = 1) -> list[int]:
    """`count` members, by id."""
    with transaction() as session:
        members = [
            Member(member_no=f"{first_number + number:012d}", joined_at=joined_at)
            for number in range(count)
        ]
        session.add_all(members)
        session.flush()  # the ids are the answer
        return [member.id for member in members]


def points(amount: int) -> tuple[Reward, ...]:
    return (Reward("points", amount),)


def terms(
    kind: str = "rolling",
    days: int | None = 7,
    *,
    daily: Sequence[int] = (1,),
    streaks: dict[int, int] | None = None,
    totals: dict[tuple[str, int], int] | None = None,
    **make_up: Any,
) -> Terms:
    """A rule of points alone: amounts by day, by milestone, by (period, days)."""
    return Terms(
        Cycle(CycleKind(kind), days if kind == "rolling" else None),
        tuple(points(amount) if amount else () for amount in daily),
        tuple(StreakMilestone(k, points(amount)) for k, amount in (streaks or {}).items()),
        tuple(TotalMilestone(k, p, points(amount)) for (p, k), amount in (totals or {}).items()),
        MakeUpTerms(**make_up),
    )


def in_force(rule: Terms) -> None:
    """Let a rule be in force today, in a shop where nobody has checked in."""
    rule_book.publish(rule, today())


def was_there(member: int, *days: date) -> None:
    """Days of the past, written down without any reward."""
    rows = [
        {
            "member_id": member,
            "day": day,
            "made_up": False,
            "rule_version": 1,
            "rewards": [],
            "points": 0,
            "created_at": JOINED,
        }
        for day in days
    ]
    with transaction() as session:
        bulk.insert(session, CheckIn.__table__, rows)


def give_cards(member: int, count: int = 1, expires_at: datetime | None = None) -> None:
    with transaction() as session:
        have = session.scalar(sa.select(sa.func.count()).select_from(MakeUpCard)) or 0
        session.add_all(
            MakeUpCard(
                member_id=member,
                reason="test",
                reference="test",
                number=have + number,
                granted_at=now(),
                expires_at=expires_at,
            )
            for number in range(count)
        )


def days_of(member: int) -> list[date]:
    db.session.rollback()
    query = sa.select(CheckIn.day).filter_by(member_id=member).order_by(CheckIn.day)
    return list(db.session.scalars(query))


def paid_to(member: int) -> list[tuple[str, int, date]]:
    db.session.rollback()
    query = sa.select(MilestonePaid.kind, MilestonePaid.days, MilestonePaid.occasion_on)
    ordered = query.filter_by(member_id=member).order_by(MilestonePaid.id)
    return [(row.kind, row.days, row.occasion_on) for row in db.session.execute(ordered)]


def entries_of(member: int) -> list[tuple[str, int]]:
    """Reason and points of every entry; the audit must be clean whenever we look."""
    db.session.rollback()
    assert list(audit.findings(db.session())) == []
    query = (
        sa.select(LedgerEntry.reason, LedgerEntry.points)
        .join(PointsAccount, PointsAccount.id == LedgerEntry.account_id)
        .where(PointsAccount.member_id == member)
        .order_by(LedgerEntry.seq)
    )
    return [(row.reason, row.points) for row in db.session.execute(query)]


def balance(member: int) -> int:
    return sum(points for _, points in entries_of(member))


def at(moment: datetime) -> None:
    clock.set(moment)
