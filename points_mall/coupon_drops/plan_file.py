"""The form of a plan in a file: what the merchant writes, checked field by field."""

from typing import Any

from marshmallow import fields, validate

from miniprogram_api.http.schemas import Day, Integer, Moment, Schema, Text, Token
from points_mall.coupons.templates import CODE_PATTERN

from .plans import MOST_STOCK, MOST_TITLE, PlanTerms
from .schedule import DAY_MINUTES, LONGEST_MINUTES, MOST_TIMES, Schedule, schedule_from_json

TIME_PATTERN = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
_OF_SCHEDULE = ("times", "every_minutes", "weekdays")


class PlanFileSchema(Schema):
    """A plan: one of `times`, `every_minutes` and `opens_at`; days are the shop's."""

    template = Token(CODE_PATTERN, required=True)
    title_zh = Text(MOST_TITLE, 0, load_default="")
    title_en = Text(MOST_TITLE, 0, load_default="")
    stock = Integer(1, MOST_STOCK, required=True)
    allowance = Integer(1, MOST_STOCK, load_default=1)
    lasts_minutes = Integer(1, LONGEST_MINUTES, required=True)
    times = fields.List(Token(TIME_PATTERN), validate=validate.Length(1, MOST_TIMES))
    every_minutes = Integer(1, DAY_MINUTES)
    opens_at = Moment()
    weekdays = fields.List(Integer(1, 7), validate=validate.Length(1, 7))
    first_on = Day()
    last_on = Day()


def read(given: Any) -> PlanTerms:
    """The terms that a file spells.

    :raises ValidationError: a field has not the form that it must have.
    """
    loaded: dict[str, Any] = PlanFileSchema().load(given)
    return PlanTerms(
        template=loaded["template"],
        schedule=_schedule(loaded),
        stock=loaded["stock"],
        lasts_minutes=loaded["lasts_minutes"],
        allowance=loaded["allowance"],
        title_zh=loaded["title_zh"],
        title_en=loaded["title_en"],
    )


def _schedule(loaded: dict[str, Any]) -> Schedule:
    told = {name: loaded[name] for name in _OF_SCHEDULE if name in loaded}
    moments = ("opens_at", "first_on", "last_on")
    told |= {name: loaded[name].isoformat() for name in moments if name in loaded}
    return schedule_from_json(told)
