"""The earning rule as a form: money in yuan, multipliers as times, categories in rows."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from miniprogram_api.http.schemas import Schema, Text
from miniprogram_api.merchant.fields import Percent, Times, Yuan
from miniprogram_api.merchant.form_words import teach
from miniprogram_api.merchant.forms import Form

from .rule_file import (
    MOST_CATEGORIES,
    CampaignSchema,
    CashbackSchema,
    RateSchema,
    TermsSchema,
)
from .terms import (
    MOST_BACK_BP,
    MOST_CAMPAIGNS,
    MOST_PER_FEN,
    MOST_TIMES,
    ONCE,
    Terms,
    check_terms,
    terms_from_json,
)

WORDS = {
    "rate": ("积分比例", "Rate"),
    "points": ("积分", "points"),
    "per_fen": ("每消费（元）", "for each ¥"),
    "rounding": ("取整", "Rounding"),
    "minimum_fen": ("最低消费（元）", "Minimum (¥)"),
    "rates": ("分类比例", "Category rate"),
    "category": ("分类", "category"),
    "excluded": ("不积分的分类", "Categories that earn nothing"),
    "campaigns": ("活动", "Campaign"),
    "campaigns_combine": ("活动叠加", "Campaigns combine"),
    "code": ("代号", "code"),
    "title": ("名称", "title"),
    "multiplier_bp": ("倍数", "multiplier"),
    "from_on": ("首日", "first day"),
    "until_on": ("末日", "last day"),
    "weekdays": ("星期", "weekdays"),
    "days_of_month": ("每月几号", "days of the month"),
    "birthday_month": ("生日月", "birthday month"),
    "first_purchase": ("首单", "first purchase"),
    "categories": ("限分类", "categories"),
    "caps": ("上限", "Cap"),
    "purchase": ("每笔", "a purchase"),
    "day": ("每日", "a day"),
    "month": ("每月", "a month"),
    "then": ("超出时", "beyond it"),
    "cashback": ("返现", "Cashback"),
    "rate_bp": ("比例（%）", "share (%)"),
    "most_fen": ("每笔最多（元）", "at most (¥)"),
    "amount": ("试算金额（元）", "amount tried (¥)"),
    "tier": ("试算等级", "tier tried"),
    "on": ("试算日期", "day tried"),
}
"""What people call the fields."""

teach(
    (
        (r"a rate gives at most (\d+) points a fen", r"积分比例过高：每分钱最多 \1 积分"),
        (
            "money paid into the wallet never earns: top_up has no rate",
            "储值不积分：不能给 top_up 设比例",
        ),
        (r"(.+) has a rate and is excluded", r"分类“\1”既设了比例，又列为不积分"),
        ("a campaign is named twice", "两个活动用了同一个代号"),
        (r"(.+): it ends before it begins", r"活动“\1”的末日早于首日"),
        (
            r"(.+) is past; what purchases earned does not change",
            r"\1 已经过去：已得的积分不会改变",
        ),
        ("Given twice.", "重复了"),
        ("It ends before it begins.", "不能早于首日"),
    )
)


class RateForm(RateSchema):
    """So many points for so many yuan."""

    per_fen = Yuan(1, MOST_PER_FEN, required=True)


class CategoryRateForm(RateForm):
    """The rate of a category."""

    category = Text(64, required=True)


class CampaignForm(CampaignSchema):
    """A campaign; its multiplier is typed as times."""

    multiplier_bp = Times(ONCE, MOST_TIMES * ONCE, required=True)

    @ma.validates_schema
    def _ends_after_it_begins(self, data: dict[str, Any], **_rest: Any) -> None:
        begins, ends = data.get("from_on"), data.get("until_on")
        if begins and ends and ends < begins:
            raise ma.ValidationError("It ends before it begins.", "until_on")


class CashbackForm(CashbackSchema):
    """Cashback in per cent, and at most so many yuan."""

    rate_bp = Percent(1, MOST_BACK_BP, required=True)
    most_fen = Yuan(required=True)


class RuleForm(TermsSchema):
    """A rule, whole, as it is typed."""

    rate = fields.Nested(RateForm, required=True)
    minimum_fen = Yuan(0, load_default=0)
    rates = fields.List(  # type: ignore[assignment]
        fields.Nested(CategoryRateForm),
        load_default=list,
        validate=validate.Length(max=MOST_CATEGORIES),
    )
    campaigns = fields.List(
        fields.Nested(CampaignForm),
        load_default=list,
        validate=validate.Length(max=MOST_CAMPAIGNS),
    )
    cashback = fields.Nested(CashbackForm, allow_none=True, load_default=None)

    @ma.validates_schema
    def _no_category_twice(self, data: dict[str, Any], **_rest: Any) -> None:
        categories = [one["category"] for one in data["rates"]]
        twice = {
            number: {"category": ["Given twice."]}
            for number, category in enumerate(categories)
            if category in categories[:number]
        }
        if twice:
            raise ma.ValidationError({"rates": twice})


class TrialSchema(Schema):
    """A purchase that the preview judges."""

    amount = Yuan(0, load_default=100_00)
    tier = Text(16, 0, load_default="")
    category = Text(64, load_default="—")
    on = fields.Date(load_default=None)
    first = fields.Boolean(load_default=False)
    birthday = fields.Boolean(load_default=False)


def form_of(terms: Mapping[str, Any]) -> Form:
    """The form that shows terms as they are stored."""
    rows = [{"category": category, **rate} for category, rate in terms["rates"].items()]
    days = ("from_on", "until_on")
    campaigns = [
        {name: value for name, value in one.items() if name not in days}
        for one in terms["campaigns"]
    ]
    dumped = RuleForm().dump({**terms, "rates": rows, "campaigns": campaigns})
    for shown, stored in zip(dumped["campaigns"], terms["campaigns"], strict=True):
        shown |= {name: stored[name] for name in days if stored.get(name)}
    return Form.of(dumped)


def read(form: Form) -> Terms:
    """The terms that a form means, seen to fit together.

    :raises FormRefused: a field has not the form that it must have.
    :raises EarningRuleNotAllowed: they do not fit together.
    """
    for period in ("purchase", "day", "month"):
        if not form.value(f"caps-{period}-points"):  # what happens beyond no cap is not asked
            form.values.pop(f"caps-{period}-then", None)
    loaded = form.load(RuleForm())
    loaded["rates"] = {one.pop("category"): one for one in loaded["rates"]}
    terms = terms_from_json(loaded)
    check_terms(terms)
    return terms
