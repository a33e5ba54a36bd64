"""What members enjoy by their present tiers, for pricing and earning to read."""

from collections.abc import Iterable
from typing import cast

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import db

from .ladder import current
from .models import MemberTier
from .steps import Benefits

__all__ = ["Benefits", "benefits_of"]

_tiers = cast(sa.Table, MemberTier.__table__)
_RANKS = sa.select(_tiers.c.member_id, _tiers.c.rank).where(among(_tiers.c.member_id, "members"))


def benefits_of(member_ids: Iterable[int]) -> dict[int, Benefits]:
    """The benefits of members, in one statement; who has never risen has those of the lowest tier."""
    wanted = sorted(set(member_ids))
    terms = current().terms
    ranks: dict[int, int] = dict(db.session.execute(_RANKS, {"members": wanted}).all())
    return {one: terms.tier_of_rank(ranks.get(one, 0)).benefits for one in wanted}
