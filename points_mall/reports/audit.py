"""Proof: counts again what the rollups say, from the tables that they follow, and compares.

Reads only, at one moment, in stretches of ids. Rollups are judged as far as they say that they go.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import starts_at, today
from miniprogram_api.core.db import unhurried
from miniprogram_api.members.models import Member
from points_mall.ledger.models import PointsAccount

from . import counting, recounting
from .counting import LEDGER, PURCHASES, draws, entries, purchases
from .days import knows_days
from .following import BATCH
from .models import ActivityDay, LotDay, MemberActivity, MembershipDay, PointsDay, ReportMark

MEMBERS = 5_000
"""Members whose last activity is counted again in one query."""

_MONTH = timedelta(days=31)


@dataclass(frozen=True)
class Finding:
    """A figure that differs from what it stands for."""

    what: str
    expected: object
    found: object

    def __str__(self) -> str:
        return f"{self.what}: counted {self.expected}, kept is {self.found}"


def findings(session: Session) -> Iterator[Finding]:
    """Every figure that differs; nothing where the rollups are right.

    Members by day are counted again from tables that may have moved on since the last count; on a
    shop that is open, run it after `flask reports rebuild` or read those with that in mind.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    unhurried(session)
    knows_days(session)
    marks = {row.stream: row.followed_id for row in session.scalars(sa.select(ReportMark))}
    upto = marks.get(LEDGER.name, 0)
    yield from _compare("points", session, PointsDay, _points(session, upto))
    yield from _compare("lots", session, LotDay, _lots(session, upto))
    yield from _membership(session)
    yield from _activity(session, upto, marks.get(PURCHASES.name, 0))
    counted = session.execute(recounting.active_by_day()).all()
    yield from _compare("last active", session, ActivityDay, {(r[0],): (r[1],) for r in counted})


Truth = dict[tuple[Any, ...], tuple[int, ...]]


def _points(session: Session, upto: int) -> Truth:
    query = counting.moved_by_day().where(_between(entries.c.id))
    return _added(session, [query], upto, keys=3)


def _lots(session: Session, upto: int) -> Truth:
    granted = counting.granted_by_day().where(_between(entries.c.id))
    drawn = counting.drawn_by_day().where(_between(draws.c.entry_id))
    return _added(session, [granted, drawn], upto, keys=2)


def _between(column: Any) -> sa.ColumnElement[bool]:
    return sa.and_(column > sa.bindparam("after"), column <= sa.bindparam("upto"))


def _added(
    session: Session, queries: list[sa.Select[*tuple[Any, ...]]], upto: int, keys: int
) -> Truth:
    """What the queries find in all stretches, added up by the first so many columns."""
    sums: Truth = defaultdict(tuple)
    for after in range(0, upto, BATCH):
        stretch = {"after": after, "upto": min(after + BATCH, upto)}
        for query in queries:
            for row in session.execute(query, stretch):
                key, values = tuple(row[:keys]), tuple(int(value) for value in row[keys:])
                before = sums[key] or (0,) * len(values)
                sums[key] = tuple(a + b for a, b in zip(before, values, strict=True))
    return sums


def _membership(session: Session) -> Iterator[Finding]:
    truth: Truth = {}
    first = session.scalar(sa.select(sa.func.min(Member.joined_at)))
    since = first
    while since is not None and since < starts_at(today() + timedelta(days=1)):
        # a day belongs to two stretches where a stretch does not begin at midnight
        for row in session.execute(recounting.membership_by_day(since, since + _MONTH)):
            joined, closed = truth.get((row.day,), (0, 0))
            truth[row.day,] = (joined + row.joined_count, closed + row.closed_count)
        since += _MONTH
    yield from _compare("members", session, MembershipDay, truth)


def _compare(what: str, session: Session, model: Any, truth: Truth) -> Iterator[Finding]:
    table = cast(sa.Table, model.__table__)
    keys = len(table.primary_key.columns)
    kept = {tuple(row[:keys]): tuple(row[keys:]) for row in session.execute(sa.select(table))}
    for key in sorted({*truth, *kept}):
        if truth.get(key) != kept.get(key):
            where = " ".join(str(part) for part in key)
            yield Finding(f"{what} {where}", truth.get(key), kept.get(key))


def _activity(session: Session, entry_id: int, purchase_id: int) -> Iterator[Finding]:
    """Members whose last activity is another than kept; who has left has none."""
    newest = session.scalar(sa.select(sa.func.max(Member.id))) or 0
    for after in range(0, newest, MEMBERS):
        stretch = {"after": after, "upto": after + MEMBERS}
        kept = _by_member(session.execute(_KEPT, stretch))
        truth = _by_member(session.execute(_JOINED, stretch))
        acts = counting.acts_in_entries().where(
            _between(PointsAccount.member_id), entries.c.id <= entry_id
        )
        bought = counting.acts_in_purchases().where(
            _between(purchases.c.member_id), purchases.c.id <= purchase_id
        )
        for query in (acts, bought):
            for member_id, at in session.execute(query, stretch):
                truth[member_id] = max(truth[member_id], at)
        for member_id in sorted({*kept, *truth}):
            if kept.get(member_id) != truth.get(member_id):
                yield Finding(
                    f"last activity of member {member_id}",
                    truth.get(member_id),
                    kept.get(member_id),
                )


def _by_member(rows: Any) -> dict[int, datetime]:
    return dict(rows.all())


_KEPT = sa.select(MemberActivity.member_id, MemberActivity.last_at).where(
    _between(MemberActivity.member_id)
)
_JOINED = sa.select(Member.id, Member.joined_at).where(
    Member.closed_at.is_(None), _between(Member.id)
)
