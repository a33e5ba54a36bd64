"""What cannot be granted."""

from miniprogram_api.core.errors import Unprocessable


class RewardNotAllowed(Unprocessable):
    """A rule names a reward that nobody here can give, or an amount that its kind refuses."""

    code = "reward_not_allowed"
    title_zh = "奖励设置有误"
    title_en = "Not a reward that can be given"
