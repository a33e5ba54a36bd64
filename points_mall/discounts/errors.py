"""What discounts refuse."""

from miniprogram_api.core.errors import Conflict, NotFound, Unprocessable


class OfferNotAllowed(Unprocessable):
    """A threshold offer would give more than the bill, or its levels do not rise."""

    code = "offer_not_allowed"
    title_zh = "满减规则有误"
    title_en = "This offer cannot be"


class RefundTooLarge(Conflict):
    """More would go back than is left of what was paid; `left_fen` says how much is."""

    code = "refund_too_large"
    title_zh = "退款金额超过可退金额"
    title_en = "More than is left to refund"


class NoSuchOffer(NotFound):
    """The shop has no such threshold offer."""

    code = "no_such_offer"
    title_zh = "满减活动不存在"
    title_en = "There is no such offer"


class OfferJustChanged(Conflict):
    """Somebody else published a version of the offer at the same moment; look at it first."""

    code = "offer_just_changed"
    title_zh = "满减活动刚被修改，请重试"
    title_en = "The offer was just changed"
