"""What the coupon endpoints take and show."""

from marshmallow import fields, validate

from miniprogram_api.http.schemas import Schema, Text

from .states import State
from .terms import Kind

_STATES = [one.value for one in State]


def _moment() -> fields.String:
    return fields.String(required=True, metadata={"format": "date-time"})


class CouponTermsSchema(Schema):
    """What a coupon promises."""

    kind = fields.String(required=True, validate=validate.OneOf([one.value for one in Kind]))
    amount_fen = fields.Integer(required=True)
    off_bp = fields.Integer(required=True, metadata={"description": "1200 为 88 折 · 1200 is 12%"})
    most_fen = fields.Integer(required=True, allow_none=True)
    threshold_fen = fields.Integer(required=True)
    rules = fields.Dict(
        required=True,
        metadata={"description": "完整规则，省略的为默认 · all of it; what is left out is default"},
    )


class CouponSchema(Schema):
    """A coupon of the member."""

    code = fields.String(required=True, metadata={"description": "到店出示 · shown at the till"})
    title = fields.String(required=True)
    summary = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(_STATES))
    valid_from = _moment()
    valid_until = _moment()
    can_be_given = fields.Boolean(required=True)
    outside_code = fields.String(required=True, allow_none=True)
    issued_at = _moment()
    terms = fields.Nested(CouponTermsSchema, required=True)


class CouponStateSchema(Schema):
    """Which of one's coupons to list."""

    state = fields.String(
        validate=validate.OneOf(_STATES), metadata={"description": "缺省为全部 · all by default"}
    )


class CouponIssuedSchema(Schema):
    """Coupons that were just issued."""

    codes = fields.List(fields.String(), required=True)
    template = fields.String(required=True)
    title = fields.String(required=True)
    summary = fields.String(required=True)
    valid_from = _moment()
    valid_until = _moment()


class CouponExchangedSchema(CouponIssuedSchema):
    """Coupons that were just bought for points."""

    points_available = fields.Integer(required=True)


class CouponTemplateSchema(Schema):
    """A coupon that is offered for points."""

    code = fields.String(required=True)
    title = fields.String(required=True)
    summary = fields.String(required=True)
    points_price = fields.Integer(required=True)
    min_tier_rank = fields.Integer(required=True)
    terms = fields.Nested(CouponTermsSchema, required=True)


class CouponTemplatesSchema(Schema):
    """What is offered for points."""

    items = fields.List(fields.Nested(CouponTemplateSchema), required=True)


class CouponCodeSchema(Schema):
    """A code that a member types in."""

    code = Text(80, required=True)


class OfferedGiftSchema(Schema):
    """A gift that waits for a friend."""

    coupon = fields.String(required=True)
    token = fields.String(
        required=True, metadata={"description": "只显示这一次 · told this once, not kept"}
    )
    expires_at = _moment()


class CouponGiftSchema(Schema):
    """A gift as who holds the link sees it."""

    state = fields.String(
        required=True, validate=validate.OneOf(["open", "claimed", "withdrawn", "over"])
    )
    title = fields.String(required=True)
    summary = fields.String(required=True)
    valid_until = _moment()
    expires_at = _moment()


class ClaimedGiftSchema(Schema):
    """A gift that is the member's now."""

    code = fields.String(required=True)
