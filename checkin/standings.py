"""Reading where members stand, for any number of them at once; statements are built once.

Streaks are derived here from the rows of days, in the database: a row's day number plus its place
from the last day backwards is the same for all days of one run.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from miniprogram_api.core.bulk import among
from miniprogram_api.members.models import Member
from points_mall.ledger import posting

from .awards import ALWAYS, Paid, Standing
from .models import CheckIn, MilestonePaid
from .streaks import DAY

check_ins = cast(sa.Table, CheckIn.__table__)
milestones = cast(sa.Table, MilestonePaid.__table__)
members = cast(sa.Table, Member.__table__)


LOOK_BACK_DAYS = 40
"""How far back a streak is looked for at first; few are longer, and those are read again, whole."""


class _DayNumber(FunctionElement[int]):
    """Python's `date.toordinal()` of a column of days."""

    inherit_cache = True
    type = sa.Integer()


@compiles(_DayNumber, "sqlite")
def _day_number_sqlite(element: _DayNumber, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(julianday({compiler.process(element.clauses, **options)}) - 1721424.5 AS INTEGER)"


@compiles(_DayNumber, "postgresql")
def _day_number_postgresql(element: _DayNumber, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} - DATE '0001-01-01' + 1)"


_LOCK_MEMBERS = (
    # The mildest lock: only closing the account waits for it, and so never crosses our path.
    sa.select(members.c.id, members.c.joined_at, members.c.closed_at)
    .where(among(members.c.id, "members"))
    .order_by(members.c.id)
    .with_for_update(read=True, key_share=True)
)

# Member by member, each figure by one search in the unique index: the days of long ago are counted
# there, not ordered.
_TODAY = sa.bindparam("today", type_=sa.Date)
_OWN = check_ins.c.member_id == members.c.id


def _count(*conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).where(_OWN, *conditions).scalar_subquery()


_BACKWARDS = sa.func.row_number().over(order_by=check_ins.c.day.desc())
_DAYS_BEFORE = (
    sa.select((_DayNumber(check_ins.c.day) + _BACKWARDS).label("run"))
    .where(_OWN, check_ins.c.day < _TODAY, check_ins.c.day >= sa.bindparam("since", type_=sa.Date))
    .correlate(members)
    .subquery()
)
_BEFORE = (
    sa.select(sa.func.count())
    .where(_DAYS_BEFORE.c.run == sa.bindparam("number", type_=sa.Integer))
    .correlate(members)
    .scalar_subquery()
)
_FIGURES = sa.select(
    members.c.id,
    _BEFORE.label("before"),
    _count(check_ins.c.day < _TODAY).label("ever"),
    _count(check_ins.c.day < _TODAY, check_ins.c.day >= sa.bindparam("month", type_=sa.Date)).label(
        "in_month"
    ),
    sa.select(sa.func.max(check_ins.c.day)).where(_OWN).scalar_subquery().label("last"),
).where(among(members.c.id, "members"))
_LONG_RUNS = sa.select(members.c.id, _BEFORE.label("before")).where(among(members.c.id, "members"))

_PAID = sa.select(
    milestones.c.member_id, milestones.c.kind, milestones.c.days, milestones.c.occasion_on
).where(
    among(milestones.c.member_id, "members"),
    sa.or_(
        milestones.c.occasion_on >= sa.bindparam("since", type_=sa.Date),
        milestones.c.occasion_on == ALWAYS,
    ),
)


@dataclass(frozen=True)
class Figures:
    """A member's days, counted on a day of the shop.

    :param standing: before that day, whether or not the member has checked in on it.
    :param checked_in: on that day, or (by a clock ahead of ours) after it.
    """

    standing: Standing
    checked_in: bool = False

    @property
    def ever(self) -> int:
        """All days, that one among them."""
        return self.standing.ever + int(self.checked_in)

    @property
    def in_month(self) -> int:
        """All days of its month, that one among them."""
        return self.standing.in_month + int(self.checked_in)


def lock(session: Session, member_ids: Iterable[int]) -> dict[int, datetime]:
    """Lock members and their accounts, in id order; answer when those with an open account joined."""
    rows = session.execute(_LOCK_MEMBERS, {"members": sorted(set(member_ids))}).all()
    joined = {row.id: row.joined_at for row in rows if row.closed_at is None}
    if joined:
        posting.lock_accounts(joined)
    return joined


def figures(session: Session, member_ids: Sequence[int], day: date) -> dict[int, Figures]:
    """The figures of members on a day, in one statement, or two if a streak is a long one."""
    parameters = {
        "members": list(member_ids),
        "today": day,
        "month": day.replace(day=1),
        "since": day - LOOK_BACK_DAYS * DAY,
        "number": day.toordinal(),
    }
    rows = session.execute(_FIGURES, parameters).all()
    before = {row.id: row.before for row in rows}
    long_ones = [member_id for member_id, days in before.items() if days == LOOK_BACK_DAYS]
    if long_ones:
        parameters |= {"members": long_ones, "since": date.min}
        before |= {row.id: row.before for row in session.execute(_LONG_RUNS, parameters)}
    return {
        row.id: Figures(
            Standing(before[row.id], 0, row.in_month, row.ever),
            checked_in=row.last is not None and row.last >= day,
        )
        for row in rows
    }


def paid_milestones(session: Session, member_ids: Sequence[int], since: date) -> dict[int, Paid]:
    """The milestones paid to members for occasions since a day, in one statement."""
    found: dict[int, dict[tuple[str, int], set[date]]] = {
        member_id: defaultdict(set) for member_id in member_ids
    }
    parameters = {"members": list(member_ids), "since": since}
    for row in session.execute(_PAID, parameters):
        found[row.member_id][row.kind, row.days].add(row.occasion_on)
    return cast("dict[int, Paid]", found)
