import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st
from marshmallow import ValidationError
from marshmallow.fields import Field

from app import create_app
from miniprogram_api.http import text_rules
from miniprogram_api.http.schemas import Day, Fen, Id, Integer, Moment, Month, Points, Text


@pytest.fixture(scope="module")
def shop() -> Flask:
    """An application that only lends its settings."""
    return create_app({"ENVIRONMENT": "test"})


TAKEN: list[tuple[Field[Any], object, object]] = [
    (Integer(), 0, 0),
    (Integer(-5, 5), -5, -5),
    (Integer(), 44.0, 44),
    (Points(), 1_000_000_000, 1_000_000_000),
    (Fen(), 1, 1),
    (Text(5), "小红", "小红"),
    (Text(8), "  a b  ", "a b"),
    (Text(5), "e\u0301", "\xe9"),
    (Text(20), "👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
    (Text(20), "'; DROP TABLE x", "'; DROP TABLE x"),
    (Text(20), "${jndi:x} {{7*7}}", "${jndi:x} {{7*7}}"),
    (Text(5, min_length=0), "", ""),
    (Text(5, min_length=2), " ab ", "ab"),
    (Id(), "1", 1),
    (Id(), "999999999999999999", 999999999999999999),
    (Day(), "2028-02-29", date(2028, 2, 29)),
    (Month(), "2026-11", date(2026, 11, 1)),
    (Moment(), "2026-11-21T10:00:00+08:00", datetime(2026, 11, 21, 2, tzinfo=UTC)),
    (Moment(), "2026-11-21T02:00:00Z", datetime(2026, 11, 21, 2, tzinfo=UTC)),
    (Moment(), "2026-11-21t02:00:00.5z", datetime(2026, 11, 21, 2, 0, 0, 500_000, tzinfo=UTC)),
]

REFUSED: list[tuple[Field[Any], object]] = [
    (Integer(), True),
    (Integer(), "1"),
    (Integer(), 1.5),
    (Integer(), 1e300),
    (Integer(), float("inf")),
    (Integer(), None),
    (Integer(), [1]),
    (Integer(), -1),
    (Integer(), 2**53),
    (Points(), 0),
    (Points(), 1_000_000_001),
    (Text(5), 1),
    (Text(5), ["a"]),
    (Text(5), ""),
    (Text(5), "   "),
    (Text(5), "\u3000\xa0"),
    (Text(5), "abcdef"),
    (Text(5), "a" * 1_000_000),
    (Text(5), "a\0"),
    (Text(5), "a\r\nb"),
    (Text(5), "a\x85b"),
    (Text(5), "a\u2028b"),
    (Text(5), "\u202eabc"),
    (Text(5), "\ufeffabc"),
    (Text(5, min_length=2), " a "),
    (Id(), 1),
    (Id(), "0"),
    (Id(), "01"),
    (Id(), "-1"),
    (Id(), "1_0"),
    (Id(), "１"),
    (Id(), "1\n"),
    (Id(), "9" * 19),
    (Id(), "9" * 5000),
    (Day(), "2026-02-29"),
    (Day(), "2026-13-01"),
    (Day(), "0000-01-01"),
    (Day(), "20261121"),
    (Day(), "2026-W01-1"),
    (Day(), "２０２６-11-21"),
    (Day(), "2026-11-21T00:00:00"),
    (Day(), 20261121),
    (Month(), "2026-13"),
    (Month(), "2026-1"),
    (Month(), "2026-11\n"),
    (Moment(), "2026-11-21T10:00:00"),
    (Moment(), "2026-11-21 10:00:00+08:00"),
    (Moment(), "2026-11-21T10:00+08:00"),
    (Moment(), "2026-11-21T25:00:00Z"),
    (Moment(), "2026-11-21T10:00:00+99:00"),
    (Moment(), 1763690400),
]


@pytest.mark.parametrize(("field", "given", "understood"), TAKEN, ids=repr)
def test_what_a_field_takes(field: Field[Any], given: object, understood: object) -> None:
    assert field.deserialize(given) == understood


@pytest.mark.parametrize(("field", "given"), REFUSED, ids=lambda value: repr(value)[:40])
def test_what_a_field_refuses(field: Field[Any], given: object) -> None:
    with pytest.raises(ValidationError):
        field.deserialize(given)


def test_ids_leave_as_text_and_moments_with_the_shops_offset(shop: Flask) -> None:
    row = {
        "id": 42,
        "at": datetime(2026, 11, 20, 16, 0, 0, 999, tzinfo=UTC),
        "day": date(2026, 11, 21),
    }
    with shop.app_context():
        assert Id().serialize("id", row) == "42"
        assert Moment().serialize("at", row) == "2026-11-21T00:00:00+08:00"
        assert Day().serialize("day", row) == "2026-11-21"
        assert Month().serialize("day", row) == "2026-11"
        assert Moment().serialize("at", {"at": None}) is None


@example("\n", 0)
@given(st.text(max_size=12), st.sampled_from([0, 1, 2, 3]))
def test_the_documented_pattern_takes_what_the_field_takes(text: str, min_length: int) -> None:
    # In the document's regular expressions `$` is the very end; Python's stands before a last newline.
    pattern = re.sub(r"\$$", r"\\Z", text_rules.pattern(min_length))
    matches = re.search(pattern, text) is not None
    if unicodedata.normalize("NFC", text) != text:
        return  # composing changes the length; the pattern counts what was sent
    try:
        Text(12, min_length).deserialize(text)
    except ValidationError:
        assert not matches
    else:
        assert matches
