"""The first earning rule of a shop, as the set-up asks for it: a few numbers, nothing more."""

from collections.abc import Mapping
from typing import Any

from miniprogram_api.core.db import db
from miniprogram_api.http.schemas import Integer
from miniprogram_api.merchant.fields import Yuan
from miniprogram_api.setup.steps import Blank, Step

from . import rule_book
from .terms import MOST_PER_FEN, MOST_POINTS, Cap, Caps, Rate, Terms

NOTE = "首个规则 · the first rule"


def _publish(numbers: Mapping[str, Any], actor: str) -> None:
    terms = Terms(
        rate=Rate(numbers["points"], numbers["per_yuan"]),
        caps=Caps(day=Cap(numbers["day_points"])),
    )
    rule_book.publish(terms, note=NOTE, actor=actor)


FIRST_RULE = Step(
    code="earning",
    zh="消费积分规则",
    en="Earning rule",
    about_zh="顾客消费能得多少积分。活动倍数、分类和返现以后可以在积分规则里加。",
    about_en="How many points purchases earn. Campaigns, categories and cashback can follow on its own page.",
    blanks=(
        Blank("per_yuan", "每消费", "For every", "1", Yuan(100, MOST_PER_FEN, required=True), "元", "yuan"),
        Blank("points", "得", "members earn", "1", Integer(1, 10_000, required=True), "积分", "points"),
        Blank("day_points", "一天最多得", "at most, in a day", "50000", Integer(1, MOST_POINTS, required=True), "积分", "points"),
    ),
    is_done=lambda: bool(rule_book.versions(db.session())),
    publish=_publish,
    page="/admin/earning",
    rank=10,
)  # fmt: skip
