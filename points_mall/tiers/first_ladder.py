"""The first ladder of a shop, as the set-up asks for it: what each step takes, and what it gives."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from miniprogram_api.core.clock import today
from miniprogram_api.merchant.fields import Percent, Times, Yuan
from miniprogram_api.setup.steps import Blank, Step

from . import publishing
from .steps import FULL_BP, Benefits, Tier
from .terms import FIRST_TERMS

NOTE = "首个等级规则 · the first ladder"
KEEP_BP = 8_000
"""How much of what lifts a member to a tier keeps one there."""

_STEPS = tuple(zip(FIRST_TERMS.tiers[1:], ("2000", "10000", "50000"), ("2", "5", "10"), ("1.1", "1.2", "1.5"), strict=True))  # fmt: skip


def _publish(numbers: Mapping[str, Any], actor: str) -> None:
    lowest, *above = FIRST_TERMS.tiers
    tiers = (lowest, *(_tier(tier, numbers) for tier in above))
    publishing.publish(replace(FIRST_TERMS, tiers=tiers), today(), note=NOTE, actor=actor)


def _tier(tier: Tier, numbers: Mapping[str, Any]) -> Tier:
    """A step with the numbers that were typed; coupons come with the first templates."""
    entry = numbers[f"{tier.code}_entry"]
    benefits = Benefits(
        discount_bp=numbers[f"{tier.code}_discount"],
        points_multiplier_bp=numbers[f"{tier.code}_times"],
        free_shipping=tier.benefits.free_shipping,
    )
    return replace(tier, entry=entry, keep=entry * KEEP_BP // FULL_BP, benefits=benefits)


def _blanks() -> Iterator[Blank]:
    for tier, entry, discount, times in _STEPS:
        code, zh, en = tier.code, tier.card_zh, tier.card_en
        yield Blank(
            f"{code}_entry",
            f"{zh}：一年消费满",
            f"{en}: spent in a year",
            entry,
            Yuan(required=True),
            "元",
            "yuan",
        )
        yield Blank(
            f"{code}_discount",
            f"{zh}：折扣减",
            f"{en}: discount",
            discount,
            Percent(0, FULL_BP - 1, required=True),
            "%",
            "%",
        )
        yield Blank(f"{code}_times", f"{zh}：积分倍数", f"{en}: points times", times, Times(FULL_BP, 10 * FULL_BP, required=True), "倍", "×")  # fmt: skip


FIRST_LADDER = Step(
    code="tiers",
    zh="会员等级",
    en="Member tiers",
    about_zh="银卡人人都有；消费满额升到金卡、白金卡、钻石卡，一年内消费达到门槛的八成就保级。升级有礼积分。",
    about_en="Everybody has the silver card; spending lifts to gold, platinum and diamond, and four fifths of it in"
    " a year keep one there. Rising brings a gift of points.",
    blanks=tuple(_blanks()),
    is_done=lambda: bool(publishing.all_versions()),
    publish=_publish,
    page="/admin/tiers",
    rank=30,
)
