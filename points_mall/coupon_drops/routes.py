"""Coupon drop endpoints: what opens when, and claiming."""

from flask import Response, jsonify

from miniprogram_api.auth.guards import current_member_id, for_member, public
from miniprogram_api.http.api import Blueprint
from miniprogram_api.http.idempotency import claim_of_request, keeps_own_record, told
from miniprogram_api.http.language import language
from points_mall.coupons.errors import CouponLimitUsed, NotForYou, TemplateOver
from points_mall.stock.errors import AllowanceUsed, Blocked, Ended, NotStarted, SoldOut

from . import schemas, shown
from .claiming import claim_coupon
from .errors import NoSuchDrop

blp = Blueprint(
    "coupon_drops",
    url_prefix="/api/v1/coupon-drops",
    title="整点抢券 Coupon drops",
    description="每天定点限量的优惠券 · so many coupons, at an hour that everybody knows",
)


@blp.get("")
@public
@blp.response(200, schemas.DropsSchema)
def list_drops() -> Response:
    """抢券场次 · What is open, and what opens next

    进行中、即将开始的场次，与每个活动最近结束的一场。`server_time` 供倒计时使用，剩余张数可能晚一秒。
    Drops that are open, the next ones, and the last of each plan that is over; `server_time` drives
    countdowns.
    """
    return jsonify(shown.shown_drops())


@blp.post("/<id:drop_id>/claims")
@for_member(keeps_own_pace=True)
@blp.problems(NoSuchDrop, NotStarted, Ended, SoldOut, AllowanceUsed, Blocked)
@blp.problems(NotForYou, CouponLimitUsed, TemplateOver)
@blp.response(201, schemas.DropClaimedSchema)
@keeps_own_record
def claim(drop_id: int) -> Response:
    """抢一张 · Claim one

    一次调用就有结果：抢到即得一张券，否则说明原因，什么都不动。重试请使用同一个 `Idempotency-Key`。
    One call is final: one coupon, or why not, and then nothing has moved. Repeat with the same
    `Idempotency-Key`.
    """
    claimed = claim_coupon(current_member_id(), drop_id, claim_of_request(), language())
    return told(claimed.answer, is_repeat=claimed.is_repeat)
