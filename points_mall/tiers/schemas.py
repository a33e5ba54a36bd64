"""What the tier endpoints show."""

from typing import Any

from marshmallow import fields, validate

from miniprogram_api.http.language import language
from miniprogram_api.http.schemas import Moment, Schema

from .standing import Why
from .terms import Basis


def _name(tier: Any) -> str:
    return str(tier.name(language()))


def _card(tier: Any) -> str:
    return str(tier.card(language()))


class BenefitsSchema(Schema):
    """What members of a tier enjoy."""

    discount_bp = fields.Integer(
        required=True, metadata={"description": "折扣（万分之几） · off a bill, in basis points"}
    )
    points_multiplier_bp = fields.Integer(
        required=True, metadata={"description": "积分倍数，10000 为 1 倍 · 10000 is ×1"}
    )
    free_shipping = fields.Boolean(required=True)
    birthday_gift = fields.String(
        required=True,
        metadata={"description": "券模板编号 · a coupon template's code; empty: none"},
    )
    monthly_coupon = fields.String(
        required=True,
        metadata={"description": "券模板编号 · a coupon template's code; empty: none"},
    )


class GiftSchema(Schema):
    """Part of an upgrade gift."""

    kind = fields.String(required=True)
    amount = fields.Integer(required=True)
    item = fields.String(required=True, allow_none=True)


class TierSchema(Schema):
    """A step of the ladder."""

    code = fields.String(required=True)
    rank = fields.Integer(required=True)
    name = fields.Function(_name, required=True, metadata={"type": "string"})
    card = fields.Function(_card, required=True, metadata={"type": "string"})
    entry = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "升级所需成长值；null：仅限邀请 · null: by invitation"},
    )
    keep = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "保级所需成长值；0：永久 · 0: for ever"},
    )
    benefits = fields.Nested(BenefitsSchema, required=True)
    upgrade_gift = fields.List(fields.Nested(GiftSchema), required=True)


class LadderSchema(Schema):
    """The ladder in force."""

    version = fields.Integer(required=True)
    basis = fields.String(
        required=True,
        attribute="terms.basis",
        validate=validate.OneOf([one.value for one in Basis]),
        metadata={
            "description": "成长值：消费金额（分）、次数或所得积分 · growth is fen, purchases or points"
        },
    )
    window_months = fields.Integer(required=True, attribute="terms.window_months")
    keep_months = fields.Integer(required=True, attribute="terms.keep_months")
    grace_days = fields.Integer(required=True, attribute="terms.grace_days")
    tiers = fields.List(fields.Nested(TierSchema), required=True, attribute="terms.tiers")


class GrowthSchema(Schema):
    """A member's growth."""

    basis = fields.String(required=True, validate=validate.OneOf([one.value for one in Basis]))
    value = fields.Integer(required=True)
    counts_from = Moment(required=True)
    needs_to_keep = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "保级还差；null：不凭成长值保级 · null: no growth keeps it"},
    )


class NextSchema(Schema):
    """The next step."""

    code = fields.String(required=True)
    name = fields.Function(
        lambda one: _name(one["tier"]), required=True, metadata={"type": "string"}
    )
    needs = fields.Integer(required=True, metadata={"description": "还差 · what is missing"})


class ChangeSchema(Schema):
    """A line of the history."""

    code_before = fields.String(required=True)
    code = fields.String(required=True)
    reason = fields.String(required=True, validate=validate.OneOf([one.value for one in Why]))
    since = Moment(required=True)
    keep_until = Moment(required=True, allow_none=True)
    grace_until = Moment(required=True, allow_none=True)
    changed_at = Moment(required=True)


class MineSchema(Schema):
    """Where a member stands."""

    tier = fields.Nested(TierSchema, required=True)
    since = Moment(required=True)
    keep_until = Moment(
        required=True, allow_none=True, metadata={"description": "等级至少保留到 · held until"}
    )
    grace_until = Moment(
        required=True,
        allow_none=True,
        metadata={
            "description": "宽限期至，期内补足即保级 · until then what is missing can be made up"
        },
    )
    growth = fields.Nested(GrowthSchema, required=True)
    next = fields.Nested(NextSchema, required=True, allow_none=True)
    history = fields.List(
        fields.Nested(ChangeSchema), required=True, metadata={"description": "newest first"}
    )
