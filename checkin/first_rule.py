"""The first check-in rule of a shop, as the set-up asks for it: a week of rewards and a bonus."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from miniprogram_api.core.clock import today
from miniprogram_api.core.db import db
from miniprogram_api.http.schemas import Integer
from miniprogram_api.setup.steps import Blank, Step
from points_mall.grants.rewards import Reward

from . import rule_book
from .terms import FIRST_TERMS, MakeUpTerms, Rewards, StreakMilestone

NOTE = "首个规则 · the first rule"
MOST = 100_000
_WEEK = ("5", "5", "10", "10", "15", "15", "30")


def _publish(numbers: Mapping[str, Any], actor: str) -> None:
    daily = tuple(_points(numbers[f"day_{day}"]) for day in range(1, 8))
    bonus = numbers["bonus"]
    terms = replace(
        FIRST_TERMS,
        daily=daily,
        streaks=(StreakMilestone(7, _points(bonus)),) if bonus else (),
        make_up=MakeUpTerms(points_cost=numbers["make_up"]),
    )
    rule_book.publish(terms, today(), note=NOTE, actor=actor)


def _points(amount: int) -> Rewards:
    return (Reward("points", amount),)


def _day(day: int, default: str) -> Blank:
    reads = Integer(1, MOST, required=True)
    return Blank(f"day_{day}", f"第 {day} 天", f"Day {day}", default, reads, "积分", "points")


FIRST_RULE = Step(
    code="checkin",
    zh="签到规则",
    en="Check-in rule",
    about_zh="连续签到七天一个循环，断了从头开始。满月奖励和补签卡按常用的设置，以后可以改。",
    about_en="Seven days in a row, then over again. Monthly rewards and make-up cards begin as usual and can be changed.",
    blanks=(
        *(_day(day, default) for day, default in enumerate(_WEEK, 1)),
        Blank("bonus", "连续 7 天再加", "Bonus for 7 days in a row", "50", Integer(0, MOST, required=True), "积分", "points"),
        Blank("make_up", "补签一次", "A make-up costs", "20", Integer(0, MOST, required=True), "积分", "points"),
    ),
    is_done=lambda: bool(rule_book.versions(db.session())),
    publish=_publish,
    page="/admin/check-in",
    rank=20,
)  # fmt: skip
