"""Where a member stands, and moving a member to another step by hand."""

from typing import cast

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction

from . import settling
from .errors import TierTooLow, UnknownTier
from .ladder import tier_of_code, tier_of_rank, tiers
from .models import MemberTier, TierMove
from .settling import Cause
from .standing import Why
from .steps import Tier

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
def set_tier(member_id: int, code: str, *, why: str = "", actor: str = "system") -> Tier:
    """Move a member to a tier by hand; `since` changes only with the tier.

    The tier is held as long as one that growth has reached. After a move down, growth from before
    it counts no more; a move brings no gift.

    :param why: for people; kept for ever.
    :raises UnknownTier: there is none of that code.
    """
    tier = tier_of_code(code)
    if tier is None:
        known = ", ".join(one.code for one in tiers())
        raise UnknownTier(f"no tier {code}; there are {known}")
    with transaction() as session:
        settling.lock([member_id])
        session.execute(
            sa.insert(TierMove).values(
                member_id=member_id,
                code=tier.code,
                rank=tier.rank,
                why=why,
                actor=actor,
                moved_at=now(),
            )
        )
        settling.settle({member_id: Cause(Why.MANUAL, actor=actor)})
    return tier
