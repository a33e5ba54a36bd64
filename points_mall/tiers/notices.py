"""Telling members that their tier has changed."""

from miniprogram_api.core.clock import to_day
from miniprogram_api.messaging.kinds import MessageKind, register
from miniprogram_api.messaging.services import Notice

from .standing import Standing
from .steps import Tier

TIER_CHANGED = register(
    MessageKind(
        "tier_changed",
        "会员等级变动",
        "Your tier has changed",
        "您的会员等级已变为{tier}（{card}），自 {day} 起",
        "You are {tier_en} ({card_en}) since {day}",
        keywords={"tier": "thing1", "card": "thing2", "day": "date3"},
    )
)


def notice_of(member_id: int, tier: Tier, standing: Standing, change_id: int) -> Notice:
    """What a member is told of a change."""
    fields = {
        "tier": tier.name_zh,
        "card": tier.card_zh,
        "tier_en": tier.name_en,
        "card_en": tier.card_en,
        "day": to_day(standing.since).isoformat(),
    }
    return Notice(member_id, fields, str(change_id))
