"""What the points endpoints show."""

from typing import Any

from marshmallow import fields

from miniprogram_api.http.language import language
from miniprogram_api.http.schemas import Id, Moment, Schema

from .reasons import title


def _title(row: Any) -> str:
    return title(row.reason, language())


class ExpiringSchema(Schema):
    """Points that expire at one moment."""

    points = fields.Integer(required=True)
    expires_at = Moment(required=True, attribute="at")


class MaturingSchema(Schema):
    """Pending points that begin to count at one moment."""

    points = fields.Integer(required=True)
    matures_at = Moment(required=True, attribute="at")


class PointsAccountSchema(Schema):
    """An account at a glance."""

    available = fields.Integer(
        required=True, metadata={"description": "可用积分 · what can be spent now"}
    )
    held = fields.Integer(
        required=True,
        metadata={"description": "冻结积分 · set aside for something not yet certain"},
    )
    pending = fields.Integer(
        required=True, metadata={"description": "待入账积分 · earned, counts later"}
    )
    debt = fields.Integer(
        required=True, metadata={"description": "欠分 · taken out of the next earnings"}
    )
    lifetime_earned = fields.Integer(required=True)
    expiring = fields.List(
        fields.Nested(ExpiringSchema), required=True, metadata={"description": "soonest first"}
    )
    maturing = fields.List(
        fields.Nested(MaturingSchema), required=True, metadata={"description": "soonest first"}
    )


class EntrySchema(Schema):
    """One line of the statement."""

    id = Id(required=True)
    points = fields.Integer(
        required=True, metadata={"description": "above zero earned, below spent"}
    )
    balance_after = fields.Integer(required=True)
    reason = fields.String(required=True)
    title = fields.Function(_title, required=True, metadata={"type": "string"})
    occurred_at = Moment(required=True)
    explanation = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "why these points: rule and version, inputs, steps"},
    )
