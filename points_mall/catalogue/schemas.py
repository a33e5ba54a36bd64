"""What the catalogue endpoints show."""

from typing import Any

from marshmallow import fields, validate

from miniprogram_api.http.language import language
from miniprogram_api.http.schemas import Id, Moment, Schema

from .states import RewardState
from .terms import DELIVERY, PICKUP


def _tier_name(tier: Any) -> str:
    return str(tier.name(language()))


class RewardTierSchema(Schema):
    """The lowest tier that may take it."""

    code = fields.String(required=True)
    name = fields.Function(_tier_name, required=True, metadata={"type": "string"})


class VariantSchema(Schema):
    """A form of the reward: a size, a colour."""

    id = Id(required=True, metadata={"description": "兑换时的 `variant_id` · what an order names"})
    name = fields.String(required=True, metadata={"description": "empty: there is no choice"})
    points = fields.Integer(required=True)
    remaining = fields.Integer(required=True)


class RewardSchema(Schema):
    """A reward in the list."""

    id = Id(required=True)
    title = fields.String(required=True)
    summary = fields.String(required=True)
    pictures = fields.List(fields.String(), required=True)
    points = fields.Integer(required=True, metadata={"description": "每件积分 · the price of one"})
    cash_fen = fields.Integer(
        required=True, metadata={"description": "另付现金（分） · owed in addition"}
    )
    shipping_fen = fields.Integer(
        required=True,
        metadata={
            "description": "邮寄运费（分），每单一次，另付；减免见 `/purchases/quotes` · for sending, once for an "
            "order, in addition; a quote tells what comes off"
        },
    )
    fulfilment = fields.String(required=True, validate=validate.OneOf([PICKUP, DELIVERY]))
    state = fields.String(
        required=True, validate=validate.OneOf([one.value for one in RewardState])
    )
    remaining = fields.Integer(
        required=True, metadata={"description": "剩余件数，可能晚一秒 · at most a second old"}
    )
    allowance = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "每人限兑，所有规格合计 · most by one member; null: no limit"},
    )
    min_tier = fields.Nested(RewardTierSchema, required=True, allow_none=True)
    available_from = Moment(required=True, allow_none=True)
    available_until = Moment(required=True, allow_none=True)
    variants = fields.List(fields.Nested(VariantSchema), required=True)


class RewardDetailSchema(RewardSchema):
    """A reward by itself."""

    description = fields.String(required=True)
    is_stocked = fields.Boolean(
        required=True, metadata={"description": "门店现货 · waits at the counter already"}
    )
    is_cancellable = fields.Boolean(required=True)
    server_time = Moment(required=True)


class ProductSchema(Schema):
    """Something that is sold for money."""

    sku = fields.String(
        required=True, metadata={"description": "购买时填写 · what a purchase names"}
    )
    title = fields.String(required=True)
    category = fields.String(required=True)
    price_fen = fields.Integer(
        required=True, metadata={"description": "单价（分） · of one, in fen"}
    )
    picture = fields.String(required=True, metadata={"description": "empty: it has none"})
