"""The form of a sale in a file: what the merchant writes, checked field by field."""

from datetime import time
from typing import Any

from marshmallow import ValidationError, fields, validate

from miniprogram_api.core.clock import shop_zone
from miniprogram_api.http.schemas import Day, Fen, Id, Integer, Moment, Points, Schema, Text, YesNo
from miniprogram_api.http.schemas import Token as Pattern
from points_mall.stock.pools import MAX_UNITS
from points_mall.tiers.ladder_file import TierCode, rank_named

from .terms import DELIVERY, MOST_ITEMS, MOST_SLOTS, PICKUP, ItemTerms, SaleTerms, Slot, slots_of

_HOUR = "([01][0-9]|2[0-3]):[0-5][0-9]"


class ItemFileSchema(Schema):
    """Something offered in each slot; the stock is that of one slot."""

    title = Text(64, required=True)
    points_price = Points(required=True)
    cash_fen = Fen(0, load_default=0)
    stock = Integer(1, MAX_UNITS, required=True)
    allowance = Integer(1, MAX_UNITS, allow_none=True, load_default=1)
    min_tier = TierCode()
    fulfilment = fields.String(load_default=PICKUP, validate=validate.OneOf([PICKUP, DELIVERY]))
    is_stocked = YesNo(load_default=True)
    is_cancellable = YesNo(load_default=True)
    reward_id = Id(allow_none=True, load_default=None)


class SlotFileSchema(Schema):
    """From when until when."""

    starts_at = Moment(required=True)
    ends_at = Moment(required=True)


class SaleFileSchema(Schema):
    """A sale: `slots` by moments, or `days` and `times` by the shop's clock."""

    title = Text(64, required=True)
    campaign = Text(64, 0, load_default="")
    slots = fields.List(
        fields.Nested(SlotFileSchema), load_default=list, validate=validate.Length(max=MOST_SLOTS)
    )
    days = fields.List(Day(), load_default=list, validate=validate.Length(max=MOST_SLOTS))
    times = fields.List(
        Pattern(f"^{_HOUR}-{_HOUR}$"), load_default=list, validate=validate.Length(max=48)
    )
    items = fields.List(
        fields.Nested(ItemFileSchema), required=True, validate=validate.Length(1, MOST_ITEMS)
    )


def read(given: Any) -> SaleTerms:
    """The terms that a file spells.

    :raises ValidationError: a field has not the form that it must have.
    """
    return terms_of(SaleFileSchema().load(given))


def terms_of(loaded: dict[str, Any]) -> SaleTerms:
    """The terms that the loaded fields of a file, or of a form, mean.

    :raises ValidationError: they name no slots, or name them in two ways.
    """
    slots = tuple(Slot(**one) for one in loaded["slots"])
    by_days = bool(loaded["days"]) and bool(loaded["times"])
    if bool(slots) == by_days or bool(loaded["days"]) != bool(loaded["times"]):
        raise ValidationError("Give either slots, or days and times.", "slots")
    if by_days:
        slots = slots_of(loaded["days"], [_hours(one) for one in loaded["times"]], shop_zone())
    items = tuple(item_of(one) for one in loaded["items"])
    return SaleTerms(loaded["title"], slots, items, loaded["campaign"])


def _hours(text: str) -> tuple[time, time]:
    begins, _, ends = text.partition("-")
    return time.fromisoformat(begins), time.fromisoformat(ends)


def item_of(given: dict[str, Any]) -> ItemTerms:
    """The item that its loaded fields mean."""
    facts = dict(given)
    rank = rank_named(facts.pop("min_tier"))
    return ItemTerms(**facts, min_tier_rank=rank)
