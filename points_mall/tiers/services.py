"""Where a member stands, and moving a member to another step by hand."""

from typing import cast

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction

from .errors import TierTooLow, UnknownTier
from .ladder import LADDER, Tier, tier_of_code, tier_of_rank
from .models import MemberTier

_tiers = cast(sa.Table, MemberTier.__table__)
_RANK = sa.select(_tiers.c.rank).where(_tiers.c.member_id == sa.bindparam("member_id"))


def rank_of(member_id: int) -> int:
    """The rank of a member's tier; 0 for who has never been moved."""
    return db.session.scalar(_RANK, {"member_id": member_id}) or 0


def tier_of(member_id: int) -> Tier:
    """The tier of a member."""
    return tier_of_rank(rank_of(member_id))


def require_rank(member_id: int, rank: int) -> None:
    """Let through who stands on `rank` or above; what is open to all asks nobody.

    :raises TierTooLow: the member stands below.
    """
    if rank > 0 and (yours := rank_of(member_id)) < rank:
        raise TierTooLow(tier_of_rank(rank), tier_of_rank(yours))


@retrying
def set_tier(member_id: int, code: str) -> Tier:
    """Move a member to a tier by hand; `since` changes only with the tier.

    :raises UnknownTier: there is none of that code.
    """
    tier = tier_of_code(code)
    if tier is None:
        known = ", ".join(one.code for one in LADDER)
        raise UnknownTier(f"no tier {code}; there are {known}")
    row = {"member_id": member_id, "code": tier.code, "rank": tier.rank, "since": now()}
    with transaction() as session:
        bulk.insert_missing(session, _tiers, [row])
        session.execute(
            sa.update(_tiers)
            .where(_tiers.c.member_id == member_id, _tiers.c.code != tier.code)
            .values(code=tier.code, rank=tier.rank, since=row["since"])
        )
    return tier
