"""The form of a wheel in a file: what the merchant writes, checked field by field."""

from dataclasses import asdict
from typing import Any

from marshmallow import fields, validate

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.http.schemas import Fen, Integer, Moment, Points, Schema, Text, Token, YesNo
from points_mall.tiers.ladder import tier_of_rank
from points_mall.tiers.ladder_file import TierCode, rank_named

from .terms import DELIVERY, MOST_PRIZES, MOST_UNITS, PICKUP, PrizeTerms, WheelTerms

MOST_RULES = 20_000


class PrizeFileSchema(Schema):
    """A prize; its position is its place in the list."""

    code = Token("^[0-9a-z][0-9a-z_-]{0,31}$", load_default="")
    name = Text(64, required=True)
    kind = Token("^[a-z][a-z_]{0,31}$", required=True)
    weight = Integer(required=True)
    amount = Points(0, load_default=0)
    item = Text(64, allow_none=True, load_default=None)
    value_fen = Fen(0, load_default=0)
    stock = Integer(0, MOST_UNITS, allow_none=True, load_default=None)
    expires_days = Integer(1, 3650, allow_none=True, load_default=None)
    fulfilment = fields.String(
        validate=validate.OneOf([PICKUP, DELIVERY]), allow_none=True, load_default=None
    )
    is_stocked = YesNo(load_default=True)
    is_consolation = YesNo(load_default=False)
    is_guaranteed = YesNo(load_default=False)


class WheelFileSchema(Schema):
    """A wheel, whole."""

    title = Text(64, required=True)
    opens_at = Moment(required=True)
    closes_at = Moment(allow_none=True, load_default=None)
    rules_zh = fields.String(load_default="", validate=validate.Length(max=MOST_RULES))
    rules_en = fields.String(load_default="", validate=validate.Length(max=MOST_RULES))
    points_cost = Points(0, load_default=0)
    free_draws_per_day = Integer(0, 1000, load_default=0)
    daily_limit = Integer(1, 100_000, allow_none=True, load_default=None)
    total_limit = Integer(1, 1_000_000, allow_none=True, load_default=None)
    weight_total = Integer(required=True)
    min_tier = TierCode()
    new_member_days = Integer(1, 3650, allow_none=True, load_default=None)
    guarantee_nth = Integer(2, 10_000, allow_none=True, load_default=None)
    prizes = fields.List(
        fields.Nested(PrizeFileSchema), required=True, validate=validate.Length(1, MOST_PRIZES)
    )


def read(given: Any) -> WheelTerms:
    """The terms that a file spells.

    :raises ValidationError: a field has not the form that it must have.
    """
    return terms_of(WheelFileSchema().load(given))


def terms_of(loaded: dict[str, Any]) -> WheelTerms:
    """The terms that the loaded fields of a file, or of a form, mean."""
    facts = dict(loaded)
    rank = rank_named(facts.pop("min_tier"))
    prizes = tuple(PrizeTerms(**prize) for prize in facts.pop("prizes"))
    return WheelTerms(**facts, prizes=prizes, min_tier_rank=rank)


def spelt(terms: WheelTerms) -> dict[str, Any]:
    """The file that spells these terms, as plain JSON."""
    facts = asdict(terms)
    facts["min_tier"] = tier_of_rank(facts.pop("min_tier_rank")).code
    for name in ("opens_at", "closes_at"):
        if facts[name] is not None:
            facts[name] = in_shop_time(facts[name]).isoformat()
    return {**facts, "prizes": [asdict(prize) for prize in terms.prizes]}
