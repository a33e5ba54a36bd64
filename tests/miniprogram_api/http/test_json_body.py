import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.core.strict_json import MAX_DEPTH
from miniprogram_api.http.json_body import loads
from miniprogram_api.http.standard_problems import MalformedJson

NOT_STRICT_JSON = {
    "nothing": b"",
    "a blank": b" ",
    "a list": b"[]",
    "null": b"null",
    "a text": b'"x"',
    "a number": b"1",
    "a comma too many": b'{"a":1,}',
    "single quotes": b"{'a':1}",
    "two documents": b'{"a":1}{"b":2}',
    "rubbish behind": b'{"a":1} x',
    "cut short": b'{"a":',
    "the same key twice": b'{"a":1,"a":2}',
    "the same key twice, deeper": b'{"a":[{"b":1,"b":1}]}',
    "the same key in two spellings": b'{"a":1,"\\u0061":2}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "minus Infinity": b'{"a":-Infinity}',
    "a float beyond floats": b'{"a":1e400}',
    "2^63": b'{"a":9223372036854775808}',
    "-2^63 - 1": b'{"a":-9223372036854775809}',
    "an integer of 5,000 digits": b'{"a":' + b"9" * 5000 + b"}",
    "a leading zero": b'{"a":01}',
    "an underscore": b'{"a":1_0}',
    "full-width digits": '{"a":１}'.encode(),
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"a":1}'.encode("utf-16-le"),
    "UTF-32": '{"a":1}'.encode("utf-32"),
    "Latin-1": '{"a":"é"}'.encode("latin-1"),
    "an overlong sequence": b'{"a":"\xc0\x80"}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "half a surrogate pair": b'{"a":"\\ud800"}',
    "half a surrogate pair in a key": b'{"\\udc00":1}',
    "NUL": b'{"a":"\\u0000"}',
    "NUL in a key": b'{"\\u0000":1}',
    "a raw NUL": b'{"a":"\x00"}',
    "a raw line break in a text": b'{"a":"\n"}',
    "depth 21": b'{"a":' + b"[" * 20 + b"]" * 20 + b"}",
    "depth 100,000": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "objects 2,000 deep": b'{"a":' * 2000 + b"1" + b"}" * 2000,
}


@pytest.mark.parametrize("raw", NOT_STRICT_JSON.values(), ids=NOT_STRICT_JSON.keys())
def test_what_is_not_strict_json_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedJson):
        loads(raw)


def test_the_largest_and_smallest_integers_are_read() -> None:
    assert loads(b'{"a":9223372036854775807,"b":-9223372036854775808}') == {
        "a": 2**63 - 1,
        "b": -(2**63),
    }


def test_a_whole_surrogate_pair_is_one_character() -> None:
    assert loads(b'{"a":"\\ud83c\\udf81"}') == {"a": "🎁"}


def test_depth_20_is_read() -> None:
    raw = b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}"
    assert list(loads(raw)) == ["a"]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text("abc"), values, max_size=4), st.booleans())
def test_every_clean_object_comes_back_as_it_was(
    value: dict[str, object], ascii_only: bool
) -> None:
    assert loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with suppress(MalformedJson):
        loads(raw)
