"""Purchase endpoints of shoppers."""

from typing import Any

import sqlalchemy as sa
from flask import Response

from miniprogram_api.auth.guards import current_member_id, for_member
from miniprogram_api.http.api import Blueprint
from miniprogram_api.http.idempotency import claim_of_request, keeps_own_record, told
from miniprogram_api.repeats.records import Answer
from miniprogram_api.wechat.errors import (
    AlreadyPaid,
    PaymentClosed,
    PaymentNotConfigured,
    PaymentNumberUsed,
    WeChatMisconfigured,
    WeChatRefused,
    WeChatUnavailable,
)
from points_mall.catalogue.errors import NoSuchProduct
from points_mall.coupons.errors import CouponNotUsable, CouponsNotCombinable, NoSuchCoupon
from points_mall.redemption.errors import NoSuchOrder, PaymentTimeOver, StepNotAllowed
from points_mall.wallet.errors import NoSuchPlan, WalletFull

from . import cancelling, placing
from .answers import told_in_full, told_purchases
from .bills import Asked, Item
from .errors import NoSuchPurchase
from .listing import purchase_of, purchases_of
from .models import Purchase
from .placing_errors import (
    AmountTooLarge,
    NoWechatIdentity,
    PaymentUnderWay,
    PurchaseStepNotAllowed,
    UnclearPurchase,
)
from .schemas import (
    AskedSchema,
    PlacedSchema,
    PurchaseDetailSchema,
    PurchaseSchema,
    QuoteSchema,
    ToPaySchema,
)

blp = Blueprint(
    "purchases",
    url_prefix="/api/v1/purchases",
    title="消费 Purchases",
    description="付款、积分抵现、余额支付与消费记录 · buying for money",
)

ONE = "/<string(length=21):purchase_no>"
"""A purchase's number, which is never as short as `/quotes`."""

_UNBUYABLE = (
    UnclearPurchase,
    NoSuchProduct,
    AmountTooLarge,
    NoSuchOrder,
    StepNotAllowed,
    PaymentTimeOver,
    NoSuchPlan,
    WalletFull,
    NoSuchCoupon,
    CouponNotUsable,
    CouponsNotCombinable,
)


@blp.post("/quotes")
@for_member
@blp.problems(*_UNBUYABLE)
@blp.arguments(AskedSchema)
@blp.response(200, QuoteSchema)
def quote(asked: dict[str, Any]) -> dict[str, Any]:
    """试算 · Quote

    与下单使用同一套计算，不产生任何变动；列出每张券能否使用、为什么。 By the same code as a purchase;
    nothing moves. Tells of every coupon whether it can be used, and why not.
    """
    return placing.quote(current_member_id(), _asked(asked))


@blp.post("")
@for_member
@blp.problems(*_UNBUYABLE)
@blp.problems(PaymentUnderWay, NoWechatIdentity, PaymentNotConfigured)
@blp.arguments(AskedSchema)
@blp.response(201, PlacedSchema)
@keeps_own_record
def buy(asked: dict[str, Any]) -> Response:
    """下单付款 · Buy

    优惠券先锁定，积分先冻结，余额先扣，现金在 `pay_by` 之前支付；无需现金时立即完成。 Coupons are locked,
    points held, and the wallet pays at once; the cash is paid before `pay_by`. What owes no cash is paid
    already.
    """
    placed = placing.place(current_member_id(), claim_of_request(), _asked(asked))
    return told(Answer(201, placed.body), is_repeat=placed.is_repeat)


@blp.post(f"{ONE}/payments")
@for_member
@blp.problems(NoSuchPurchase, PurchaseStepNotAllowed, PaymentTimeOver)
@blp.problems(AlreadyPaid, PaymentClosed, PaymentNumberUsed, WeChatRefused)
@blp.problems(PaymentNotConfigured, WeChatUnavailable, WeChatMisconfigured)
@blp.response(200, ToPaySchema)
def pay(purchase_no: str) -> dict[str, Any]:
    """继续支付 · Pay

    返回新的支付参数；同一订单无论请求几次都只能支付一次。 Fresh parameters for `wx.requestPayment`; however
    often it is asked, the purchase can be paid once.
    """
    return placing.pay_again(current_member_id(), purchase_no)


@blp.post(f"{ONE}/cancel")
@for_member
@blp.problems(NoSuchPurchase, PurchaseStepNotAllowed)
@blp.problems(PaymentNotConfigured, WeChatUnavailable, WeChatMisconfigured, WeChatRefused)
@blp.response(200, PurchaseSchema)
@keeps_own_record
def cancel(purchase_no: str) -> Response:
    """取消未付款订单 · Cancel

    积分与余额原路退回；已付款的请联系商家退款。 Before it is paid; points and wallet money go back.
    """
    done = cancelling.cancel(current_member_id(), claim_of_request(), purchase_no)
    return told(Answer(200, done.body), is_repeat=done.is_repeat)


@blp.get("")
@for_member
@blp.paged(PurchaseSchema, Purchase.id, show=told_purchases)
def purchases() -> sa.Select[*tuple[Any, ...]]:
    """我的消费 · My purchases

    最新的在前，含每笔获得的积分与原因。 Newest first, each with the points that it earned, and why.
    """
    return purchases_of(current_member_id())


@blp.get(ONE)
@for_member
@blp.problems(NoSuchPurchase)
@blp.response(200, PurchaseDetailSchema)
def purchase(purchase_no: str) -> dict[str, Any]:
    """消费详情 · One purchase"""
    return told_in_full(purchase_of(current_member_id(), purchase_no))


def _asked(given: dict[str, Any]) -> Asked:
    return Asked(
        items=tuple(Item(**item) for item in given.get("items", ())),
        amount_fen=given.get("amount_fen"),
        order_no=given.get("order_no"),
        plan=given.get("plan"),
        most_points=given["use_points"],
        most_wallet_fen=given["use_wallet"],
        store=given.get("store"),
        coupons=given["coupons"],
    )
