"""What schemas say of a field, in the reader's language: marshmallow speaks English only."""

import re
from collections.abc import Iterable

from miniprogram_api.http.language import language

_CHINESE: tuple[tuple[str, str], ...] = (
    (r"Missing data for required field\.", "请填写"),
    (r"Field may not be null\.", "请填写"),
    (r"Field may not be blank\.", "请填写"),
    (r"Not a valid integer\.", "请填整数"),
    (r"Not a valid number\.", "请填数字"),
    (r"Not a valid boolean\.", "请选择是或否"),
    (r"Not a valid string\.", "请填文字"),
    (r"Not a valid (?:date|datetime|time)\.", "时间格式不对"),
    (r"Not a day of the calendar: YYYY-MM-DD\.", "请填日期，如 2026-11-21"),
    (r"Not a number with at most (\d+) decimals\.", r"请填数字，最多 \1 位小数"),
    (r"Not an amount in yuan: 19\.90\.", "请填金额（元），如 19.90"),
    (r"Not a moment with an offset: .+", "请填时间，如 2026-11-21 10:00"),
    (r"Control characters(?: are not taken)?\.", "含有不能使用的字符"),
    (r"Does not have the expected form\.", "格式不对"),
    (r"Not a time zone: .+", "不认识的时区，如 Asia/Shanghai"),
    (r"Not a valid list\.", "格式不对"),
    (r"Invalid input type\.", "格式不对"),
    (r"Unknown field\.", "不认识的字段"),
    (
        r"Must be greater than or equal to (\S+?) and less than or equal to (\S+?)\.",
        r"须在 \1 到 \2 之间",
    ),
    (r"Must be greater than or equal to (\S+?)\.", r"不能小于 \1"),
    (r"Must be greater than (\S+?)\.", r"须大于 \1"),
    (r"Must be less than or equal to (\S+?)\.", r"不能大于 \1"),
    (r"Must be less than (\S+?)\.", r"须小于 \1"),
    (r"Must be one of: (.+)\.", r"只能是：\1"),
    (r"Length must be between (\d+) and (\d+)\.", r"长度须在 \1 到 \2 之间"),
    (r"Longer than maximum length (\d+)\.", r"最长 \1 字"),
    (r"Shorter than minimum length (\d+)\.", r"至少 \1 字"),
    (r"Length must be (\d+)\.", r"长度须为 \1"),
    (r"String does not match expected pattern\.", "格式不对"),
)
_PATTERNS = [(re.compile(pattern), said) for pattern, said in _CHINESE]


def teach(words: Iterable[tuple[str, str]]) -> None:
    """Let what a feature objects to be read in Chinese: (pattern of the whole sentence, what is said)."""
    known = {pattern.pattern for pattern, _said in _PATTERNS}
    _PATTERNS.extend((re.compile(one), said) for one, said in words if one not in known)


def spoken(message: str) -> str:
    """A schema's message as the reader understands it; an unknown one as it is."""
    if language() == "en":
        return message
    for pattern, said in _PATTERNS:
        if match := pattern.fullmatch(message):
            return match.expand(said)
    return message
