"""The form of templates in a file: what the merchant writes, checked field by field."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from miniprogram_api.http.schemas import Day, Fen, Integer, Points, Schema, Text, Token, YesNo

from .spelling import terms_from_json
from .templates import CODE_PATTERN, MOST_TITLE, Draft
from .terms import MOST_FEN, WHOLE_BP, Kind, Policy
from .validity import MOST_DAYS, Span

HOURS_PATTERN = "^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"


def _names(**options: Any) -> Any:
    return fields.List(Text(64), validate=validate.Length(max=200), **options)


class ScopeSchema(Schema):
    """Which goods, stores and channels."""

    categories = _names()
    skus = _names()
    excluded_categories = _names()
    excluded_skus = _names()
    stores = _names()
    channels = fields.List(fields.String(validate=validate.OneOf(["wechat_pay", "till"])))


class AudienceSchema(Schema):
    """Who may ask for it."""

    min_tier_rank = Integer(0, 100)
    new_within_days = Integer(1, MOST_DAYS)
    birthday_month = YesNo()
    named_only = YesNo()


class LimitsSchema(Schema):
    """How many one member may come by."""

    per_member = Integer(1, 1_000_000)
    per_day = Integer(1, 1_000_000)


class StackingSchema(Schema):
    """With what it may be used."""

    with_others = YesNo()
    itself = Integer(1, 20)
    with_tier_discount = YesNo()
    with_offers = YesNo()
    with_points = YesNo()


class RestoreSchema(Schema):
    """What a refund does for it."""

    policy = fields.String(validate=validate.OneOf([one.value for one in Policy]))
    extend_days = Integer(0, MOST_DAYS)


class ValiditySchema(Schema):
    """When it can be used."""

    span = fields.String(required=True, validate=validate.OneOf([one.value for one in Span]))
    first_on = Day()
    last_on = Day()
    days = Integer(1, MOST_DAYS)
    blackout = fields.List(Day())
    weekdays = fields.List(Integer(1, 7))
    hours = fields.List(Token(HOURS_PATTERN))


class TermsSchema(Schema):
    """The terms of a coupon."""

    kind = fields.String(required=True, validate=validate.OneOf([one.value for one in Kind]))
    validity = fields.Nested(ValiditySchema, required=True)
    amount_fen = Fen(1, MOST_FEN)
    off_bp = Integer(1, WHOLE_BP)
    most_fen = Fen(1, MOST_FEN)
    units = Integer(1, 99)
    gift_sku = Text(64)
    threshold_fen = Fen(0, MOST_FEN)
    scope = fields.Nested(ScopeSchema)
    audience = fields.Nested(AudienceSchema)
    limits = fields.Nested(LimitsSchema)
    stacking = fields.Nested(StackingSchema)
    restore = fields.Nested(RestoreSchema)
    giftable = YesNo()
    points_price = Points()
    hands_out_codes = YesNo()


class TemplateSchema(Schema):
    """A template."""

    code = Token(CODE_PATTERN, required=True)
    title_zh = Text(MOST_TITLE, required=True)
    title_en = Text(MOST_TITLE, required=True)
    is_listed = YesNo(load_default=True)
    terms = fields.Nested(TermsSchema, required=True)


def read_templates(given: Any) -> list[Draft]:
    """The templates of a file: one, or a list of them.

    :raises ValidationError: a field is missing, unknown or of the wrong form.
    """
    loaded = TemplateSchema(many=True).load(given if isinstance(given, list) else [given])
    return [_draft(one) for one in loaded]


def _draft(given: Mapping[str, Any]) -> Draft:
    terms = dict(given["terms"])
    terms["validity"] = {
        name: [_plain(one) for one in value] if isinstance(value, list) else _plain(value)
        for name, value in terms["validity"].items()
    }
    return Draft(
        given["code"],
        given["title_zh"],
        given["title_en"],
        terms_from_json(terms),
        is_listed=given["is_listed"],
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
