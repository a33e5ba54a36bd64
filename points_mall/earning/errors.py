"""What earning refuses."""

from miniprogram_api.core.errors import Conflict, NotFound, Unprocessable


class EarningRuleNotAllowed(Unprocessable):
    """An earning rule does not fit together, or would change the past."""

    code = "earning_rule_not_allowed"
    title_zh = "积分获取规则有误"
    title_en = "Not a valid earning rule"


class EarningRuleJustChanged(Conflict):
    """Somebody else saved an earning rule at the same moment; look again."""

    code = "earning_rule_just_changed"
    title_zh = "积分获取规则刚被修改，请重试"
    title_en = "The earning rule was changed just now"


class NoSuchAward(NotFound):
    """No purchase with this reference was judged by the earning rule."""

    code = "no_such_award"
    title_zh = "没有这笔消费的积分记录"
    title_en = "No purchase with this reference has been judged"
