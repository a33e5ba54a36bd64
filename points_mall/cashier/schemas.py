"""What is quoted, sold and refunded at the till, as its endpoints take and show it."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from miniprogram_api.http.schemas import (
    MAX_FEN,
    MAX_POINTS,
    Fen,
    Id,
    Integer,
    Moment,
    Schema,
    Text,
    Token,
    YesNo,
)
from miniprogram_api.staff.schemas import PinOrPasswordSchema
from points_mall.earning.facts import REDEMPTION, SHIPPING, TOP_UP
from points_mall.purchases.bills import MOST_FEN
from points_mall.purchases.facts import DEFAULT_CATEGORY
from points_mall.purchases.schemas import MOST_ITEMS, MOST_OF_ONE, HowMuch

from .approvals import ACTS
from .fields import (
    APPROVAL_PATTERN,
    COUPON_PATTERN,
    RECEIPT_PATTERN,
    SALE_PATTERN,
    TILL_PATTERN,
    figure,
    moment,
    word,
)
from .models import TENDERS
from .scan_schemas import CouponCardSchema

CATEGORY_PATTERN = r"^[0-9a-z_]{1,32}$"
SKU_PATTERN = r"^[0-9A-Za-z_.-]{1,64}$"


class GoodsLineSchema(Schema):
    """So many of one thing, for all of them."""

    title = Text(64, required=True)
    amount_fen = Fen(maximum=MOST_FEN, required=True)
    category = Token(
        CATEGORY_PATTERN,
        load_default=DEFAULT_CATEGORY,
        validate=validate.NoneOf(sorted({REDEMPTION, SHIPPING, TOP_UP})),
    )
    sku = Token(SKU_PATTERN)
    quantity = Integer(1, MOST_OF_ONE, load_default=1)


class TillQuoteAskedSchema(Schema):
    """What the cashier asks: exactly one of an amount and lines."""

    scan_id = Id()
    amount_fen = Fen(maximum=MOST_FEN)
    lines = fields.List(fields.Nested(GoodsLineSchema), validate=validate.Length(1, MOST_ITEMS))
    use_points = HowMuch(MAX_POINTS, load_default=0)
    use_wallet = HowMuch(MAX_FEN, load_default=0)
    coupon_ids = fields.List(
        Token(COUPON_PATTERN),
        validate=validate.Length(0, 20),
        metadata={
            "uniqueItems": True,
            "description": "不填：自动选最优组合；空列表：不用券 · left out: the best; empty: none",
        },
    )

    @validates_schema
    def _one_way(self, data: dict[str, Any], **_rest: Any) -> None:
        if ("amount_fen" in data) == ("lines" in data):
            raise ValidationError("Give exactly one of amount_fen, lines.")
        codes = data.get("coupon_ids", [])
        if len(set(codes)) != len(codes):
            raise ValidationError("A coupon is named twice.", "coupon_ids")


class PriceLineSchema(Schema):
    """A step from gross to payable; what comes off is below zero."""

    rule = word()
    label = word()
    amount_fen = figure()


class BeyondSchema(Schema):
    """The limit beyond which a manager has to approve."""

    limit = word("sale_amount, member_sales or refund_amount")
    most = figure()
    asked = figure()


class TillQuoteSchema(Schema):
    """What a sale comes to, and what it is to earn."""

    quote_id = word()
    gross_fen = figure()
    discount_fen = figure("折扣与优惠券 · tier discount and coupons")
    total_fen = figure()
    points_spent = figure()
    points_fen = figure("积分抵扣 · what they pay")
    wallet_fen = figure()
    payable_fen = figure("应收 · to be taken at the counter")
    points_most = figure("本单最多可用积分 · the most that could be spent")
    points_to_earn = figure()
    points_after = figure("交易后积分 · after the sale", allow_none=True)
    cashback_to_earn_fen = figure()
    coupon_ids = fields.List(fields.String(), required=True)
    coupons = fields.List(fields.Nested(CouponCardSchema), required=True)
    lines = fields.List(fields.Nested(PriceLineSchema), required=True)
    approval = fields.Nested(BeyondSchema, required=True, allow_none=True)
    explanation = fields.Dict(keys=fields.String(), required=True)
    expires_at = moment()


class TillSaleAskedSchema(Schema):
    """What is sold: a quote, under a receipt number."""

    quote_id = Id(required=True)
    receipt_no = Token(RECEIPT_PATTERN, required=True)
    till = Token(TILL_PATTERN, metadata={"description": "或用请求头 · or the header `X-Till`"})
    tender = fields.String(load_default="cash", validate=validate.OneOf(TENDERS))
    approval_id = Token(APPROVAL_PATTERN)


class SoldSchema(Schema):
    """A sale, as its receipt shows it."""

    sale_no = word()
    receipt_no = word()
    receipt_code = word("小票上的补积分码 · by which its points can be claimed")
    till = word()
    store = word(allow_none=True)
    cashier = word()
    tender = word()
    gross_fen = figure()
    discount_fen = figure()
    total_fen = figure()
    points_spent = figure()
    points_fen = figure()
    wallet_fen = figure()
    payable_fen = figure()
    points_earned = figure()
    cashback_fen = figure()
    points_available = figure(allow_none=True)
    balance_fen = figure(allow_none=True)
    lines = fields.List(fields.Nested(PriceLineSchema), required=True)
    sold_at = moment()
    claim_until = moment(allow_none=True)


class TillSalesAskedSchema(Schema):
    """Which sales; named by nothing: the till's latest."""

    member = Token(
        r"^[0-9]{1,16}$", metadata={"description": "scan_id 或会员号 · or member number"}
    )
    receipt_no = Token(RECEIPT_PATTERN)
    sale_no = Token(SALE_PATTERN)
    receipt_code = Token(r"^[0-9]{20}$")


class TillSaleLineSchema(Schema):
    """One line of a sale."""

    line_no = figure()
    title = word()
    quantity = figure()
    amount_fen = figure()
    payable_fen = figure()
    refunded_fen = figure()
    refundable_quantity = figure("还可退的件数 · how many of them can still come back")
    refundable_fen = figure("退还这些商品可退的金额 · what is given back for those")


class BrieflySchema(Schema):
    """Whose it is."""

    name_masked = word()


class TillSaleSchema(Schema):
    """A sale that was made."""

    sale_no = word()
    receipt_no = word()
    till = word()
    cashier = word()
    store = word(allow_none=True)
    member = fields.Nested(BrieflySchema, required=True, allow_none=True)
    tender = word()
    gross_fen = figure()
    discount_fen = figure()
    total_fen = figure()
    points_spent = figure()
    points_fen = figure()
    wallet_fen = figure()
    payable_fen = figure()
    points_earned = figure()
    refunded_fen = figure()
    refundable_fen = figure()
    is_refundable = fields.Boolean(
        required=True,
        metadata={
            "description": "是否可退；全由优惠券付清的也可整单退一次 · also once what coupons paid for whole"
        },
    )
    sold_at = moment()
    lines = fields.List(fields.Nested(TillSaleLineSchema), required=True)


class WantedLineSchema(Schema):
    """So many goods of one line come back, or so much of its price; neither: all that is left of it."""

    line_no = Integer(1, MOST_ITEMS, required=True)
    quantity = Integer(1, MOST_OF_ONE)
    amount_fen = Fen(maximum=MOST_FEN)

    @validates_schema
    def _one_way(self, data: dict[str, Any], **_rest: Any) -> None:
        if "quantity" in data and "amount_fen" in data:
            raise ValidationError("Give a quantity or an amount, not both.")


class TillRefundAskedSchema(Schema):
    """How much goes back, and why; neither an amount nor lines: all that is left."""

    amount_fen = Fen(maximum=MOST_FEN)
    lines = fields.List(fields.Nested(WantedLineSchema), validate=validate.Length(1, MOST_ITEMS))
    reason = Text(80, required=True)
    dry_run = YesNo(load_default=False)
    approval_id = Token(APPROVAL_PATTERN)

    @validates_schema
    def _one_way(self, data: dict[str, Any], **_rest: Any) -> None:
        if "amount_fen" in data and "lines" in data:
            raise ValidationError("Give an amount or lines, not both.")
        numbers = [line["line_no"] for line in data.get("lines", [])]
        if len(set(numbers)) != len(numbers):
            raise ValidationError("A line is named twice.", "lines")


class LineBackSchema(Schema):
    """What of one line went back."""

    line_no = figure()
    title = word()
    quantity = figure("退回的件数 · how many of its goods")
    amount_fen = figure("退还金额，按折后价 · the value given for them")


class CouponRestoredSchema(Schema):
    """A coupon that came back."""

    code = word()
    worth_fen = figure()


class TillRefundSchema(Schema):
    """What went back and what was taken back; of a preview, what would."""

    refund_no = word(allow_none=True)
    refund_fen = figure("退款总值 · its value")
    cash_fen = figure("退回收银台所收部分 · of what the counter took")
    wallet_returned_fen = figure()
    points_taken_back = figure()
    points_returned = figure()
    points_debt = figure("会员欠的积分 · what the member owes after it")
    points_available = figure(allow_none=True)
    cashback_taken_back_fen = figure()
    lines = fields.List(fields.Nested(LineBackSchema), required=True)
    coupons_restored = fields.List(fields.Nested(CouponRestoredSchema), required=True)
    approval = fields.Nested(BeyondSchema, required=True, allow_none=True)


class ApprovalAskedSchema(PinOrPasswordSchema):
    """A manager signs for one thing that the cashier may not do alone, by PIN or password."""

    act = fields.String(required=True, validate=validate.OneOf(ACTS))
    subject = Token(SALE_PATTERN.replace("4,", "1,"), required=True)
    amount_fen = Fen(maximum=MOST_FEN, required=True)
    username = Text(32, required=True)
    otp = Text(6)


class ApprovalSchema(Schema):
    """An approval, for one use."""

    approval_id = word()
    approved_by = word()
    expires_at = Moment(required=True)
