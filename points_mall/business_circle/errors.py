"""What the business circle refuses."""

from miniprogram_api.core.errors import Conflict, NotFound, Unprocessable


class BusinessCircleOff(NotFound):
    """This shop is in no business circle."""

    code = "business_circle_off"
    title_zh = "本店未开通智慧商圈"
    title_en = "This shop is in no business circle"


class NotAuthorized(Conflict):
    """The shopper does not let the mall see purchases."""

    code = "not_authorized"
    title_zh = "会员尚未授权支付即积分"
    title_en = "The member has not authorised the business circle"


class UnknownToWeChat(Conflict):
    """WeChat has no name for this member in our mini-program."""

    code = "unknown_to_wechat"
    title_zh = "会员没有微信身份"
    title_en = "WeChat does not know this member"


class NoSuchSync(NotFound):
    """No purchase in the mall has this transaction number."""

    code = "no_such_sync"
    title_zh = "没有这笔商圈交易"
    title_en = "No such purchase in the mall"


class NotAPlate(Unprocessable):
    """This is no number plate."""

    code = "not_a_plate"
    title_zh = "车牌号格式不正确"
    title_en = "Not a number plate"
