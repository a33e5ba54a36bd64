"""The ladder as a form: growth in yuan where it is money, benefits in per cent and times, gifts in rows."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from miniprogram_api.http.schemas import MAX_INTEGER, Integer, Text
from miniprogram_api.merchant.fields import Percent, Times, Yuan
from miniprogram_api.merchant.form_words import spoken, teach
from miniprogram_api.merchant.forms import Form, FormRefused
from points_mall.grants import merchant_rewards
from points_mall.grants.merchant_rewards import MOST_ROWS, RewardRow

from .ladder_file import BenefitsFileSchema, TermsSchema, TierFileSchema
from .terms import MOST_MULTIPLIER_BP, MOST_TIERS, Basis, Terms, check_terms, terms_from_json

WORDS = {
    **merchant_rewards.WORDS,
    "basis": ("成长值按", "Growth counted in"),
    "window_months": ("统计最近几个月", "Months that count"),
    "keep_months": ("保级几个月", "Months held"),
    "grace_days": ("宽限天数", "Days of grace"),
    "tiers": ("等级", "Tier"),
    "code": ("代号", "code"),
    "name_zh": ("名称", "name (Chinese)"),
    "name_en": ("英文名称", "name (English)"),
    "card_zh": ("卡名", "card (Chinese)"),
    "card_en": ("英文卡名", "card (English)"),
    "entry": ("升级门槛", "growth to enter"),
    "keep": ("保级门槛", "growth to keep"),
    "benefits": ("权益", "benefits"),
    "discount_bp": ("折扣（减 %）", "discount (% off)"),
    "points_multiplier_bp": ("积分倍数", "points multiplier"),
    "free_shipping": ("包邮", "free shipping"),
    "birthday_gift": ("生日券", "birthday coupon"),
    "monthly_coupon": ("每月券", "monthly coupon"),
    "gifts": ("升级礼", "Upgrade gift"),
    "tier": ("等级代号", "tier"),
}
"""What people call the fields."""

teach(
    (
        ("a tier is named twice", "两个等级用了同一个代号"),
        (
            "the lowest tier is everybody's: .+",
            "最低等级人人都有：升级门槛须为 0，也没有升级礼",
        ),
        ("each tier needs more growth than the one below", "每一级的升级门槛须高于下一级"),
        (
            "a higher tier is not kept by less growth than a lower one",
            "高等级的保级门槛不能低于低等级",
        ),
        (r"(\S+): what lifts a member there must keep one there", r"“\1”的保级门槛须填写，且不高于升级门槛"),
        (r"(\S+): its gift names the same thing twice", r"“\1”的升级礼里有重复的奖励"),
        (r"tiers keep their places: first (.+); .+", r"已有的等级不能删除或换位，依次须为 \1；新等级加在最上面"),
        (r"(\S+) has begun; the ladder changes from tomorrow on", r"\1 已经开始：等级规则最早从明天起改变"),
        ("There is no such tier.", "没有这个等级代号"),
    )
)  # fmt: skip


class BenefitsForm(BenefitsFileSchema):
    """What members of a tier enjoy, in per cent and times."""

    discount_bp = Percent(0, 9_999, load_default=0)
    points_multiplier_bp = Times(0, MOST_MULTIPLIER_BP, load_default=10_000)


class TierForm(TierFileSchema):
    """A tier whose growth is a number; an empty entry means: by hand only."""

    entry = Integer(load_default=None, allow_none=True)
    keep = Integer(load_default=None, allow_none=True)
    benefits = fields.Nested(BenefitsForm, load_default=lambda: dict(BenefitsForm().load({})))


class MoneyTierForm(TierForm):
    """A tier whose growth is money."""

    entry = Yuan(0, MAX_INTEGER, load_default=None, allow_none=True)
    keep = Yuan(0, MAX_INTEGER, load_default=None, allow_none=True)


class GiftRow(RewardRow):
    """A part of what is given for rising to a tier."""

    tier = Text(16, required=True)


def _tiers(schema: type[TierForm]) -> Any:
    return fields.List(
        fields.Nested(schema(exclude=("upgrade_gift",))),
        required=True,
        validate=validate.Length(1, MOST_TIERS),
    )


class LadderForm(TermsSchema):
    """A ladder whose growth is a number of purchases or points."""

    tiers = _tiers(TierForm)
    gifts = fields.List(
        fields.Nested(GiftRow), load_default=list, validate=validate.Length(max=MOST_ROWS)
    )


class MoneyLadderForm(LadderForm):
    """A ladder whose growth is money."""

    tiers = _tiers(MoneyTierForm)


def schema_of(basis: str) -> LadderForm:
    """The form of ladders that count growth so."""
    return MoneyLadderForm() if basis == Basis.AMOUNT else LadderForm()


def form_of(terms: Mapping[str, Any]) -> Form:
    """The form that shows terms as they are stored."""
    gifts = [
        {"tier": tier["code"], **merchant_rewards.row_of(reward)}
        for tier in terms["tiers"]
        for reward in tier["upgrade_gift"]
    ]
    return Form.of(schema_of(terms["basis"]).dump({**terms, "gifts": gifts}))


def read(form: Form) -> Terms:
    """The terms that a form means, seen to fit together.

    :raises FormRefused: a field has not the form that it must have, or nobody gives a gift.
    :raises LadderNotAllowed: they do not fit together.
    """
    loaded = form.load(schema_of(form.value("basis")))
    gifts = loaded.pop("gifts")
    by_code: dict[str, list[Any]] = {tier["code"]: [] for tier in loaded["tiers"]}
    for number, gift in enumerate(gifts):
        if gift["tier"] not in by_code:
            form.errors[f"gifts-{number}-tier"] = spoken("There is no such tier.")
            raise FormRefused(form)
        by_code[gift["tier"]].append(merchant_rewards.row_of(gift))
    for tier in loaded["tiers"]:
        tier["upgrade_gift"] = by_code[tier["code"]]
    terms = terms_from_json(loaded)
    check_terms(terms)
    merchant_rewards.check_rows(form, "gifts", gifts)
    return terms
