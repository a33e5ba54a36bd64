"""Strict JSON: what two readers could understand differently is refused, not guessed.

UTF-8 without a byte order mark, no duplicate keys, no NaN, no number beyond what we can keep, no depth
that exhausts a reader, no half surrogate pairs, no NUL.
"""

import json
import math
from typing import Any, NoReturn

MAX_DEPTH = 20
MAX_DIGITS = 19
INT64 = range(-(2**63), 2**63)


class NotStrictJson(ValueError):
    """It is no JSON, or not in the strict form; says which."""


def decode(raw: bytes) -> Any:
    """The JSON value in `raw`.

    :raises NotStrictJson: it is none.
    """
    try:
        value = _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise NotStrictJson("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise NotStrictJson(f"{error.msg}: character {error.pos}") from None
    except RecursionError:
        raise NotStrictJson(f"nested deeper than {MAX_DEPTH}") from None
    _check(value, 1, has_escapes=b"\\u" in raw)
    return value


def _check(value: Any, depth: int, *, has_escapes: bool) -> None:
    """Look at each string and each level once; only escapes can smuggle in NUL or surrogates."""
    if isinstance(value, str):
        if has_escapes and not _is_clean(value):
            raise NotStrictJson("a string holds NUL or half a surrogate pair")
    elif isinstance(value, (dict, list)):
        if depth > MAX_DEPTH:
            raise NotStrictJson(f"nested deeper than {MAX_DEPTH}")
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
        raise NotStrictJson("an object has the same key twice")
    return found


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS or int(digits) not in INT64:
        raise NotStrictJson("an integer does not fit into 64 bits")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise NotStrictJson("a number is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise NotStrictJson(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_constant,
)
