"""What the order endpoints take and show."""

from marshmallow import fields, validate

from miniprogram_api.http.schemas import Id, Integer, Schema, Text, Token
from points_mall.catalogue.terms import DELIVERY, PICKUP

from .reasons import BY_SOURCE
from .states import OrderStatus

MOST_AT_ONCE = 99
PHONE_PATTERN = r"^\+?[0-9][0-9 -]{4,18}[0-9]$"


def _moment(*, allow_none: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=allow_none, metadata={"format": "date-time"})


class DeliverySchema(Schema):
    """Where it is sent."""

    name = Text(32, required=True, metadata={"description": "收货人"})
    phone = Token(PHONE_PATTERN, required=True, metadata={"description": "联系电话"})
    region = Text(64, required=True, metadata={"description": "省市区"})
    detail = Text(128, required=True, metadata={"description": "详细地址"})


class RedemptionSchema(Schema):
    """What a member wants for points."""

    reward_id = Id(required=True)
    variant_id = Id(metadata={"description": "有多个规格时必填 · needed where there are several"})
    quantity = Integer(1, MOST_AT_ONCE, load_default=1)
    delivery = fields.Nested(
        DeliverySchema, metadata={"description": "邮寄商品必填；自提商品不保存 · where it is sent"}
    )


class OrderItemSchema(Schema):
    """What was ordered."""

    source = fields.String(required=True, validate=validate.OneOf(list(BY_SOURCE)))
    id = fields.String(
        required=True, metadata={"description": "规格或秒杀商品编号 · variant, or item of a sale"}
    )
    title = fields.String(required=True)
    quantity = fields.Integer(required=True)
    points = fields.Integer(required=True)


class OrderSchema(Schema):
    """An order."""

    order_no = fields.String(required=True)
    status = fields.String(
        required=True, validate=validate.OneOf([status.value for status in OrderStatus])
    )
    source = fields.String(required=True, validate=validate.OneOf(list(BY_SOURCE)))
    title = fields.String(required=True)
    quantity = fields.Integer(required=True)
    points = fields.Integer(required=True, metadata={"description": "合计积分 · for all of it"})
    cash_fen = fields.Integer(
        required=True,
        metadata={"description": "合计现金（分），含运费 · for all of it, with shipping"},
    )
    shipping_fen = fields.Integer(
        required=True,
        metadata={
            "description": "其中运费（分），减免前 · of it for sending, before what comes off"
        },
    )
    fulfilment = fields.String(required=True, validate=validate.OneOf([PICKUP, DELIVERY]))
    pickup_code = fields.String(required=True, allow_none=True)
    items = fields.List(fields.Nested(OrderItemSchema), required=True)
    can_cancel = fields.Boolean(required=True)
    cancel_reason = fields.String(required=True, allow_none=True)
    carrier = fields.String(required=True, allow_none=True)
    tracking_no = fields.String(required=True, allow_none=True)
    placed_at = _moment()
    pay_by = _moment(allow_none=True)
    changed_at = _moment()


class OrderMovedSchema(OrderSchema):
    """An order that has just moved points."""

    points_available = fields.Integer(required=True)


class OrderDetailSchema(OrderSchema):
    """An order by itself, with its address."""

    delivery = fields.Nested(DeliverySchema, required=True, allow_none=True)
