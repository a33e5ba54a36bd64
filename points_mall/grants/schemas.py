"""What the endpoint of owned rights shows."""

from marshmallow import fields

from miniprogram_api.http.schemas import Id, Moment, Schema


class RightSchema(Schema):
    """Something that the member owns."""

    id = Id(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True)
    granted_at = Moment(required=True)
    expires_at = Moment(required=True, allow_none=True)
