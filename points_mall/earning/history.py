"""What purchases earned in days past, read from the awards in batches."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import db
from miniprogram_api.members.models import Member

from .awards import awarded_between, awards
from .explaining import occasion_again
from .facts import Past

BATCH = 1000

Month = tuple[int, date]
"""A member, and the first day of a month of the shop."""

Refunded = Callable[[Sequence[str]], Mapping[str, tuple[int, int]]]
"""Of purchases by reference: what was refunded of what was paid, of those with any refund."""

_KEY = (awards.c.member_id, awards.c.day, awards.c.id)
_BATCH = (
    sa.select(
        *_KEY,
        awards.c.reference,
        awards.c.occurred_at,
        awards.c.points,
        awards.c.cashback_fen,
        awards.c.explanation,
    )
    .where(
        awards.c.day >= sa.bindparam("first", type_=sa.Date),
        awards.c.day <= sa.bindparam("last", type_=sa.Date),
        sa.tuple_(*_KEY)
        > sa.tuple_(
            sa.bindparam("member", type_=awards.c.member_id.type),
            sa.bindparam("day", type_=sa.Date),
            sa.bindparam("id", type_=awards.c.id.type),
        ),
    )
    .order_by(*_KEY)
    .limit(sa.bindparam("most", type_=sa.Integer))
)


def nothing_refunded(_references: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    """A shop that knows of no refunds."""
    return {}


def past_awards(first: date, last: date, refunded: Refunded = nothing_refunded) -> Iterator[Past]:
    """The awards of some days of the shop, member after member, each in the order of the days.

    One batch is in memory at a time, and the database is let go after each: so it is not for use
    inside a transaction.
    """
    days = {"first": first, "last": last, "most": BATCH}
    after = {"member": 0, "day": date.min, "id": 0}
    while True:
        rows = db.session.execute(_BATCH, {**days, **after}).all()
        shares = refunded([row.reference for row in rows]) if rows else {}
        before = _awarded_before(rows, first)
        db.session.rollback()
        for row in rows:
            yield _past(row, shares.get(row.reference, (0, 0)), before)
        if len(rows) < BATCH:
            return
        after = {"member": rows[-1].member_id, "day": rows[-1].day, "id": rows[-1].id}


def member_numbers(member_ids: Iterable[int]) -> dict[int, str]:
    """The numbers of members by id, those of closed accounts too."""
    query = sa.select(Member.id, Member.member_no).where(among(Member.id, "members"))
    rows = db.session.execute(query, {"members": list(member_ids)})
    return {row.id: row.member_no for row in rows}


def _awarded_before(rows: Sequence[Any], first: date) -> Mapping[Month, int]:
    """What the members of these rows were awarded in the month of a day before it, by that month."""
    month = first.replace(day=1)
    members = {row.member_id for row in rows if row.day.replace(day=1) == month}
    if first == month or not members:
        return {}
    given = awarded_between(db.session(), members, month, first - timedelta(days=1))
    return {(member_id, month): points for member_id, points in given.items()}


def _past(row: Any, share: tuple[int, int], before: Mapping[Month, int]) -> Past:
    again = occasion_again(row.member_id, row.reference, row.occurred_at, row.explanation)
    used = before.get((row.member_id, row.day.replace(day=1)), 0)
    return Past(again, row.points, row.cashback_fen, *share, awarded_before=used)
