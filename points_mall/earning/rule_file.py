"""The form of an earning rule in a file: what the operator writes, checked field by field."""

from typing import Any

from marshmallow import fields, validate

from miniprogram_api.http.schemas import Day, Fen, Integer, Points, Schema, Text, Token, YesNo

from .terms import (
    BEHAVIOURS,
    BEST,
    CAP,
    COMBINATIONS,
    FLOOR,
    MOST_BACK_BP,
    MOST_CAMPAIGNS,
    MOST_PER_FEN,
    MOST_POINTS,
    MOST_TIMES,
    ONCE,
    ROUNDINGS,
    Terms,
    check_terms,
    terms_from_json,
)

CODE = "^[0-9a-z][0-9a-z_-]{0,31}$"
MOST_CATEGORIES = 200


def _one_of(choices: tuple[str, ...], otherwise: str) -> fields.String:
    return fields.String(load_default=otherwise, validate=validate.OneOf(choices))


def _categories() -> Any:
    return fields.List(Text(64), load_default=list, validate=validate.Length(max=MOST_CATEGORIES))


class RateSchema(Schema):
    """So many points for so many fen."""

    points = Points(0, required=True)
    per_fen = Integer(1, MOST_PER_FEN, required=True)


class CapSchema(Schema):
    """At most so many points, and what becomes of a purchase beyond."""

    points = Points(1, MOST_POINTS, required=True)
    then = _one_of(BEHAVIOURS, CAP)


class CapsSchema(Schema):
    """The caps that there are."""

    purchase = fields.Nested(CapSchema)
    day = fields.Nested(CapSchema)
    month = fields.Nested(CapSchema)


class CampaignSchema(Schema):
    """A campaign with its conditions."""

    code = Token(CODE, required=True)
    title = Text(64, required=True)
    multiplier_bp = Integer(ONCE, MOST_TIMES * ONCE, required=True)
    from_on = Day(allow_none=True)
    until_on = Day(allow_none=True)
    weekdays = fields.List(Integer(1, 7), validate=validate.Length(max=7))
    days_of_month = fields.List(Integer(1, 31), validate=validate.Length(max=31))
    birthday_month = YesNo()
    first_purchase = YesNo()
    categories = fields.List(Text(64), validate=validate.Length(max=MOST_CATEGORIES))


class CashbackSchema(Schema):
    """Part of what was paid, for the wallet."""

    rate_bp = Integer(1, MOST_BACK_BP, required=True)
    most_fen = Fen(required=True)


class TermsSchema(Schema):
    """A rule, whole; only the rate must be given."""

    rate = fields.Nested(RateSchema, required=True)
    rounding = _one_of(ROUNDINGS, FLOOR)
    minimum_fen = Fen(0, load_default=0)
    rates = fields.Dict(
        keys=Text(64),
        values=fields.Nested(RateSchema),
        load_default=dict,
        validate=validate.Length(max=MOST_CATEGORIES),
    )
    excluded = _categories()
    campaigns = fields.List(
        fields.Nested(CampaignSchema),
        load_default=list,
        validate=validate.Length(max=MOST_CAMPAIGNS),
    )
    campaigns_combine = _one_of(COMBINATIONS, BEST)
    caps = fields.Nested(CapsSchema, load_default=dict)
    cashback = fields.Nested(CashbackSchema, allow_none=True, load_default=None)


def read(given: Any) -> Terms:
    """The terms that a file spells, seen to fit together.

    :raises ValidationError: a field has not the form that it must have.
    :raises EarningRuleNotAllowed: they do not fit together.
    """
    terms = terms_from_json(TermsSchema().load(given))
    check_terms(terms)
    return terms
