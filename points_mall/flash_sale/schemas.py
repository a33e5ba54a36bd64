"""What the flash-sale endpoints take and show."""

from marshmallow import fields, validate

from miniprogram_api.http.schemas import Id, Moment, Schema
from points_mall.redemption.schemas import DeliverySchema
from points_mall.redemption.states import OrderStatus

from .states import SaleState
from .terms import DELIVERY, PICKUP


class GateTierSchema(Schema):
    """The lowest tier that may take it."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class SaleItemSchema(Schema):
    """Something offered in a sale."""

    id = Id(required=True)
    title = fields.String(required=True)
    points_price = fields.Integer(
        required=True, metadata={"description": "每件积分 · points for one"}
    )
    cash_fen = fields.Integer(
        required=True, metadata={"description": "另付现金（分） · owed in addition"}
    )
    shipping_fen = fields.Integer(
        required=True, metadata={"description": "邮寄运费（分），每单另付 · for sending it"}
    )
    stock = fields.Integer(required=True)
    remaining = fields.Integer(
        required=True, metadata={"description": "剩余件数，可能晚一秒 · at most a second old"}
    )
    allowance = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "每人限抢 · most by one member; null: no limit"},
    )
    min_tier = fields.Nested(GateTierSchema, required=True, allow_none=True)
    fulfilment = fields.String(required=True, validate=validate.OneOf([PICKUP, DELIVERY]))
    reward_id = Id(required=True, allow_none=True)


class SaleSchema(Schema):
    """A flash sale: one time slot."""

    id = Id(required=True)
    campaign = fields.String(
        required=True, metadata={"description": "同一活动的各场次同名 · shared by its slots"}
    )
    title = fields.String(required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    state = fields.String(required=True, validate=validate.OneOf([one.value for one in SaleState]))
    items = fields.List(fields.Nested(SaleItemSchema), required=True)


class SaleAloneSchema(SaleSchema):
    """A flash sale by itself."""

    server_time = Moment(required=True)


class SalesSchema(Schema):
    """Sales running, coming within seven days, and over within the last one."""

    items = fields.List(fields.Nested(SaleSchema), required=True)
    next_cursor = fields.String(
        required=True, allow_none=True, metadata={"description": "Always null: the list is whole."}
    )
    server_time = Moment(
        required=True, metadata={"description": "倒计时以此为准 · countdowns go by this clock"}
    )


class ClaimSchema(Schema):
    """What to claim; one unit."""

    item_id = Id(required=True)
    delivery = fields.Nested(DeliverySchema)


class ClaimedSchema(Schema):
    """The order that a claim became."""

    order_no = fields.String(required=True)
    item_id = Id(required=True)
    points = fields.Integer(required=True)
    status = fields.String(
        required=True, validate=validate.OneOf([one.value for one in OrderStatus])
    )
    pickup_code = fields.String(metadata={"description": "到店自提时有 · where it is collected"})
    cash_fen = fields.Integer(metadata={"description": "待付现金 · what is still owed"})
    pay_by = Moment(metadata={"description": "逾期未付则取消 · unpaid by then, it is cancelled"})
    points_available = fields.Integer(required=True)
