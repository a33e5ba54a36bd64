"""The shapes that all endpoints share: strict fields, and one base for schemas.

Each field documents exactly what it accepts, so that the OpenAPI document can be believed.
"""

import re
from datetime import date, datetime
from typing import Any, cast

import marshmallow as ma
from marshmallow import RAISE

from miniprogram_api.core.clock import in_shop_time

from . import text_rules

MAX_INTEGER = 2**53 - 1  # what every JSON reader keeps exactly
MAX_POINTS = 1_000_000_000
MAX_FEN = 100_000_000_00

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
ID_PATTERN = "^[1-9][0-9]{0,17}$"
MONTH_PATTERN = "^[12][0-9]{3}-(0[1-9]|1[0-2])$"


class Schema(ma.Schema):
    """Every schema's parent: unknown fields are refused."""

    class Meta:
        """What marshmallow asks for."""

        unknown = RAISE


def _documented(options: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """Field options whose OpenAPI metadata carries `facts`, unless the field says otherwise."""
    return options | {"metadata": facts | options.get("metadata", {})}


class Text(ma.fields.String):
    """What people write: one line, tidied; its length counts characters as they were sent."""

    default_error_messages = {  # noqa: RUF012 - marshmallow merges these
        "characters": "Control characters are not taken.",
        "too_short": "Shorter than minimum length {min}.",
        "too_long": "Longer than maximum length {max}.",
    }

    def __init__(self, max_length: int, min_length: int = 1, **options: Any) -> None:
        self.min_length, self.max_length = min_length, max_length
        pattern = text_rules.pattern(min_length)
        super().__init__(
            **_documented(options, minLength=min_length, maxLength=max_length, pattern=pattern)
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> str:
        text = super()._deserialize(value, attr, data, **rest)
        if text_rules.has_refused(text):
            raise self.make_error("characters")
        tidied = text_rules.tidy(text)
        if max(len(text), len(tidied)) > self.max_length:
            raise self.make_error("too_long", max=self.max_length)
        if len(tidied) < self.min_length:
            raise self.make_error("too_short", min=self.min_length)
        return tidied


class Token(ma.fields.Field[Any]):
    """What programs hand around: kept to the letter, `pattern` decides (`^…$`)."""

    default_error_messages = {  # noqa: RUF012 - marshmallow merges these
        "pattern": "Does not have the expected form."
    }

    def __init__(self, pattern: str, **options: Any) -> None:
        self._pattern = re.compile(pattern.removeprefix("^").removesuffix("$"))
        super().__init__(**_documented(options, type="string", pattern=pattern))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> Any:
        if not isinstance(value, str) or not self._pattern.fullmatch(value):
            raise self.make_error("pattern")
        return value


class Integer(ma.fields.Integer):
    """A whole number within bounds: not true, not "1". JSON Schema counts 1.0 as one, so we do too."""

    def __init__(self, minimum: int = 0, maximum: int = MAX_INTEGER, **options: Any) -> None:
        bounds = ma.validate.Range(minimum, maximum)
        super().__init__(strict=True, validate=bounds, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> Any:
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        return super()._deserialize(whole, attr, data, **rest)


class YesNo(ma.fields.Boolean):
    """True or false: not 1, not "yes"."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Points(Integer):
    """Points that somebody names; at least one unless told otherwise."""

    def __init__(self, minimum: int = 1, maximum: int = MAX_POINTS, **options: Any) -> None:
        super().__init__(minimum, maximum, **options)


class Fen(Integer):
    """Money in fen; at least one unless told otherwise."""

    def __init__(self, minimum: int = 1, maximum: int = MAX_FEN, **options: Any) -> None:
        super().__init__(minimum, maximum, **options)


class Id(Token):
    """A row's number, which clients keep as text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(ID_PATTERN, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **rest: Any) -> str | None:
        return None if value is None else str(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> int:
        return int(super()._deserialize(value, attr, data, **rest))


class Day(ma.fields.String):
    """A day of the shop's calendar: `2026-11-21`."""

    default_error_messages = {"day": "Not a day of the calendar: YYYY-MM-DD."}  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        super().__init__(**_documented(options, format="date"))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **rest: Any) -> str | None:
        return None if value is None else cast(date, value).isoformat()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> Any:
        text = super()._deserialize(value, attr, data, **rest)
        if not _DAY.fullmatch(text):
            raise self.make_error("day")
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise self.make_error("day") from None


class Month(Token):
    """A month of the shop's calendar, `2026-11`; read as its first day."""

    def __init__(self, **options: Any) -> None:
        super().__init__(MONTH_PATTERN, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **rest: Any) -> str | None:
        return None if value is None else cast(date, value).isoformat()[:7]

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> date:
        return date.fromisoformat(f"{super()._deserialize(value, attr, data, **rest)}-01")


class Moment(ma.fields.String):
    """An instant: shown with the shop's offset in whole seconds, taken with any offset."""

    default_error_messages = {  # noqa: RUF012 - marshmallow merges these
        "moment": "Not a moment with an offset: 2026-11-21T10:00:00+08:00."
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**_documented(options, format="date-time"))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **rest: Any) -> str | None:
        return None if value is None else in_shop_time(cast(datetime, value)).isoformat()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> Any:
        text = super()._deserialize(value, attr, data, **rest)
        if not _MOMENT.fullmatch(text):
            raise self.make_error("moment")
        try:
            return datetime.fromisoformat(text.upper())
        except ValueError:
            raise self.make_error("moment") from None
