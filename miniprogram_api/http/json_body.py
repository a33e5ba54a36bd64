"""Strict JSON: what two readers could understand differently is refused, not guessed.

UTF-8 without a byte order mark, one object, no duplicate keys, no NaN, no number beyond what we can
keep, no depth that exhausts a reader, no half surrogate pairs, no NUL.
"""

import json
import math
from typing import Any, NoReturn

from flask import Request, request
from marshmallow import Schema, ValidationError, fields
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, UnsupportedMediaType

from .standard_problems import MalformedJson, ValidationFailed

MAX_DEPTH = 20
MAX_DIGITS = 19
INT64 = range(-(2**63), 2**63)


def loads(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`.

    :raises MalformedJson: it is not one, or not in the strict form.
    """
    try:
        value = _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise MalformedJson("the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise MalformedJson(f"{error.msg}: character {error.pos}") from None
    except RecursionError:
        raise MalformedJson(f"nested deeper than {MAX_DEPTH}") from None
    if not isinstance(value, dict):
        raise MalformedJson("the body must be a JSON object")
    _check(value, 1, has_escapes=b"\\u" in raw)
    return value


def body() -> dict[str, Any]:
    """The JSON object that the caller sent.

    :raises MalformedJson: there is none.
    :raises UnsupportedMediaType: it is sent as something else.
    """
    raw = raw_body()
    if not raw:
        raise MalformedJson("the body is empty")
    _require_json_type(request)
    return loads(raw)


def raw_body() -> bytes:
    """The bytes that the caller sent, all of them.

    :raises MalformedJson: they broke off, or their chunks make no sense.
    :raises RequestEntityTooLarge: there are more than we read.
    """
    try:
        raw = request.get_data(cache=True)
    except HTTPException:
        raise
    except Exception:  # noqa: BLE001 - each server has its own words for a broken frame
        raise MalformedJson("the body cannot be read to its end") from None
    limit = request.max_content_length
    if limit is not None and request.content_length is None and len(raw) >= limit:
        raise RequestEntityTooLarge  # werkzeug cuts a chunked body off at the limit and says nothing
    return raw


def _require_json_type(asked: Request) -> None:
    charset = asked.mimetype_params.get("charset", "utf-8").lower()
    encoding = asked.headers.get("Content-Encoding", "identity").lower()
    if asked.mimetype != "application/json" or charset != "utf-8" or encoding != "identity":
        raise UnsupportedMediaType


def _check(value: Any, depth: int, *, has_escapes: bool) -> None:
    """Look at each string and each level once; only escapes can smuggle in NUL or surrogates."""
    if isinstance(value, str):
        if has_escapes and not _is_clean(value):
            raise MalformedJson("a string holds NUL or half a surrogate pair")
    elif isinstance(value, (dict, list)):
        if depth > MAX_DEPTH:
            raise MalformedJson(f"nested deeper than {MAX_DEPTH}")
        if isinstance(value, dict):
            for key in value:
                _check(key, depth, has_escapes=has_escapes)
        for item in value.values() if isinstance(value, dict) else value:
            _check(item, depth + 1, has_escapes=has_escapes)


def _is_clean(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJson("an object has the same key twice")
    return found


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS or int(digits) not in INT64:
        raise MalformedJson("an integer does not fit into 64 bits")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise MalformedJson("a number is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_constant,
)


class StrictParser(FlaskParser):
    """Reads arguments for `Blueprint.arguments`: strict JSON, each query parameter once."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": None, "query": None, "form": None}  # noqa: RUF012 - theirs

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The body as one JSON object."""
        return body()

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The query's parameters; one that is given twice has no meaning, unless it is a list."""
        found: dict[str, Any] = {}
        lists = {
            item.data_key or name
            for name, item in schema.fields.items()
            if isinstance(item, fields.List)
        }
        twice = {}
        for name, values in req.args.lists():
            if len(values) > 1 and name not in lists:
                twice[name] = ["Given more than once."]
            found[name] = values if name in lists else values[0]
        if twice:
            raise ValidationFailed({"query": twice})
        return found

    def handle_error(self, error: ValidationError, *_args: Any, **_options: Any) -> NoReturn:
        """Name the fields that are wrong.

        :raises ValidationFailed: always.
        """
        raise ValidationFailed(error.messages) from None
