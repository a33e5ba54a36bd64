"""Everything that decides where members stand, read for many of them at once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import now, shop_zone
from miniprogram_api.members.models import Member

from .ladder import ladders
from .models import MemberTier, TierGift, TierGrowth, TierMove
from .shop_calendar import ShopCalendar
from .standing import Grown, Moved, Outcome, Standing, outcome_of

members = cast(sa.Table, Member.__table__)
standings = cast(sa.Table, MemberTier.__table__)
growth = cast(sa.Table, TierGrowth.__table__)
moves = cast(sa.Table, TierMove.__table__)
gifts = cast(sa.Table, TierGift.__table__)


def _within(table: sa.Table) -> sa.ColumnElement[bool]:
    """The range in which the members lie, asked first: a plan made while the table was small reads
    all of it, and would look for each row in the whole list.
    """
    return table.c.member_id.between(sa.bindparam("lowest"), sa.bindparam("highest"))


_MEMBERS = (
    sa.select(
        members.c.id,
        members.c.joined_at,
        standings.c.rank,
        standings.c.since,
        standings.c.keep_until,
        standings.c.grace_until,
    )
    .outerjoin_from(members, standings, standings.c.member_id == members.c.id)
    .where(among(members.c.id, "members"), members.c.closed_at.is_(None))
)
_GROWTH = (
    sa.select(
        growth.c.member_id,
        growth.c.occurred_at,
        sa.func.sum(growth.c.amount_fen),
        sa.func.sum(growth.c.purchases),
        sa.func.sum(growth.c.points),
    )
    .where(among(growth.c.member_id, "members"))
    .group_by(growth.c.member_id, growth.c.occurred_at)
    .order_by(growth.c.member_id, growth.c.occurred_at)
)
_MOVES = (
    sa.select(moves.c.member_id, moves.c.moved_at, moves.c.rank)
    .where(_within(moves), among(moves.c.member_id, "members"))
    .order_by(moves.c.member_id, moves.c.moved_at, moves.c.id)
)
_GIFTS = (
    sa.select(gifts)
    .where(_within(gifts), among(gifts.c.member_id, "members"))
    .order_by(gifts.c.member_id, gifts.c.code, gifts.c.number)
)


@dataclass
class Record:
    """A member with an open account, and everything that decides about the tier.

    :param kept: the standing as it was last written down; None: never.
    """

    member_id: int
    joined_at: datetime
    kept: Standing | None
    grown: list[Grown] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    gifts: list[Any] = field(default_factory=list)

    @property
    def before(self) -> Standing:
        """Where the member stood until now."""
        return self.kept or Standing(0, self.joined_at)

    def outcome(self) -> Outcome:
        """Where the member stands now."""
        calendar = ShopCalendar(shop_zone())
        return outcome_of(self.joined_at, self.grown, self.moved, ladders(), calendar, now())


def load(session: Session, member_ids: Iterable[int]) -> list[Record]:
    """The records of members with open accounts, in id order, in a constant number of statements."""
    ids = sorted(set(member_ids))
    if not ids:
        return []
    wanted = {"members": ids, "lowest": ids[0], "highest": ids[-1]}
    found = {row.id: _record(row) for row in session.execute(_MEMBERS, wanted)}
    for member_id, moment, *gained in session.execute(_GROWTH, wanted):
        if record := found.get(member_id):
            record.grown.append(Grown(moment, *map(int, gained)))
    for row in session.execute(_MOVES, wanted):
        if record := found.get(row.member_id):
            record.moved.append(Moved(row.moved_at, row.rank))
    for row in session.execute(_GIFTS, wanted):
        if record := found.get(row.member_id):
            record.gifts.append(row)
    return [found[member_id] for member_id in sorted(found)]


def _record(row: Any) -> Record:
    is_kept = row.rank is not None
    kept = Standing(row.rank, row.since, row.keep_until, row.grace_until) if is_kept else None
    return Record(row.id, row.joined_at, kept)


def gifts_by_code(found: Sequence[Any]) -> dict[str, list[Any]]:
    """A member's gifts by the tier for which they were given, in the order of their numbers."""
    by_code: dict[str, list[Any]] = defaultdict(list)
    for row in found:
        by_code[row.code].append(row)
    return by_code
