"""What anti-abuse refuses."""

from miniprogram_api.core.errors import BadRequest, Forbidden, NotFound, SlowDown, Unprocessable


class RiskDenied(Forbidden):
    """It looks like abuse. The decision is recorded under `decision_id`; staff can see why, and lift it."""

    code = "risk_denied"
    title_zh = "操作异常，请联系客服"
    title_en = "This looks unusual, please contact us"


class DailyCapUsed(SlowDown):
    """As often as a member may on one day; tomorrow there is more."""

    code = "daily_cap_used"
    title_zh = "今日次数已用完，明天再来"
    title_en = "That was all for today, come back tomorrow"


class DeviceIdInvalid(BadRequest):
    """The header `X-Device-Id` is 8 to 64 letters, digits, `-` or `_`."""

    code = "device_id_invalid"
    title_zh = "设备标识格式有误"
    title_en = "X-Device-Id is not valid"


class NoSuchDecision(NotFound):
    """No decision has this number."""

    code = "no_such_decision"


class NotABlockable(Unprocessable):
    """This names neither a member, nor a network address, nor a device."""

    code = "not_a_blockable"
    title_zh = "无法识别要封禁的对象"
    title_en = "Nothing that can be blocked"
