"""How staff sign in and are shown."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from miniprogram_api.http.schemas import Id, Integer, Moment, Schema, Text, Token

from .pins import PATTERN as PIN_PATTERN
from .roles import CODES


class SignInSchema(Schema):
    """Who signs in."""

    username = Text(32, required=True)
    password = Text(128, required=True, load_only=True)
    otp = Text(6, metadata={"description": "Where a second factor is set up."})


class StaffSchema(Schema):
    """Somebody who works in the shop."""

    username = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True, validate=validate.OneOf(CODES))
    store = fields.String(required=True, allow_none=True)
    has_second_factor = fields.Boolean(required=True)


class StaffSignedInSchema(Schema):
    """A new session of staff."""

    access_token = fields.String(required=True)
    token_type = fields.Constant("Bearer", required=True)
    expires_in = Integer(required=True, metadata={"description": "Seconds."})
    staff = fields.Nested(StaffSchema, required=True)


class StaffSessionSchema(Schema):
    """One living session; nothing in it opens anything."""

    id = Id(required=True)
    device = fields.String(required=True)
    opened_at = Moment(required=True)
    seen_at = Moment(required=True)
    expires_at = Moment(required=True)


class SecondFactorBegunSchema(Schema):
    """What an authenticator application scans; kept nowhere until it is confirmed."""

    secret = fields.String(required=True)
    address = fields.String(required=True, metadata={"description": "`otpauth:` address."})


class SecondFactorProofSchema(Schema):
    """The first code of a new secret."""

    secret = Text(64, required=True)
    code = Text(6, required=True)


class PinOrPasswordSchema(Schema):
    """What opens a till's page again: exactly one of the PIN and the password."""

    pin = Token(PIN_PATTERN, load_only=True)
    password = Text(128, load_only=True)

    @validates_schema
    def _one_of_them(self, data: dict[str, Any], **_rest: Any) -> None:
        if ("pin" in data) == ("password" in data):
            raise ValidationError("Give exactly one of pin, password.")


class NewPinSchema(Schema):
    """A PIN, and the proof that its owner sets it."""

    pin = Token(PIN_PATTERN, required=True, load_only=True)
    password = Text(128, required=True, load_only=True)
    otp = Text(6, metadata={"description": "Where a second factor is set up."})
