"""Why a coupon is not taken on a bill: stable codes, words and numbers. Pure."""

from dataclasses import dataclass, field
from typing import Any

WORDS: dict[str, tuple[str, str]] = {
    "used": ("已使用", "It was used"),
    "locked": ("正在另一笔订单中使用或已送出", "It is in another order, or offered to a friend"),
    "void": ("已作废", "It is void"),
    "expired": ("已过期", "It has expired"),
    "not_yet_valid": ("未到可用时间", "It is not valid yet"),
    "blackout_day": ("今天不可用", "It is not taken today"),
    "wrong_weekday": ("今天不可用", "It is not taken on this weekday"),
    "wrong_hour": ("当前时段不可用", "It is not taken at this hour"),
    "wrong_channel": ("不适用于此支付渠道", "It is not taken in this channel"),
    "wrong_store": ("不适用于本门店", "It is not taken in this store"),
    "nothing_in_scope": ("没有适用的商品", "Nothing on the bill is in its scope"),
    "threshold_not_met": ("未达到使用门槛", "The threshold is not met"),
    "no_shipping": ("没有运费可减", "There is no shipping to pay"),
    "gift_not_on_bill": ("请先把赠品加入订单", "The gift is not on the bill"),
    "nothing_left": ("没有可再优惠的金额", "Nothing is left to take off"),
    "not_stackable": ("不能与其他优惠券同时使用", "It cannot be used with the others"),
    "too_many_of_it": ("同类优惠券已达使用张数上限", "No more of its kind on one bill"),
    "better_without": ("已选更优惠的组合", "The bill is cheaper without it"),
}


@dataclass(frozen=True)
class Reason:
    """Why not; `numbers` are the facts of the case (`missing_fen`)."""

    code: str
    numbers: dict[str, Any] = field(default_factory=dict)

    def sentence(self, language: str) -> str:
        """The reason for people."""
        zh, en = WORDS[self.code]
        return en if language.startswith("en") else zh

    def as_json(self) -> dict[str, Any]:
        """The reason as clients see it."""
        return {"code": self.code, **self.numbers}
