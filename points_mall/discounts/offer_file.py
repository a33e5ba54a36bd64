"""The form of threshold offers in a file: what the merchant writes, checked field by field."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from miniprogram_api.core.clock import shop_zone
from miniprogram_api.http.schemas import Fen, Schema, Text, Token, YesNo
from points_mall.coupons.template_file import ScopeSchema
from points_mall.coupons.terms import MOST_FEN

from .offer_book import offer_from
from .offers import ThresholdOffer

CODE_PATTERN = "^[0-9A-Za-z_-]{2,32}$"
MOST_LEVELS = 10

Dated = tuple[ThresholdOffer, datetime | None, datetime | None]


class Moment(fields.NaiveDateTime):
    """A moment by the shop's clock, as `2026-11-21T10:00`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> datetime:
        naive = super()._deserialize(value, attr, data, **rest)
        return naive.replace(tzinfo=shop_zone())


class LevelSchema(Schema):
    """From so much on, so much comes off."""

    threshold_fen = Fen(1, MOST_FEN, required=True)
    off_fen = Fen(1, MOST_FEN, required=True)


class OfferSchema(Schema):
    """An offer, and when it counts."""

    code = Token(CODE_PATTERN, required=True)
    title_zh = Text(64, required=True)
    title_en = Text(64, required=True)
    levels = fields.List(
        fields.Nested(LevelSchema), required=True, validate=validate.Length(1, MOST_LEVELS)
    )
    repeats = YesNo(load_default=False)
    scope = fields.Nested(ScopeSchema, load_default=dict)
    starts_at = Moment(load_default=None, allow_none=True)
    ends_at = Moment(load_default=None, allow_none=True)

    @post_load
    def as_offer(self, given: Mapping[str, Any], **_rest: Any) -> Dated:
        """The offer itself."""
        levels = [[level["threshold_fen"], level["off_fen"]] for level in given["levels"]]
        offer = offer_from(given["code"], {**given, "levels": levels})
        return offer, given["starts_at"], given["ends_at"]


def read_offers(given: Any) -> list[Dated]:
    """The offers of a file: one, or a list of them.

    :raises ValidationError: a field is missing, unknown or of the wrong form.
    :raises OfferNotAllowed: an offer would give more than the bill, or its levels do not rise.
    """
    listed = given if isinstance(given, list) else [given]
    offers: list[Dated] = OfferSchema(many=True).load(listed)
    codes = [offer.code for offer, *_ in offers]
    if len(set(codes)) < len(codes):
        raise ValidationError("an offer is named twice", "code")
    return offers
