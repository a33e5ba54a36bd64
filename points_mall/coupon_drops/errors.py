"""What drops refuse, beyond what the stock and the coupons refuse."""

from miniprogram_api.core.errors import Conflict, NotFound, Unprocessable


class NoSuchDrop(NotFound):
    """There is no such drop."""

    code = "no_such_coupon_drop"
    title_zh = "抢券场次不存在"
    title_en = "There is no such coupon drop"


class NoSuchPlan(NotFound):
    """There is no such plan."""

    code = "no_such_coupon_drop_plan"
    title_zh = "抢券活动不存在"
    title_en = "There is no such plan of coupon drops"


class PlanClosed(Conflict):
    """The plan was closed before; nothing of it opens any more."""

    code = "coupon_drop_plan_closed"
    title_zh = "抢券活动已关闭"
    title_en = "The plan of coupon drops is closed"


class PlanNotValid(Unprocessable):
    """The plan as it was written down cannot be kept."""

    code = "coupon_drop_plan_not_valid"
    title_zh = "抢券活动设置有误"
    title_en = "Not a plan of drops that can be kept"
