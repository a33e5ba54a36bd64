"""Whether a member may ask for a coupon: tier, newcomer, birthday. Read in a constant number of
statements for any number of members.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

import sqlalchemy as sa

from miniprogram_api.core import clock
from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import db
from miniprogram_api.members.models import Member
from points_mall.tiers.services import rank_of

from .errors import NotForYou
from .terms import Audience

members = cast(sa.Table, Member.__table__)
_FACTS = sa.select(members.c.id, members.c.joined_at, members.c.birthday).where(
    among(members.c.id, "members")
)


@dataclass(frozen=True)
class Asker:
    """What is known of a member who asks for a coupon."""

    rank: int
    joined_on: date
    birthday: date | None


def refusals(audience: Audience, member_ids: Collection[int]) -> Mapping[int, NotForYou]:
    """Who of these members is refused, and why; the others may ask for it."""
    if audience == Audience():
        return {}
    rows = db.session.execute(_FACTS, {"members": sorted(member_ids)})
    found = {row.id: (row.joined_at, row.birthday) for row in rows}
    refused = {}
    for member_id in member_ids:
        joined_at, birthday = found[member_id]
        asker = _asker(audience, member_id, joined_at, birthday)
        if (who := objection(audience, asker, clock.today())) is not None:
            refused[member_id] = NotForYou(f"it is for others: {who}", audience=who)
    return refused


def require(audience: Audience, member_id: int) -> None:
    """Let through whom a coupon is for.

    :raises NotForYou: the member is somebody else.
    """
    for refusal in refusals(audience, [member_id]).values():
        raise refusal


def objection(audience: Audience, asker: Asker, today: date) -> str | None:
    """Which part of an audience somebody is no part of; None: of every one. Pure."""
    if audience.named_only:
        return "named"
    if asker.rank < audience.min_tier_rank:
        return "tier"
    new_days = audience.new_within_days
    if new_days is not None and (today - asker.joined_on).days >= new_days:
        return "new"
    if audience.birthday_month and not _is_birthday_month(asker.birthday, today):
        return "birthday"
    return None


def _is_birthday_month(birthday: date | None, today: date) -> bool:
    """Whether it is the month of a birthday: February for the 29th, in every year."""
    return birthday is not None and birthday.month == today.month


def _asker(audience: Audience, member_id: int, joined_at: datetime, birthday: date | None) -> Asker:
    rank = rank_of(member_id) if audience.min_tier_rank else 0
    return Asker(rank, clock.to_day(joined_at), birthday)
