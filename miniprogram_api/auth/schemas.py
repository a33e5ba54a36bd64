"""How a session is shown."""

from typing import Any

from marshmallow import fields, validate

from miniprogram_api.http.schemas import Id, Moment, Schema

from .devices import DEVICES
from .guards import current_session_id


class SessionSchema(Schema):
    """One living session of the caller; nothing in it opens anything."""

    id = Id(required=True)
    device = fields.String(required=True, validate=validate.OneOf(DEVICES))
    issued_at = Moment(required=True)
    expires_at = Moment(required=True)
    current = fields.Method(
        "is_current",
        required=True,
        metadata={"type": "boolean", "description": "The session of this very call."},
    )

    def is_current(self, session: Any) -> bool:
        """Whether the caller asks by this session."""
        return bool(session.id == current_session_id())
