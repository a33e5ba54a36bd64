"""WeChat's rules for the fields of messages and the scene of codes. Pure functions."""

import re
from collections.abc import Mapping
from typing import Any

from .world import Template

_DATE = r"\d{4}(年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2}|\.\d{1,2}\.\d{1,2})"
_TIME = r"\d{1,2}:\d{2}(:\d{2})?"

# Lengths count characters.
FIELD_RULES: dict[str, re.Pattern[str]] = {
    "thing": re.compile(r".{1,20}"),
    "number": re.compile(r"-?(?=.{1,32}$)\d+(\.\d+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[!-~]{1,32}"),
    "time": re.compile(rf"({_DATE}\s*)?{_TIME}([~-]({_DATE}\s*)?{_TIME})?|{_DATE}"),
    "date": re.compile(rf"{_DATE}(\s*{_TIME})?([~-]{_DATE}(\s*{_TIME})?)?"),
    "amount": re.compile(r"[¥￥$€£]?\d{1,10}(\.\d+)?元?"),
    "phone_number": re.compile(r"[0-9+*() -]{1,17}"),
    "car_number": re.compile(r".{1,8}"),
    "name": re.compile(r"[\u4e00-\u9fff·]{1,10}|[A-Za-z .]{1,20}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
}
_FIELD = re.compile(rf"({'|'.join(FIELD_RULES)})\d{{1,3}}")
_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@._~-]{1,32}")
_PAGE = re.compile(r"[0-9A-Za-z_-][0-9A-Za-z_/.-]{0,127}")

TEMPLATE_ID = re.compile(r"[0-9A-Za-z_-]{4,64}")

RISKY_WORDS = ("违法", "赌博", "毒品", "色情")
DOUBTFUL_WORDS = ("加微信", "兼职", "代购", "免费领")


def broken_field(data: object, template: Template | None) -> str | None:
    """The first field that breaks its rule, by name; None if all keep theirs."""
    if not isinstance(data, Mapping) or not data:
        return "data"
    if template is not None and template.fields:
        odd = sorted(set(template.fields) ^ set(data))
        if odd:
            return odd[0]
    for name, entry in data.items():
        if not _keeps_its_rule(name, entry):
            return str(name)
    return None


def _keeps_its_rule(name: str, entry: Any) -> bool:
    kind = _FIELD.fullmatch(name)
    value = entry.get("value") if isinstance(entry, Mapping) else None
    if kind is None or not isinstance(value, str | int) or isinstance(value, bool):
        return False
    return FIELD_RULES[kind[1]].fullmatch(str(value)) is not None


def is_scene(scene: object) -> bool:
    """1 to 32 visible characters of the documented set."""
    return isinstance(scene, str) and _SCENE.fullmatch(scene) is not None


def is_page(page: object) -> bool:
    """A page without leading slash and without query."""
    return isinstance(page, str) and _PAGE.fullmatch(page) is not None


def text_result(text: str) -> tuple[str, int]:
    """What the text check suggests, and its label, by words that stand for a real model."""
    if any(word in text for word in RISKY_WORDS):
        return "risky", 20006
    if any(word in text for word in DOUBTFUL_WORDS):
        return "review", 10001
    return "pass", 100
