"""The fields that the till's schemas share, and the forms of what is named there."""

from datetime import datetime
from typing import Any

from marshmallow import fields

from miniprogram_api.http.schemas import Token

TILL_PATTERN = r"^[0-9A-Za-z_-]{1,20}$"
RECEIPT_PATTERN = r"^[0-9A-Za-z_.-]{1,36}$"
COUPON_PATTERN = r"^[0-9A-Za-z]{4,20}$"
SALE_PATTERN = r"^[0-9A-Z]{4,32}$"
APPROVAL_PATTERN = r"^A[0-9a-f]{30}$"
SIGNED_MOMENT_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})$"
)


def moment(*, allow_none: bool = False) -> fields.String:
    """A moment that was told already."""
    return fields.String(required=True, allow_none=allow_none, metadata={"format": "date-time"})


def figure(meaning: str = "", *, allow_none: bool = False) -> fields.Integer:
    """A whole number that is always told."""
    metadata = {"description": meaning} if meaning else {}
    return fields.Integer(required=True, allow_none=allow_none, metadata=metadata)


def word(meaning: str = "", *, allow_none: bool = False) -> fields.String:
    """A text that is always told."""
    metadata = {"description": meaning} if meaning else {}
    return fields.String(required=True, allow_none=allow_none, metadata=metadata)


class SignedMoment(Token):
    """A moment that is kept to the letter, for a signature is over it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(SIGNED_MOMENT_PATTERN, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> Any:
        text = super()._deserialize(value, attr, data, **rest)
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise self.make_error("pattern") from None
        return text
