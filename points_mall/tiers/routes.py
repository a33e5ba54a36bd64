"""Tier endpoints."""

from typing import Any

from miniprogram_api.auth.guards import current_member_id, for_member, public
from miniprogram_api.http.api import Blueprint
from miniprogram_api.members.accounts import member_of
from miniprogram_api.members.errors import AccountClosed

from . import ladder, shown
from .schemas import LadderSchema, MineSchema
from .terms import Ladder

blp = Blueprint(
    "tiers",
    url_prefix="/api/v1/tiers",
    title="会员等级 Tiers",
    description="等级、权益、成长值与保级 · the ladder, its benefits, growth, and what keeps a tier",
)


@blp.get("")
@public
@blp.response(200, LadderSchema)
def tiers() -> Ladder:
    """等级与权益 · The ladder

    现行规则：每一级的门槛、保级条件与权益，最低的在前。 The ladder in force, the lowest tier first.
    """
    return ladder.current()


@blp.get("/mine")
@for_member
@blp.problems(AccountClosed)
@blp.response(200, MineSchema)
def mine() -> dict[str, Any]:
    """我的等级 · Where I stand

    当前等级、有效期、滚动期内的成长值、距下一级还差多少，以及变动记录。 The tier, until when it is held,
    growth in the window, what the next tier needs, and how it came about.
    """
    member = member_of(current_member_id())
    return shown.mine(member.id)
