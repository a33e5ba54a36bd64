"""Lists, newest first, a page at a time.

A cursor is the sort key of the last item that was shown, so that nothing is shown twice or left out
when new rows arrive. It is checked to the letter and only moves within the caller's own list, so it
needs no signature.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from marshmallow.fields import Field
from sqlalchemy.orm import InstrumentedAttribute, Mapper

from miniprogram_api.core.db import UtcDateTime, db

from .schemas import Schema, Token

DEFAULT_LIMIT, MAX_LIMIT = 20, 100
LIMIT_PATTERN = "^([1-9][0-9]?|100)$"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Key = InstrumentedAttribute[Any]


class Limit(Token):
    """How many items at most; plain digits, because `int()` also reads `1_0` and `１０`."""

    def __init__(self) -> None:
        description = f"At most this many items, 1 to {MAX_LIMIT}."
        super().__init__(
            LIMIT_PATTERN, load_default=DEFAULT_LIMIT, metadata={"description": description}
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> int:
        return int(super()._deserialize(value, attr, data, **rest))


class Cursor(Token):
    """Where the last page ended: one number to the base of 36 for each sort key."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self._keys = keys
        # 12 digits always fit into 64 bits, 11 digits of microseconds into the calendar
        digits = (11 if _is_moment(key) else 12 for key in keys)
        pattern = "-".join(f"[0-9a-z]{{1,{count}}}" for count in digits)
        description = "`next_cursor` of the page before, unchanged."
        super().__init__(f"^{pattern}$", metadata={"description": description})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> list[Any]:
        parts = super()._deserialize(value, attr, data, **rest).split("-")
        numbers = [int(part, 36) for part in parts]
        return [_value(key, number) for key, number in zip(self._keys, numbers, strict=True)]

    def of(self, item: Any) -> str:
        """The cursor that continues after `item`."""
        return "-".join(_base36(_number(getattr(item, key.key))) for key in self._keys)


def query_schema(keys: Sequence[Key], filters: type[Schema] | None) -> Schema:
    """What a list takes in its query: `limit`, `cursor`, and the feature's own filters."""
    parent = filters or Schema
    fields: dict[str, Field[Any]] = {"limit": Limit(), "cursor": Cursor(keys)}
    return cast(Schema, parent.from_dict(fields, name=f"{parent.__name__}Page")())


def page(statement: sa.Select[Any], keys: Sequence[Key], query: dict[str, Any]) -> dict[str, Any]:
    """One page of what `statement` selects, newest first by `keys`, which must be unique together.

    :param query: `limit` and perhaps `cursor`, as `query_schema` reads them.
    """
    limit, cursor = query["limit"], query.get("cursor")
    if cursor is not None:
        edge = sa.tuple_(
            *(sa.literal(part, key.type) for part, key in zip(cursor, keys, strict=True))
        )
        statement = statement.where(sa.tuple_(*keys) < edge)
    statement = statement.order_by(*(key.desc() for key in keys)).limit(limit + 1)
    found = _items(statement)
    items = found[:limit]
    more = len(found) > limit
    return {"items": items, "next_cursor": Cursor(keys).of(items[-1]) if more else None}


def _items(statement: sa.Select[Any]) -> Sequence[Any]:
    """Whole objects where one is selected, rows where columns are."""
    described = statement.column_descriptions
    if len(described) == 1 and isinstance(sa.inspect(described[0]["expr"], raiseerr=False), Mapper):
        return db.session.scalars(statement).all()
    return db.session.execute(statement).all()


def _is_moment(key: Key) -> bool:
    return isinstance(key.type, UtcDateTime)


def _number(value: Any) -> int:
    return (value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else int(value)


def _value(key: Key, number: int) -> Any:
    return _EPOCH + number * _MICROSECOND if _is_moment(key) else number


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
        if number == 0:
            return digits
