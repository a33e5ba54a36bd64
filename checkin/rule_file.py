"""The form of a check-in rule in a file: what the operator writes, checked field by field."""

from typing import Any

from marshmallow import fields, validate

from miniprogram_api.http.schemas import Integer, Points, Schema, Text, YesNo

from .streaks import CycleKind
from .terms import MOST_DAYS, PERIODS, Terms, terms_from_json


class RewardSchema(Schema):
    """So much of a kind."""

    kind = Text(32, required=True)
    amount = Points(required=True)
    item = Text(64)
    valid_days = Integer(1, 3650)


def _rewards(**options: Any) -> Any:
    return fields.List(fields.Nested(RewardSchema), required=True, **options)


class CycleSchema(Schema):
    """What the daily rewards follow."""

    kind = fields.String(required=True, validate=validate.OneOf([one.value for one in CycleKind]))
    days = Integer(1, MOST_DAYS)


class StreakSchema(Schema):
    """A milestone of days in a row."""

    days = Integer(1, MOST_DAYS, required=True)
    rewards = _rewards(validate=validate.Length(1))


class TotalSchema(Schema):
    """A milestone of days in a month or ever."""

    days = Integer(1, 36_600, required=True)
    period = fields.String(required=True, validate=validate.OneOf(PERIODS))
    rewards = _rewards(validate=validate.Length(1))


class MakeUpTermsSchema(Schema):
    """How missed days are made up."""

    days_back = Integer(0, MOST_DAYS, required=True)
    per_month = Integer(0, MOST_DAYS, required=True)
    points_cost = Points(0, required=True, allow_none=True)
    accepts_cards = YesNo(required=True)
    earns_daily = YesNo(required=True)
    before_joining = YesNo(required=True)


class TermsSchema(Schema):
    """A rule, whole."""

    cycle = fields.Nested(CycleSchema, required=True)
    daily = fields.List(_rewards(), required=True, validate=validate.Length(1, MOST_DAYS))
    streaks = fields.List(fields.Nested(StreakSchema), load_default=list)
    totals = fields.List(fields.Nested(TotalSchema), load_default=list)
    make_up = fields.Nested(MakeUpTermsSchema, required=True)


def read(given: Any) -> Terms:
    """The terms that a file spells.

    :raises ValidationError: a field has not the form that it must have.
    """
    return terms_from_json(TermsSchema().load(given))
