"""The form of a ladder in a file, and of a tier in the files of other features."""

from typing import Any

from marshmallow import fields, validate

from miniprogram_api.http.schemas import Integer, Points, Schema, Text, Token, YesNo

from .ladder import tier_of_code, tiers
from .terms import MOST_GRACE_DAYS, MOST_MONTHS, MOST_MULTIPLIER_BP, MOST_TIERS, Basis, Terms
from .terms import terms_from_json as read_terms


class TierCode(fields.String):
    """A tier of the ladder in force, by its code; the lowest one where none is named."""

    def __init__(self) -> None:
        super().__init__(load_default=_lowest, validate=_is_a_tier)


class RewardSchema(Schema):
    """So much of a kind."""

    kind = Text(32, required=True)
    amount = Points(required=True)
    item = Text(64)
    valid_days = Integer(1, 3650)


class BenefitsFileSchema(Schema):
    """What members of a tier enjoy; what is not said is not given."""

    discount_bp = Integer(0, 9_999, load_default=0)
    points_multiplier_bp = Integer(0, MOST_MULTIPLIER_BP, load_default=10_000)
    free_shipping = YesNo(load_default=False)
    birthday_gift = Text(64, 0, load_default="")
    monthly_coupon = Text(64, 0, load_default="")


class TierFileSchema(Schema):
    """A tier; its rank is its place in the list."""

    code = Token("^[a-z][a-z0-9_-]{0,15}$", required=True)
    name_zh = Text(32, required=True)
    name_en = Text(32, required=True)
    card_zh = Text(32, required=True)
    card_en = Text(32, required=True)
    entry = Integer(required=True, allow_none=True)
    keep = Integer(required=True, allow_none=True)
    benefits = fields.Nested(
        BenefitsFileSchema, load_default=lambda: dict(BenefitsFileSchema().load({}))
    )
    upgrade_gift = fields.List(fields.Nested(RewardSchema), load_default=list)


class TermsSchema(Schema):
    """A ladder, whole."""

    basis = fields.String(required=True, validate=validate.OneOf([one.value for one in Basis]))
    window_months = Integer(1, MOST_MONTHS, required=True)
    keep_months = Integer(1, MOST_MONTHS, required=True)
    grace_days = Integer(0, MOST_GRACE_DAYS, required=True)
    tiers = fields.List(
        fields.Nested(TierFileSchema), required=True, validate=validate.Length(1, MOST_TIERS)
    )


def read(given: Any) -> Terms:
    """The terms that a file spells.

    :raises ValidationError: a field has not the form that it must have.
    """
    return read_terms(TermsSchema().load(given))


def rank_named(code: str) -> int:
    """The rank of a tier that a file names."""
    tier = tier_of_code(code)
    return tier.rank if tier else 0


def _lowest() -> str:
    return tiers()[0].code


def _is_a_tier(code: str) -> None:
    validate.OneOf([tier.code for tier in tiers()])(code)
