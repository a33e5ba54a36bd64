"""What a pool refuses, in the words that a shopper hears."""

from datetime import datetime

from miniprogram_api.core.errors import Conflict, Forbidden


class NotStarted(Conflict):
    """It has not opened yet; nothing was taken."""

    code = "not_started"
    title_zh = "还没开始，请稍候"
    title_en = "Not open yet"

    def __init__(self, starts_at: datetime) -> None:
        super().__init__("it has not opened yet", starts_at=starts_at)


class Ended(Conflict):
    """It is over."""

    code = "ended"
    title_zh = "活动已结束"
    title_en = "This is over"


class SoldOut(Conflict):
    """Every unit is taken."""

    code = "sold_out"
    title_zh = "已抢光"
    title_en = "Sold out"


class AllowanceUsed(Conflict):
    """The member has taken as many as one member may."""

    code = "allowance_used"
    title_zh = "已达到每人限领数量"
    title_en = "You have reached the limit per member"


class Blocked(Forbidden):
    """The member may not take part; staff can see why and lift it."""

    code = "blocked"
    title_zh = "暂时无法参与，请联系客服"
    title_en = "You cannot take part at the moment, please contact us"
