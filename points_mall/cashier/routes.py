"""The till's endpoints: scan, quote, sell, refund, hand over."""

from typing import Any

import sqlalchemy as sa
from flask import Response

from miniprogram_api.core.errors import NotFound
from miniprogram_api.http.idempotency import claim_of_request, keeps_own_record, told
from miniprogram_api.members.errors import AccountClosed
from miniprogram_api.repeats.records import Answer
from miniprogram_api.staff.errors import OtpRequired, SignInRefused, StaffLocked
from miniprogram_api.staff.guards import for_staff
from points_mall.coupons.errors import CouponNotUsable, CouponsNotCombinable, NoSuchCoupon
from points_mall.purchases.errors import BadRefund, RefundTooLarge
from points_mall.purchases.facts import PaidLine
from points_mall.purchases.placing_errors import AmountTooLarge
from points_mall.redemption.errors import AlreadyCollected, NoSuchPickup, StepNotAllowed

from . import (
    approvals,
    errors,
    pickups,
    quotes,
    refunds,
    sales,
    scan_schemas,
    scans,
    schemas,
    till_schemas,
)
from .at_till import TillBlueprint, counter_of_request
from .customers import told_found, told_scan
from .goods_back import WantedLine
from .models import TillSale
from .pricing import Asked, amount_line
from .refunds import Wanted
from .sale_list import sales_of, told_sales

blp = TillBlueprint(
    "pos",
    url_prefix="/api/v1/pos",
    title="收银台 Till",
    description="扫码、试算、销售、退款、核销 · scans, quotes, sales, refunds, pick-ups",
)


@blp.post("/scans")
@for_staff("cashier")
@blp.at_till
@blp.problems(errors.TillLocked, errors.NotAMemberCode, errors.UnknownCode)
@blp.problems(errors.CodeExpired, errors.CodeUsed, AccountClosed, errors.MemberBlocked)
@blp.problems(errors.OwnAccount)
@blp.arguments(scan_schemas.ScannedSchema)
@blp.response(201, scan_schemas.ScanSchema)
def scan(given: dict[str, Any]) -> dict[str, Any]:
    """扫会员码 · Scan a member

    动态码可积分、可消费；静态会员号只积分。付款码、商品条码等会指明是什么。 A live code earns and spends, a
    static number only earns; what is something else says what it looks like.
    """
    counter = counter_of_request()
    return told_scan(scans.scan(counter, given["code"]), counter.store)


@blp.get("/scans/<id:scan_id>")
@for_staff("cashier")
@blp.at_till
@blp.problems(errors.ScanOver, AccountClosed)
@blp.response(200, scan_schemas.ScanSchema)
def show_scan(scan_id: int) -> dict[str, Any]:
    """会员卡片 · The member of a scan

    按手机尾号选定会员后，或刷新数字。 After choosing one by the phone, or for fresh figures.
    """
    counter = counter_of_request()
    return told_scan(scans.living_scan(counter, scan_id), counter.store)


@blp.get("/members")
@for_staff("cashier")
@blp.at_till
@blp.problems(errors.TooManyAlike)
@blp.arguments(scan_schemas.PhoneLookupSchema, location="query")
@blp.response(200, scan_schemas.FoundListSchema)
def look_up(given: dict[str, Any]) -> dict[str, Any]:
    """按手机尾号查会员 · Members whose phone ends so

    只显示脱敏信息，只能积分；有频率限制并留痕。 Masked, to earn only; paced, and an act.
    """
    found = scans.look_up(counter_of_request(), given["phone_last4"])
    return {"items": [told_found(one) for one in found], "next_cursor": None}


@blp.post("/quotes")
@for_staff("cashier")
@blp.at_till
@blp.problems(errors.ScanOver, errors.ScanMayNotSpend, errors.OwnAccount)
@blp.problems(AccountClosed, AmountTooLarge, NoSuchCoupon, CouponNotUsable, CouponsNotCombinable)
@blp.arguments(schemas.TillQuoteAskedSchema)
@blp.response(201, schemas.TillQuoteSchema)
def quote(given: dict[str, Any]) -> dict[str, Any]:
    """试算 · Quote

    与成交同一套计算；不指定优惠券时自动选最优组合。 By the code of the sale; unless coupons are named, those
    with which the member pays least.
    """
    return quotes.quote(counter_of_request(), given.get("scan_id"), _asked(given))


@blp.post("/sales")
@for_staff("cashier")
@blp.at_till
@blp.problems(errors.TillsDiffer, errors.QuoteGone, errors.QuoteChanged)
@blp.problems(errors.ReceiptUsed, errors.ScanOver, errors.ScanMayNotSpend, errors.OwnAccount)
@blp.problems(errors.ApprovalNeeded, errors.ApprovalNotValid, AccountClosed)
@blp.problems(NoSuchCoupon, CouponNotUsable, CouponsNotCombinable)
@blp.arguments(schemas.TillSaleAskedSchema)
@blp.response(201, schemas.SoldSchema)
@keeps_own_record
def sell(given: dict[str, Any]) -> Response:
    """成交 · Sell

    同一收银台同一小票号只成交一次。价格有变时返回 409 与新的试算。 A till sells a receipt number once; a
    price that has changed is answered with the new quote.
    """
    counter = counter_of_request(given.get("till"))
    done = sales.sell(
        counter,
        claim_of_request(),
        quote_id=given["quote_id"],
        receipt_no=given["receipt_no"],
        tender=given["tender"],
        approval_id=given.get("approval_id"),
    )
    return told(done.answer, is_repeat=done.is_repeat)


@blp.get("/sales")
@for_staff("cashier")
@blp.at_till
@blp.problems(errors.ScanOver, NotFound)
@blp.paged(
    schemas.TillSaleSchema, TillSale.id, filters=schemas.TillSalesAskedSchema, show=told_sales
)
def list_sales(**given: Any) -> sa.Select[Any]:
    """查销售 · Find sales

    按会员、小票号、销售号或小票码；都不填则为本收银台最近的。 By member, receipt, sale or receipt code; by
    nothing, the till's latest.
    """
    return sales_of(counter_of_request(), **given)


@blp.post("/sales/<no:sale_no>/refunds")
@for_staff("cashier")
@blp.at_till
@blp.problems(errors.NoSuchSale, RefundTooLarge, BadRefund, errors.LineGivenBack)
@blp.problems(errors.ApprovalNeeded, errors.ApprovalNotValid)
@blp.arguments(schemas.TillRefundAskedSchema)
@blp.response(201, schemas.TillRefundSchema)
@keeps_own_record
def refund(given: dict[str, Any], sale_no: str) -> Response:
    """退款 · Refund

    按金额、按商品行（可指定件数，金额按折后价计算）或全部剩余；`dry_run` 只看后果，不产生变动。 By amount, by
    lines and how many of their goods, whose value follows from what was paid for them, or all that is left;
    `dry_run` shows every consequence and moves nothing.
    """
    counter = counter_of_request()
    lines = [WantedLine(**line) for line in given.get("lines", ())]
    wanted = Wanted(given["reason"], given.get("amount_fen"), lines, given.get("approval_id"))
    if given["dry_run"]:
        return told(Answer(201, refunds.preview(counter, sale_no, wanted)), is_repeat=False)
    done = refunds.refund(counter, claim_of_request(), sale_no, wanted)
    return told(done.answer, is_repeat=done.is_repeat)


@blp.post("/approvals")
@for_staff("cashier")
@blp.at_till
@blp.problems(SignInRefused, OtpRequired, StaffLocked, errors.OwnApproval)
@blp.arguments(schemas.ApprovalAskedSchema)
@blp.response(201, schemas.ApprovalSchema)
def approve(given: dict[str, Any]) -> approvals.Given:
    """店长授权 · A manager approves

    店长在收银台输入自己的 PIN 或密码；只对这一件事、这一个人有效，十分钟内用一次。 By the manager's PIN or
    password; for one thing and one person, once, within ten minutes.
    """
    return approvals.approve(counter_of_request(), **given)


@blp.get("/pickups/<no:pickup_code>")
@for_staff("cashier")
@blp.at_till
@blp.problems(NoSuchPickup)
@blp.response(200, till_schemas.PickupSchema)
def look_up_pickup(pickup_code: str) -> dict[str, Any]:
    """查核销码 · Look a pick-up code up"""
    return pickups.look_up(counter_of_request(), pickup_code)


@blp.post("/pickups/<no:pickup_code>/confirm")
@for_staff("cashier")
@blp.at_till
@blp.problems(NoSuchPickup, AlreadyCollected, StepNotAllowed)
@blp.response(200, till_schemas.PickupSchema)
def confirm_pickup(pickup_code: str) -> dict[str, Any]:
    """核销 · Hand over

    一个核销码只能核销一次。 Once for each code.
    """
    return pickups.confirm(counter_of_request(), pickup_code)


@blp.post("/pickups/<no:pickup_code>/undo")
@for_staff("cashier")
@blp.at_till
@blp.problems(NoSuchPickup, errors.UndoOver, errors.NotYourPickup)
@blp.arguments(till_schemas.WhySchema)
@blp.response(200, till_schemas.PickupSchema)
def undo_pickup(given: dict[str, Any], pickup_code: str) -> dict[str, Any]:
    """撤销核销 · Take a hand-over back

    在时限内由原收银员或店长撤销。 Within its window, by who handed it over or a manager.
    """
    return pickups.undo(counter_of_request(), pickup_code, given["reason"])


def _asked(given: dict[str, Any]) -> Asked:
    lines = tuple(PaidLine(**line) for line in given.get("lines", ()))
    codes = given.get("coupon_ids")
    return Asked(
        lines or (amount_line(given["amount_fen"]),),
        given["use_points"],
        given["use_wallet"],
        None if codes is None else tuple(codes),
    )
