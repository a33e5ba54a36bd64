"""What the lottery refuses."""

from miniprogram_api.core.errors import Conflict, Forbidden, NotFound, Unprocessable


class NoSuchWheel(NotFound):
    """There is no such wheel."""

    code = "no_such_wheel"
    title_zh = "抽奖活动不存在"
    title_en = "There is no such wheel"


class NoSuchDraw(NotFound):
    """There is no such draw, or it is not the caller's."""

    code = "no_such_draw"
    title_zh = "抽奖记录不存在"
    title_en = "There is no such draw"


class NoSuchPeriod(NotFound):
    """The wheel has promised no seed for that day, or the day is not over."""

    code = "no_such_period"
    title_zh = "该日没有可公布的抽奖数据"
    title_en = "Nothing to publish for that day"


class NoDrawsLeft(Conflict):
    """The member has drawn as often as one may, or has nothing left to draw with."""

    code = "no_draws_left"
    title_zh = "抽奖次数已用完"
    title_en = "No draws left"


class NotForYou(Forbidden):
    """The wheel is for members who joined not long ago; `new_member_days` says how long."""

    code = "not_for_you"
    title_zh = "此活动仅限新会员参加"
    title_en = "This is for new members"


class WheelNotValid(Unprocessable):
    """The wheel as it was written down cannot be drawn from; the detail says why."""

    code = "wheel_not_valid"
    title_zh = "抽奖设置有误"
    title_en = "Not a wheel that can be drawn from"


class WeightsNotValid(Unprocessable):
    """The weights do not add up to their total, or are no weights."""

    code = "weights_not_valid"
    title_zh = "中奖权重有误"
    title_en = "The weights do not make a wheel"


class PrizeAboveLegalCap(Unprocessable):
    """A prize of a lucky draw may be worth 50,000 yuan at most, by law."""

    code = "prize_above_legal_cap"
    title_zh = "单个奖品价值不得超过五万元"
    title_en = "A prize may be worth at most 50,000 yuan"


class WheelClosed(Conflict):
    """The wheel was closed for good; make a new one."""

    code = "wheel_closed"
    title_zh = "该抽奖活动已关闭"
    title_en = "This wheel was closed"


class AddressNotAwaited(Conflict):
    """The prize is not sent by post, or has its address already, or is on its way."""

    code = "address_not_awaited"
    title_zh = "该奖品无需或已填写收货信息"
    title_en = "This prize awaits no address"
