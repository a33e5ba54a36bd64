"""What the drop endpoints show."""

from marshmallow import fields, validate

from miniprogram_api.http.schemas import Id, Moment, Schema
from points_mall.coupons.schemas import CouponTermsSchema

from .states import DropState


class DropCouponSchema(Schema):
    """The coupon that is to be had."""

    template = fields.String(required=True)
    title = fields.String(required=True)
    summary = fields.String(required=True)
    terms = fields.Nested(CouponTermsSchema, required=True)


class DropSchema(Schema):
    """One opening of a plan of drops."""

    id = Id(required=True)
    plan_id = Id(
        required=True, metadata={"description": "同一活动的各场次相同 · shared by its openings"}
    )
    title = fields.String(required=True)
    opens_at = Moment(required=True)
    closes_at = Moment(required=True)
    state = fields.String(required=True, validate=validate.OneOf([one.value for one in DropState]))
    stock = fields.Integer(required=True)
    remaining = fields.Integer(
        required=True, metadata={"description": "剩余张数，可能晚一秒 · at most a second old"}
    )
    allowance = fields.Integer(
        required=True, metadata={"description": "本场每人限领 · most by one member"}
    )
    coupon = fields.Nested(DropCouponSchema, required=True)


class DropsSchema(Schema):
    """What is open, what opens next, and what was the last of each plan."""

    items = fields.List(fields.Nested(DropSchema), required=True)
    next_cursor = fields.String(
        required=True, allow_none=True, metadata={"description": "Always null: the list is whole."}
    )
    server_time = Moment(
        required=True, metadata={"description": "倒计时以此为准 · countdowns go by this clock"}
    )


class DropClaimedSchema(Schema):
    """The coupon that a claim became."""

    drop_id = Id(required=True)
    unit_no = fields.Integer(
        required=True, metadata={"description": "本场第几张 · which of the drop's coupons it is"}
    )
    code = fields.String(required=True, metadata={"description": "到店出示 · shown at the till"})
    template = fields.String(required=True)
    title = fields.String(required=True)
    summary = fields.String(required=True)
    valid_from = Moment(required=True)
    valid_until = Moment(required=True)
