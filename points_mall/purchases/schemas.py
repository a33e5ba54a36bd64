"""What the purchase endpoints take and show."""

from typing import Any

from marshmallow import fields, validate

from miniprogram_api.http.schemas import MAX_FEN, MAX_POINTS, Fen, Integer, Schema, Text, Token
from points_mall.catalogue.goods_file import SKU_PATTERN
from points_mall.coupons.terms import Kind

from .bills import MOST_FEN
from .states import PurchaseStatus, Purpose
from .wechat_models import RefundStage

MOST_ITEMS, MOST_OF_ONE, MOST_COUPONS = 100, 999, 20
BEST = "best"
COUPON_PATTERN = r"^[0-9]{18}$"
ORDER_NO_PATTERN = r"^[0-9A-Za-z]{4,40}$"
PLAN_PATTERN = r"^[0-9A-Za-z_.-]{1,32}$"


def _moment(*, allow_none: bool = True) -> fields.String:
    return fields.String(required=True, allow_none=allow_none, metadata={"format": "date-time"})


def _shipping() -> fields.Integer:
    return fields.Integer(
        required=True,
        metadata={
            "description": "gross_fen 中的运费，减免前 · of gross_fen for sending it, before what comes off"
        },
    )


def _named(name: str) -> fields.String:
    """A field that WeChat has named."""
    return fields.String(required=True, data_key=name, attribute=name)


class HowMuch(fields.Field[Any]):
    """False: none; true: as much as may be; a number: that much at most."""

    def __init__(self, maximum: int, **options: Any) -> None:
        self._most = Integer(0, maximum)
        shape = [{"type": "boolean"}, {"type": "integer", "minimum": 0, "maximum": maximum}]
        metadata = {"oneOf": shape, **options.pop("metadata", {})}
        super().__init__(metadata=metadata, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> int | None:
        if isinstance(value, bool):
            return None if value else 0
        return int(self._most.deserialize(value, attr, data))


class Coupons(fields.Field[Any]):
    """Exactly these coupons, or `"best"`: those with which the member pays least."""

    def __init__(self, **options: Any) -> None:
        self._codes = fields.List(Token(COUPON_PATTERN), validate=validate.Length(max=MOST_COUPONS))
        code = {"type": "string", "pattern": COUPON_PATTERN}
        codes = {"type": "array", "items": code, "maxItems": MOST_COUPONS}
        shape = [codes, {"type": "string", "enum": [BEST]}]
        super().__init__(metadata={"oneOf": shape, **options.pop("metadata", {})}, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **_rest: Any
    ) -> tuple[str, ...] | None:
        if value == BEST:
            return None
        return tuple(self._codes.deserialize(value, attr, data))


class ItemSchema(Schema):
    """So many of a product."""

    sku = Token(SKU_PATTERN, required=True)
    quantity = Integer(1, MOST_OF_ONE, load_default=1)


class AskedSchema(Schema):
    """What a member wants to pay for: exactly one of goods, an amount, an order, a plan."""

    items = fields.List(
        fields.Nested(ItemSchema),
        validate=validate.Length(1, MOST_ITEMS),
        metadata={"description": "商品，价格由服务器决定 · goods; their prices are the server's"},
    )
    amount_fen = Fen(maximum=MOST_FEN, metadata={"description": "到店按金额付款 · at the counter"})
    order_no = Token(
        ORDER_NO_PATTERN,
        metadata={"description": "积分兑换订单的现金部分 · the cash half of a redemption"},
    )
    plan = Token(PLAN_PATTERN, metadata={"description": "储值方案 · a top-up plan of the wallet"})
    use_points = HowMuch(
        MAX_POINTS,
        load_default=0,
        metadata={"description": "积分抵现：是否使用，或最多使用多少 · pay with points, how many"},
    )
    use_wallet = HowMuch(
        MAX_FEN,
        load_default=0,
        metadata={
            "description": "余额支付：是否使用，或最多多少分 · pay from the wallet, how much"
        },
    )
    coupons = Coupons(
        load_default=(),
        metadata={
            "description": "使用哪些优惠券；`best` 为最优惠的组合 · which coupons; `best`: those with which "
            "one pays least"
        },
    )
    store = Text(64, metadata={"description": "门店 · where"})


class PaymentSchema(Schema):
    """What `wx.requestPayment` takes."""

    time_stamp = _named("timeStamp")
    nonce_str = _named("nonceStr")
    package = fields.String(required=True)
    sign_type = _named("signType")
    pay_sign = _named("paySign")


class BillSchema(Schema):
    """What a purchase comes to, and what it is to earn."""

    purpose = fields.String(
        required=True, validate=validate.OneOf([purpose.value for purpose in Purpose])
    )
    title = fields.String(required=True)
    gross_fen = fields.Integer(required=True)
    shipping_fen = _shipping()
    discount_fen = fields.Integer(
        required=True, metadata={"description": "会员折扣、满减与优惠券 · all that came off"}
    )
    total_fen = fields.Integer(required=True)
    points_used = fields.Integer(required=True)
    points_fen = fields.Integer(required=True, metadata={"description": "积分抵扣 · what they pay"})
    wallet_fen = fields.Integer(required=True)
    payable_fen = fields.Integer(required=True, metadata={"description": "待付现金 · in cash"})
    points_to_earn = fields.Integer(required=True)
    cashback_to_earn_fen = fields.Integer(required=True)
    explanation = fields.Dict(
        keys=fields.String(), required=True, metadata={"description": "为什么 · why, step by step"}
    )
    pay_by = _moment()


class OfferedCouponSchema(Schema):
    """A coupon in the member's hand, and what it does on this bill."""

    code = fields.String(required=True)
    title = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in Kind]))
    threshold_fen = fields.Integer(required=True)
    valid_until = _moment(allow_none=False)
    usable = fields.Boolean(
        required=True, metadata={"description": "单独使用时是否可用 · whether it is taken, alone"}
    )
    chosen = fields.Boolean(required=True, metadata={"description": "已用于本单 · is on the bill"})
    takes_fen = fields.Integer(
        required=True,
        metadata={"description": "优惠金额 · what it takes off; of one not chosen: alone"},
    )
    reason = fields.Dict(
        keys=fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "不可用的原因：`code`、`text` 与数字 · why not, with its numbers"},
    )


class QuoteSchema(BillSchema):
    """What a purchase would come to, and the coupons that could be on it."""

    coupons = fields.List(fields.Nested(OfferedCouponSchema), required=True)
    best_coupons = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "最优惠的组合 · those with which one pays least"},
    )


class PlacedSchema(BillSchema):
    """A purchase that was placed."""

    purchase_no = fields.String(required=True)
    status = fields.String(
        required=True, validate=validate.OneOf([status.value for status in PurchaseStatus])
    )
    payment = fields.Nested(
        PaymentSchema,
        required=True,
        allow_none=True,
        metadata={
            "description": "传给 wx.requestPayment；为空且待付款时请调用 `/payments` · null while it "
            "is still owed: ask `/payments`"
        },
    )


class ToPaySchema(Schema):
    """What it takes to pay a purchase that waits for it."""

    purchase_no = fields.String(required=True)
    payable_fen = fields.Integer(required=True)
    pay_by = _moment()
    payment = fields.Nested(PaymentSchema, required=True)


class PurchaseSchema(Schema):
    """A purchase."""

    purchase_no = fields.String(required=True)
    source = fields.String(required=True, metadata={"description": "wechat_pay, till, …"})
    status = fields.String(
        required=True, validate=validate.OneOf([status.value for status in PurchaseStatus])
    )
    purpose = fields.String(
        required=True, validate=validate.OneOf([purpose.value for purpose in Purpose])
    )
    subject = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "兑换订单号或储值方案 · the order of a redemption, or the plan"},
    )
    title = fields.String(required=True)
    store = fields.String(required=True, allow_none=True)
    gross_fen = fields.Integer(required=True)
    shipping_fen = _shipping()
    discount_fen = fields.Integer(required=True)
    total_fen = fields.Integer(required=True)
    points_used = fields.Integer(required=True)
    points_fen = fields.Integer(required=True)
    wallet_fen = fields.Integer(required=True)
    payable_fen = fields.Integer(required=True, metadata={"description": "现金部分 · in cash"})
    refunded_fen = fields.Integer(required=True)
    points_earned = fields.Integer(required=True)
    cashback_fen = fields.Integer(required=True)
    explanation = fields.Dict(keys=fields.String(), required=True)
    placed_at = _moment(allow_none=False)
    pay_by = _moment()
    paid_at = _moment()
    closed_at = _moment()
    close_reason = fields.String(required=True, allow_none=True)


class LineSchema(Schema):
    """One line of the bill."""

    line_no = fields.Integer(required=True)
    sku = fields.String(required=True, allow_none=True)
    title = fields.String(required=True)
    category = fields.String(required=True)
    quantity = fields.Integer(required=True)
    amount_fen = fields.Integer(required=True)
    payable_fen = fields.Integer(required=True, metadata={"description": "折后 · after discounts"})
    refunded_fen = fields.Integer(required=True)


class RefundSchema(Schema):
    """What was given back."""

    refund_no = fields.String(required=True)
    refund_fen = fields.Integer(required=True, metadata={"description": "退款总值 · its value"})
    cash_fen = fields.Integer(required=True)
    cash_state = fields.String(
        required=True, allow_none=True, validate=validate.OneOf([one.value for one in RefundStage])
    )
    points_taken_back = fields.Integer(required=True)
    points_returned = fields.Integer(required=True)
    wallet_returned_fen = fields.Integer(required=True)
    refunded_at = _moment(allow_none=False)


class PurchaseDetailSchema(PurchaseSchema):
    """A purchase by itself."""

    lines = fields.List(fields.Nested(LineSchema), required=True)
    refunds = fields.List(fields.Nested(RefundSchema), required=True)
