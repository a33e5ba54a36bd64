"""Reading who draws: members, their counts on a wheel, what they can spend. For a group at once.

Each function is one statement, built once, however many members it is asked about.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.bulk import among
from miniprogram_api.members.models import Member
from points_mall.ledger import posting
from points_mall.ledger.models import HoldPart, HoldState, PointsAccount, PointsHold, PointsLot
from points_mall.tiers.models import MemberTier

from .audience import Counts, Person
from .models import MemberWheel

Place = tuple[int, int]
"""A member and a wheel, by their ids."""

members = cast(sa.Table, Member.__table__)
tiers = cast(sa.Table, MemberTier.__table__)
counts = cast(sa.Table, MemberWheel.__table__)
accounts = cast(sa.Table, PointsAccount.__table__)
lots = cast(sa.Table, PointsLot.__table__)
holds = cast(sa.Table, PointsHold.__table__)
parts = cast(sa.Table, HoldPart.__table__)

_LOCK_MEMBERS = (
    # The mildest lock: only closing the account waits for it, and so never crosses our path.
    sa.select(members.c.id, members.c.joined_at, members.c.closed_at, tiers.c.rank)
    .outerjoin_from(members, tiers, tiers.c.member_id == members.c.id)
    .where(among(members.c.id, "members"))
    .order_by(members.c.id)
    .with_for_update(read=True, key_share=True, of=members)
)
_COUNTS = sa.select(counts).where(
    among(counts.c.member_id, "members"), among(counts.c.wheel_id, "wheels")
)
_MOMENT = sa.bindparam("moment", type_=lots.c.expires_at.type)
_IS_OPEN = sa.or_(lots.c.expires_at.is_(None), lots.c.expires_at > _MOMENT)
_FREE = (
    sa.select(sa.func.coalesce(sa.func.sum(lots.c.remaining - lots.c.held), 0))
    .where(lots.c.account_id == accounts.c.id, lots.c.remaining > 0, _IS_OPEN)
    .correlate(accounts)
    .scalar_subquery()
)
_RELEASED = (
    sa.select(sa.func.coalesce(sa.func.sum(parts.c.points), 0))
    .select_from(
        parts.join(holds, holds.c.id == parts.c.hold_id).join(lots, lots.c.id == parts.c.lot_id)
    )
    .where(
        holds.c.account_id == accounts.c.id,
        holds.c.state == HoldState.OPEN,
        holds.c.expires_at <= _MOMENT,
        _IS_OPEN,
    )
    .correlate(accounts)
    .scalar_subquery()
)
_SPENDABLE = sa.select(
    accounts.c.member_id,
    (_FREE + sa.case((accounts.c.held > 0, _RELEASED), else_=0) - accounts.c.debt).label("points"),
).where(among(accounts.c.member_id, "members"))


def lock(session: Session, member_ids: Iterable[int]) -> dict[int, Person]:
    """Lock members and their accounts, in id order; answer those with an open account."""
    rows = session.execute(_LOCK_MEMBERS, {"members": sorted(set(member_ids))}).all()
    people = {row.id: Person(row.joined_at, row.rank or 0) for row in rows if row.closed_at is None}
    if people:
        posting.lock_accounts(people)
    return people


def spendable(session: Session, member_ids: Iterable[int], moment: datetime) -> dict[int, int]:
    """What members can spend at a moment: past expiries and overdue holds are seen through."""
    criteria = {"members": sorted(set(member_ids)), "moment": moment}
    return {row.member_id: max(0, int(row.points)) for row in session.execute(_SPENDABLE, criteria)}


def counts_of(session: Session, places: Iterable[Place]) -> dict[Place, Counts]:
    """The counts of members on wheels; who never drew there is left out."""
    wanted = set(places)
    criteria = {
        "members": sorted({member_id for member_id, _ in wanted}),
        "wheels": sorted({wheel_id for _, wheel_id in wanted}),
    }
    rows = session.execute(_COUNTS, criteria)
    return {(row.member_id, row.wheel_id): _counts(row) for row in rows}


def save(session: Session, before: Mapping[Place, Counts], after: Mapping[Place, Counts]) -> None:
    """Write counts down: new rows in one statement, changed ones in another."""
    rows = {place: _row(place, found) for place, found in after.items()}
    bulk.insert(session, counts, [row for place, row in rows.items() if place not in before])
    changed: Sequence[dict[str, Any]] = [row for place, row in rows.items() if place in before]
    bulk.update(session, counts, changed, key=("member_id", "wheel_id"))


def _counts(row: Any) -> Counts:
    return Counts(row.draws, row.since_guaranteed, row.day, row.draws_today, row.free_today)


def _row(place: Place, found: Counts) -> dict[str, Any]:
    return {
        "member_id": place[0],
        "wheel_id": place[1],
        "draws": found.draws,
        "since_guaranteed": found.since_guaranteed,
        "day": found.day,
        "draws_today": found.draws_today,
        "free_today": found.free_today,
    }
