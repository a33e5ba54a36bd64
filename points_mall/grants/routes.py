"""What a member was given and owns."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.auth.guards import current_member_id, for_member
from miniprogram_api.http.api import Blueprint

from .models import OwnedRight
from .rights import rights_of
from .schemas import RightSchema

blp = Blueprint(
    "rights",
    url_prefix="/api/v1/rights",
    title="我的权益 Rights",
    description="抽奖、签到等所得的优惠券与权益 · coupons and rights that were given",
)


@blp.get("")
@for_member
@blp.paged(RightSchema, OwnedRight.id)
def rights() -> sa.Select[*tuple[Any, ...]]:
    """我的权益 · What I own

    最新的在前，包括已过期的。 Newest first, expired ones among them.
    """
    return rights_of(current_member_id())
