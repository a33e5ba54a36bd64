"""The check-in rule as a form: a row for each reward of a day, and for each reward of a milestone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from miniprogram_api.http.schemas import Integer, Points, Schema
from miniprogram_api.merchant.form_words import teach
from miniprogram_api.merchant.forms import Form
from points_mall.grants import merchant_rewards
from points_mall.grants.merchant_rewards import MOST_ROWS, RewardRow

from .awards import STREAK
from .rule_file import CycleSchema, MakeUpTermsSchema
from .streaks import CycleKind
from .terms import EVER, MONTH, MOST_DAYS, Terms, check_terms, terms_from_json

KINDS = (STREAK, MONTH, EVER)
MOST_TOTAL_DAYS = 36_600
WORDS = {
    **merchant_rewards.WORDS,
    "cycle": ("周期", "Cycle"),
    "daily": ("每日奖励", "Daily reward"),
    "day": ("第几天", "day"),
    "milestones": ("里程碑", "Milestone"),
    "of": ("按", "counted"),
    "days": ("天数", "days"),
    "make_up": ("补签", "Make-ups"),
    "days_back": ("可补最近几天", "days back"),
    "per_month": ("每月次数", "in a month"),
    "points_cost": ("每次花积分", "points each"),
    "accepts_cards": ("可用补签卡", "cards accepted"),
    "earns_daily": ("补签得当日奖励", "earns the day's reward"),
    "before_joining": ("可补入会之前", "days before joining"),
}
"""What people call the fields."""

teach(
    (
        (r"a rolling cycle has 1 to (\d+) days", r"滚动周期须为 1 到 \1 天"),
        (r"a \w+ cycle has no number of days of its own", "只有滚动周期才填天数"),
        (r"daily rewards: 1 to (\d+) days, not (\d+)", r"每日奖励须在第 1 到第 \1 天，不能到第 \2 天"),
        ("one list of rewards names the same thing twice", "同一天（或同一里程碑）里有重复的奖励"),
        (
            r"a streak milestone lies within the cycle: 1 to (\d+) days, not (\d+)",
            r"连续签到的里程碑须在一个周期之内：1 到 \1 天，不是 \2",
        ),
        (r"a total of '.+' lies between 1 and (\d+) days, not (\d+)", r"累计天数须在 1 到 \1 之间，不是 \2"),
        ("a make-up must be paid by something: points or cards", "补签须花积分或补签卡，至少选一种"),
        (r"(\S+) has begun; a rule changes from tomorrow on", r"\1 已经开始：签到规则最早从明天起改变"),
        ("The first day has no reward.", "第 1 天没有奖励"),
    )
)  # fmt: skip


class DayRow(RewardRow):
    """A reward of a day of the cycle."""

    day = Integer(1, MOST_DAYS, required=True)


class MilestoneRow(RewardRow):
    """A reward of a milestone: of days in a row, in a month, or ever."""

    of = fields.String(required=True, validate=validate.OneOf(KINDS))
    days = Integer(1, MOST_TOTAL_DAYS, required=True)


class MakeUpForm(MakeUpTermsSchema):
    """How missed days are made up; no points named: only cards pay."""

    points_cost = Points(0, load_default=None, allow_none=True)


class RuleForm(Schema):
    """A rule, whole, as it is typed."""

    cycle = fields.Nested(CycleSchema, required=True)
    daily = fields.List(
        fields.Nested(DayRow), required=True, validate=validate.Length(1, MOST_ROWS)
    )
    milestones = fields.List(
        fields.Nested(MilestoneRow), load_default=list, validate=validate.Length(max=MOST_ROWS)
    )
    make_up = fields.Nested(MakeUpForm, required=True)


def form_of(terms: Mapping[str, Any]) -> Form:
    """The form that shows terms as they are stored."""
    daily = [
        {"day": day, **merchant_rewards.row_of(reward)}
        for day, rewards in enumerate(terms["daily"], start=1)
        for reward in rewards
    ]
    reached = [(STREAK, one) for one in terms["streaks"]]
    reached += [(one["period"], one) for one in terms["totals"]]
    milestones = [
        {"of": of, "days": one["days"], **merchant_rewards.row_of(reward)}
        for of, one in reached
        for reward in one["rewards"]
    ]
    return Form.of(
        {
            "cycle": terms["cycle"],
            "daily": daily,
            "milestones": milestones,
            "make_up": terms["make_up"],
        }
    )


def read(form: Form) -> Terms:
    """The terms that a form means, seen to fit together.

    :raises FormRefused: a field has not the form that it must have, or nobody gives a reward.
    :raises RuleNotAllowed: they do not fit together.
    """
    if form.value("cycle-kind") != CycleKind.ROLLING:
        form.values.pop("cycle-days", None)  # the field is there for rolling cycles alone
    loaded = form.load(RuleForm())
    terms = terms_from_json(
        {
            "cycle": loaded["cycle"],
            "daily": _by_day(form, loaded["daily"]),
            "streaks": _milestones(loaded["milestones"], STREAK),
            "totals": [
                {"period": period, **one}
                for period in (EVER, MONTH)
                for one in _milestones(loaded["milestones"], period)
            ],
            "make_up": loaded["make_up"],
        }
    )
    check_terms(terms)
    merchant_rewards.check_rows(form, "daily", loaded["daily"])
    merchant_rewards.check_rows(form, "milestones", loaded["milestones"])
    return terms


def _by_day(form: Form, rows: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    """The rewards of each day up to the last that has any; a day without a row brings nothing."""
    days: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        days[row["day"]].append(merchant_rewards.row_of(row))
    if 1 not in days:
        raise form.refused(ma.ValidationError("The first day has no reward.", "daily-0-day"))
    return [days[day] for day in range(1, max(days) + 1)]


def _milestones(rows: Sequence[Mapping[str, Any]], of: str) -> list[dict[str, Any]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["of"] == of:
            found[row["days"]].append(merchant_rewards.row_of(row))
    return [{"days": days, "rewards": found[days]} for days in sorted(found)]
