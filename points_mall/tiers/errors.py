"""What tiers refuse."""

from miniprogram_api.core.errors import Forbidden, Unprocessable

from .ladder import Tier


class TierTooLow(Forbidden):
    """It is for members of a higher tier; `required` and `yours` are the codes of the tiers."""

    code = "tier_too_low"
    title_zh = "会员等级不足"
    title_en = "Your tier is too low"

    def __init__(self, required: Tier, yours: Tier) -> None:
        super().__init__(
            f"needs tier {required.code}, has {yours.code}",
            required=required.code,
            yours=yours.code,
        )


class UnknownTier(Unprocessable):
    """There is no tier of that code."""

    code = "unknown_tier"
    title_zh = "没有这个会员等级"
    title_en = "There is no such tier"
