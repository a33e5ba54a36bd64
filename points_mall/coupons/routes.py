"""Coupon endpoints. Drops have their own."""

from typing import Any

import sqlalchemy as sa
from flask import Response

from miniprogram_api.auth.guards import current_member_id, for_member
from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.crypto import blind_index
from miniprogram_api.http.api import Blueprint
from miniprogram_api.http.idempotency import claim_of_request, idempotent, keeps_own_record, told
from miniprogram_api.http.language import language
from points_mall.ledger.errors import InsufficientPoints

from . import codes, exchanging, gifts
from .errors import (
    CodeNotValid,
    CouponLimitUsed,
    CouponNotUsable,
    GiftGone,
    NoSuchCoupon,
    NoSuchGift,
    NoSuchTemplate,
    NotForYou,
    NotGiftable,
    OwnGift,
    TemplateOver,
    TooManyWrongCodes,
)
from .models import Coupon
from .schemas import (
    ClaimedGiftSchema,
    CouponCodeSchema,
    CouponExchangedSchema,
    CouponGiftSchema,
    CouponIssuedSchema,
    CouponSchema,
    CouponStateSchema,
    CouponTemplatesSchema,
    OfferedGiftSchema,
)
from .shown import told_coupons, told_issued, told_template
from .states import State
from .templates import read_terms
from .words import summary

blp = Blueprint(
    "coupons",
    url_prefix="/api/v1",
    title="优惠券 Coupons",
    description="我的优惠券，兑换码，转赠，积分换券 · coupons, codes, gifts to friends, for points",
)


@blp.get("/coupons")
@for_member
@blp.paged(CouponSchema, Coupon.id, filters=CouponStateSchema, show=told_coupons)
def coupons(state: str | None = None) -> sa.Select[*tuple[Any, ...]]:
    """我的优惠券 · My coupons

    最新的在前。 Newest first.
    """
    mine = sa.select(Coupon).filter_by(member_id=current_member_id())
    if state is None:
        return mine
    is_past = Coupon.valid_until <= now()
    if state == State.EXPIRED:
        unused_and_past = sa.and_(Coupon.state == State.UNUSED, is_past)
        return mine.where(sa.or_(Coupon.state == State.EXPIRED, unused_and_past))
    if state == State.UNUSED:
        return mine.where(Coupon.state == State.UNUSED, ~is_past)
    return mine.where(Coupon.state == state)


@blp.post("/coupons/codes")
@for_member
@blp.problems(CodeNotValid, TooManyWrongCodes, NotForYou, CouponLimitUsed, TemplateOver)
@blp.arguments(CouponCodeSchema)
@blp.response(201, CouponIssuedSchema)
@keeps_own_record
def redeem_code(asked: dict[str, Any]) -> Response:
    """兑换码 · Redeem a code

    输错会计数，一天内错误过多将被拒绝。 Wrong codes are counted; too many in a day are refused.
    """
    answer, is_repeat = codes.redeem(current_member_id(), asked["code"], claim_of_request())
    return told(answer, is_repeat=is_repeat)


@blp.post("/coupons/<no:code>/gifts")
@for_member
@blp.problems(NoSuchCoupon, NotGiftable, CouponNotUsable)
@idempotent
@blp.response(201, OfferedGiftSchema)
def offer_gift(code: str) -> dict[str, Any]:
    """转赠 · Give to a friend

    券被锁定，直到好友领取、您收回或链接到期。 The coupon is locked until a friend takes it, you take it back,
    or the link ends.
    """
    offered = gifts.offer(current_member_id(), code)
    return {
        "coupon": offered.coupon,
        "token": offered.token,
        "expires_at": in_shop_time(offered.expires_at).isoformat(),
    }


@blp.post("/coupons/<no:code>/gifts/withdraw")
@for_member
@blp.problems(NoSuchCoupon, CouponNotUsable)
@idempotent
@blp.response(204)
def withdraw_gift(code: str) -> None:
    """收回转赠 · Take an offered coupon back"""
    gifts.withdraw(current_member_id(), code)


@blp.get("/coupon-gifts/<no:token>")
@for_member
@blp.problems(NoSuchGift)
@blp.response(200, CouponGiftSchema)
def gift(token: str) -> dict[str, Any]:
    """查看转赠 · Look at a gift"""
    found = gifts.look(token)
    return {
        "state": found.state,
        "title": found.title_en if language() == "en" else found.title_zh,
        "summary": summary(read_terms(found.terms), language()),
        "valid_until": in_shop_time(found.valid_until).isoformat(),
        "expires_at": in_shop_time(found.expires_at).isoformat(),
    }


@blp.post("/coupon-gifts/<no:token>/claims")
@for_member
@blp.problems(NoSuchGift, GiftGone, OwnGift)
@idempotent
@blp.response(201, ClaimedGiftSchema)
def claim_gift(token: str) -> dict[str, Any]:
    """领取转赠 · Take a gift"""
    return {"code": gifts.claim(current_member_id(), token)}


@blp.get("/coupon-templates")
@for_member
@blp.response(200, CouponTemplatesSchema)
def templates() -> dict[str, Any]:
    """可用积分兑换的券 · Coupons for points"""
    return {"items": [told_template(one) for one in exchanging.exchangeable()]}


@blp.post("/coupon-templates/<no:code>/exchanges")
@for_member
@blp.problems(NoSuchTemplate, NotForYou, CouponLimitUsed, TemplateOver)
@blp.problems(InsufficientPoints)
@idempotent
@blp.response(201, CouponExchangedSchema)
def exchange(code: str) -> dict[str, Any]:
    """积分换券 · Exchange points for a coupon"""
    claim = claim_of_request()
    reference = "exchange:" + blind_index(f"{claim.scope}:{claim.key}", "coupon_exchange")[:32]
    done = exchanging.exchange(current_member_id(), code, reference)
    return {**told_issued(done.issued), "points_available": done.points_available}
