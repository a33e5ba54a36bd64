"""What coupons refuse."""

from miniprogram_api.core.errors import (
    Conflict,
    Forbidden,
    Gone,
    NotFound,
    SlowDown,
    Unprocessable,
)


class TermsNotAllowed(Unprocessable):
    """The terms of a template do not fit together, or would give more than the bill."""

    code = "coupon_terms_not_allowed"
    title_zh = "优惠券规则有误"
    title_en = "These coupon terms cannot be"


class NoSuchTemplate(NotFound):
    """There is no such template, or it is not offered here."""

    code = "no_such_coupon_template"
    title_zh = "优惠券不存在"
    title_en = "There is no such coupon"


class TemplateOver(Conflict):
    """Its last day is over: a coupon issued now could not be used; `last_on` says when it was."""

    code = "coupon_template_over"
    title_zh = "该优惠券活动已结束"
    title_en = "This coupon is over"


class NotForYou(Forbidden):
    """It is for other members; `audience` says for whom: tier, new, birthday or named."""

    code = "coupon_not_for_you"
    title_zh = "您暂不符合领取条件"
    title_en = "This coupon is for other members"


class CouponLimitUsed(Conflict):
    """The member has had as many as one may; `period` says whether ever or today, `limit` how many."""

    code = "coupon_limit_used"
    title_zh = "已达到领取上限"
    title_en = "You have had as many as one may"


class NoSuchCoupon(NotFound):
    """There is no such coupon, or it is another member's."""

    code = "no_such_coupon"
    title_zh = "优惠券不存在"
    title_en = "There is no such coupon"


class CouponNotUsable(Conflict):
    """The coupon cannot be used here and now; `coupon` names it, `reason` is a stable code of why."""

    code = "coupon_not_usable"
    title_zh = "优惠券不可用"
    title_en = "This coupon cannot be used"


class CouponsNotCombinable(Conflict):
    """These coupons cannot be used on one bill; `coupon` names the one that is too many."""

    code = "coupons_not_combinable"
    title_zh = "所选优惠券不能同时使用"
    title_en = "These coupons cannot be used together"


class CodeNotValid(NotFound):
    """No coupon can be had for this code: it is wrong, or was used."""

    code = "coupon_code_not_valid"
    title_zh = "兑换码无效或已使用"
    title_en = "This code is not valid, or was used"


class TooManyWrongCodes(SlowDown):
    """So many wrong codes a day are enough; tomorrow there is another try."""

    code = "too_many_wrong_codes"
    title_zh = "错误次数过多，请明天再试"
    title_en = "Too many wrong codes, try again tomorrow"


class NotGiftable(Conflict):
    """The coupon cannot be given away: its terms say so, or it was a gift itself."""

    code = "coupon_not_giftable"
    title_zh = "该优惠券不可转赠"
    title_en = "This coupon cannot be given away"


class NoSuchGift(NotFound):
    """There is no gift under this link."""

    code = "no_such_gift"
    title_zh = "赠送链接无效"
    title_en = "There is no gift under this link"


class GiftGone(Gone):
    """Somebody else has it, or its giver took it back, or it is over; `gift_state` says which."""

    code = "gift_gone"
    title_zh = "来晚了，这张券已不能领取"
    title_en = "This gift is gone"


class OwnGift(Conflict):
    """The giver opened the link: it is for a friend."""

    code = "own_gift"
    title_zh = "不能领取自己赠送的券"
    title_en = "You cannot take your own gift"


class FileRefused(Unprocessable):
    """The file cannot be taken; `lines` says what is wrong in which line."""

    code = "coupon_file_refused"
    title_zh = "文件有误，未导入"
    title_en = "The file was refused"


class OccasionRuleNotAllowed(Unprocessable):
    """What is to be given on an occasion cannot be given."""

    code = "occasion_rule_not_allowed"
    title_zh = "赠礼规则有误"
    title_en = "This gift rule cannot be"
