"""How members are written and read."""

from marshmallow import INCLUDE, fields

from miniprogram_api.http.schemas import Day, Integer, Moment, Schema, Text, YesNo

LONGEST_CODE = 512


class MemberTierSchema(Schema):
    """A member's tier."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class MemberPointsSchema(Schema):
    """A member's points: to spend, held for something, earned but not yet mature, owed."""

    available = Integer(required=True)
    held = Integer(required=True)
    pending = Integer(required=True)
    debt = Integer(required=True)


class MemberSchema(Schema):
    """The caller's own account."""

    member_no = fields.String(required=True, metadata={"description": "16 digits."})
    nickname = fields.String(required=True, allow_none=True)
    birthday = Day(required=True, allow_none=True)
    phone_masked = fields.String(
        required=True, allow_none=True, metadata={"example": "138****8000"}
    )
    tier = fields.Nested(MemberTierSchema, required=True)
    joined_at = Moment(required=True)
    points = fields.Nested(MemberPointsSchema, required=True)
    balance_fen = Integer(required=True)


class LoginSchema(Schema):
    """Who logs in."""

    code = Text(
        LONGEST_CODE,
        metadata={"description": "Of `wx.login`; needless behind WeChat Cloud Run (微信云托管)."},
    )


class SignedInSchema(Schema):
    """A new session."""

    access_token = fields.String(required=True)
    token_type = fields.Constant("Bearer", required=True)
    expires_in = Integer(required=True, metadata={"description": "Seconds."})
    is_new_member = fields.Boolean(required=True)
    member = fields.Nested(MemberSchema, required=True)


class ProfileChangeSchema(Schema):
    """What a member changes; what is not named stays, null empties."""

    nickname = Text(32, allow_none=True)
    birthday = Day(allow_none=True)


class PhoneCodeSchema(Schema):
    """The code of a `getPhoneNumber` button."""

    code = Text(LONGEST_CODE, required=True)


class ConsentActSchema(Schema):
    """To agree to a document, or to withdraw."""

    document = Text(32, required=True)
    version = Text(32, required=True)
    given = YesNo(required=True)


class ConsentSchema(Schema):
    """How the member stands to a document."""

    document = fields.String(required=True)
    current_version = fields.String(required=True)
    given = fields.Boolean(required=True)
    version = fields.String(
        required=True, allow_none=True, metadata={"description": "Of the last act."}
    )
    at = Moment(required=True, allow_none=True, metadata={"description": "When that was."})


class ConsentsSchema(Schema):
    """All documents there are; the list is short and always whole."""

    items = fields.List(fields.Nested(ConsentSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ExportSchema(Schema):
    """Everything about the member; features add parts of their own."""

    class Meta:
        """Parts that features add are no mistake."""

        unknown = INCLUDE

    exported_at = fields.String(required=True, metadata={"format": "date-time"})
    profile = fields.Dict(required=True)
    identities = fields.List(fields.Dict(), required=True)
    consents = fields.List(fields.Dict(), required=True)
    sessions = fields.List(fields.Dict(), required=True)
