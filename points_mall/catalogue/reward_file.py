"""The form of a reward in a file: what the merchant writes, checked field by field."""

from dataclasses import asdict
from typing import Any

from marshmallow import fields, validate

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.http.schemas import Fen, Integer, Moment, Points, Schema, Text, YesNo
from points_mall.stock.pools import MAX_UNITS
from points_mall.tiers.ladder import tier_of_rank
from points_mall.tiers.ladder_file import TierCode, rank_named

from .terms import DELIVERY, MOST_PICTURES, MOST_VARIANTS, PICKUP, NewVariant, RewardTerms


class VariantFileSchema(Schema):
    """A variant and how many there are of it."""

    name = Text(32, 0, load_default="")
    points = Points(allow_none=True, load_default=None)
    stock = Integer(0, MAX_UNITS, required=True)


class RewardFileSchema(Schema):
    """A reward, whole; `variants` is read when it is published and ignored when it is changed."""

    title = Text(64, required=True)
    summary = Text(128, 0, load_default="")
    description = fields.String(
        load_default="",
        validate=[
            validate.Length(max=20_000),
            validate.Regexp(r"[^\x00-\x08\x0b-\x1f\x7f]*\Z", error="Control characters."),
        ],
    )
    pictures = fields.List(
        Text(512), load_default=list, validate=validate.Length(max=MOST_PICTURES)
    )
    points = Points(required=True)
    cash_fen = Fen(0, load_default=0)
    fulfilment = fields.String(required=True, validate=validate.OneOf([PICKUP, DELIVERY]))
    is_stocked = YesNo(load_default=True)
    min_tier = TierCode()
    allowance = Integer(1, MAX_UNITS, allow_none=True, load_default=None)
    available_from = Moment(allow_none=True, load_default=None)
    available_until = Moment(allow_none=True, load_default=None)
    is_cancellable = YesNo(load_default=True)
    position = Integer(0, 1_000_000_000, load_default=0)
    variants = fields.List(
        fields.Nested(VariantFileSchema),
        load_default=list,
        validate=validate.Length(max=MOST_VARIANTS),
    )


def read(given: Any) -> tuple[RewardTerms, list[NewVariant]]:
    """The terms and variants that a file spells.

    :raises ValidationError: a field has not the form that it must have.
    """
    return terms_of(RewardFileSchema().load(given))


def terms_of(loaded: dict[str, Any]) -> tuple[RewardTerms, list[NewVariant]]:
    """The terms and variants that the loaded fields of a file, or of a form, mean."""
    facts = dict(loaded)
    variants = [NewVariant(**one) for one in facts.pop("variants")]
    rank = rank_named(facts.pop("min_tier"))
    pictures = tuple(facts.pop("pictures"))
    return RewardTerms(**facts, pictures=pictures, min_tier_rank=rank), variants


def spelt(terms: RewardTerms) -> dict[str, Any]:
    """The file that spells these terms, as plain JSON; without its variants."""
    facts = asdict(terms)
    facts["min_tier"] = tier_of_rank(facts.pop("min_tier_rank")).code
    for name in ("available_from", "available_until"):
        if facts[name] is not None:
            facts[name] = in_shop_time(facts[name]).isoformat()
    return {**facts, "pictures": list(terms.pictures)}
