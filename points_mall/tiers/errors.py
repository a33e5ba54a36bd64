"""What tiers refuse."""

from miniprogram_api.core.errors import Conflict, Forbidden, Unprocessable

from .steps import Tier


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


class LadderNotAllowed(Unprocessable):
    """The parts of a ladder do not fit together, or it would change the past."""

    code = "ladder_not_allowed"
    title_zh = "等级规则有误"
    title_en = "This ladder does not work"


class LadderJustChanged(Conflict):
    """Somebody else has just published a version of the ladder."""

    code = "ladder_just_changed"
    title_zh = "等级规则刚被他人修改，请重新查看"
    title_en = "The ladder was just changed by somebody else"
