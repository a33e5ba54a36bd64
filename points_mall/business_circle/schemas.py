"""What the business circle's endpoints show."""

from marshmallow import fields, validate

from miniprogram_api.http.schemas import Schema

from .states import Authorization


def _moment() -> fields.String:
    return fields.String(required=True, allow_none=True, metadata={"format": "date-time"})


class BusinessCircleSchema(Schema):
    """Whether a member lets the mall see purchases."""

    authorized = fields.Boolean(
        required=True,
        metadata={"description": "是否已开启支付即积分 · purchases earn by themselves"},
    )
    state = fields.String(
        required=True, validate=validate.OneOf([state.value for state in Authorization])
    )
    authorized_at = _moment()
    deauthorized_at = _moment()
    told_at = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "format": "date-time",
            "description": "微信最近一次告知的时间 · when WeChat said so; null: it has said nothing yet",
        },
    )
