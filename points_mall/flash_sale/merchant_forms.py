"""The forms of a sale in the editor: a new one whole; one that is published as far as it can still change.

Before it opens that is all but its campaign; afterwards its name and its end.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.http.schemas import Id, Integer, Moment, Schema, Text
from miniprogram_api.merchant.editing import Words
from miniprogram_api.merchant.fields import Yuan, typed_yuan
from miniprogram_api.merchant.forms import Form, FormRefused
from miniprogram_api.pages.shell import say
from points_mall.stock.pools import MAX_UNITS
from points_mall.tiers.ladder import tier_of_rank

from .items import terms_of as terms_of_item
from .merchant_words import FAULTS, FIELDS
from .models import FlashSale, FlashSaleItem
from .revising import ItemRevision
from .sale_file import ItemFileSchema, SaleFileSchema, item_of, terms_of
from .terms import MOST_ITEMS, ItemTerms, SaleTerms, Slot, faults_in

WORDS: Words = FIELDS


class ItemForm(ItemFileSchema):
    """An item whose cash half is typed in yuan, and whose allowance may be left empty: no limit."""

    cash_fen = Yuan(0, load_default=0)
    allowance = Integer(1, MAX_UNITS, allow_none=True, load_default=None)


class SaleForm(SaleFileSchema):
    """A new sale as it is typed."""

    items = fields.List(
        fields.Nested(ItemForm), required=True, validate=validate.Length(1, MOST_ITEMS)
    )


class OfferedItemForm(ItemForm):
    """An item of a published sale; one without an id is new."""

    id = Id(load_default=None)


class ChangeForm(Schema):
    """What can be changed of a sale that is published; once it has opened, without its items."""

    title = Text(64, required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    items = fields.List(
        fields.Nested(OfferedItemForm), load_default=None, validate=validate.Length(1, MOST_ITEMS)
    )


@dataclass(frozen=True)
class Change:
    """A published sale's new name and times, and what it is to offer; None: what it offers now."""

    title: str
    starts_at: datetime
    ends_at: datetime
    items: Sequence[ItemRevision] | None = None


def form_of(sale: FlashSale, items: Sequence[FlashSaleItem]) -> Form:
    """The form of a published sale; its items are in it until it opens."""
    shown = {"title": sale.title, "starts_at": sale.starts_at, "ends_at": sale.ends_at}
    if sale.starts_at > now():
        shown["items"] = [{"id": item.id, **_shown_item(item)} for item in items]
    return Form.of(shown)


def form_of_copy(sale: FlashSale, items: Sequence[FlashSaleItem]) -> Form:
    """The form of a new sale like another one, its times left to be chosen."""
    shown = {
        "title": sale.title,
        "campaign": sale.campaign,
        "slots": [{"starts_at": "", "ends_at": ""}],
        "items": [_shown_item(item) for item in items],
    }
    return Form.of(shown)


def meant_by(form: Form) -> SaleTerms:
    """The terms that the form of a new sale means.

    :raises FormRefused: with what is wrong, each at its field.
    """
    try:
        terms = terms_of(form.load(SaleForm()))
    except ValidationError as error:
        form.refused(error)
        form.errors["slots"] = say(
            "请填场次；或填日期与时段，二者取一", "Give slots, or days and hours: one of the two"
        )
        raise FormRefused(form) from error
    for sentence in faults_in(terms, now(), MAX_UNITS):
        say_fault(form, sentence)
    if form.errors:
        raise FormRefused(form)
    return terms


def change_meant_by(form: Form, sale: FlashSale) -> Change:
    """What the form of a published sale means; a moment that was left as it was shown is unchanged.

    :raises FormRefused: with what is wrong, each at its field.
    """
    shown = form_of(sale, ())
    loaded: dict[str, Any] = form.load(ChangeForm())
    for name in ("starts_at", "ends_at"):
        if form.value(name) == shown.value(name):
            loaded[name] = getattr(sale, name)  # a form shows no parts of a second
    if loaded["items"] is not None:
        loaded["items"] = [_revision(item) for item in loaded["items"]]
    return Change(**loaded)


def _revision(loaded: dict[str, Any]) -> ItemRevision:
    item_id = loaded.pop("id")
    return ItemRevision(item_of(loaded), item_id)


def say_fault(form: Form, sentence: str) -> None:
    """Write a fault of a sale into a form, at the field that it is about."""
    name, zh, en = FAULTS.get(sentence, ("", sentence, sentence))
    form.errors.setdefault(name, say(zh, en))


def spelt(terms: SaleTerms, slot: Slot) -> dict[str, Any]:
    """One slot of a sale, as plain JSON."""
    items = [_spelt_item(item) for item in terms.items]
    return {"title": terms.title, "campaign": terms.campaign, **_told(slot), "items": items}


def spelt_sale(sale: FlashSale, items: Sequence[FlashSaleItem]) -> dict[str, Any]:
    """What can change of a published sale, as plain JSON."""
    closed_at = sale.closed_at and in_shop_time(sale.closed_at).isoformat()
    times = _told(Slot(sale.starts_at, sale.ends_at))
    offered = [{"id": item.id, **_spelt_item(terms_of_item(item))} for item in items]
    return {"title": sale.title, **times, "closed_at": closed_at, "items": offered}


def _spelt_item(item: ItemTerms) -> dict[str, Any]:
    facts = asdict(item)
    facts["min_tier"] = tier_of_rank(facts.pop("min_tier_rank")).code
    return facts


def _told(slot: Slot) -> dict[str, str]:
    return {
        "starts_at": in_shop_time(slot.starts_at).isoformat(),
        "ends_at": in_shop_time(slot.ends_at).isoformat(),
    }


def _shown_item(item: FlashSaleItem) -> dict[str, Any]:
    names = ("title", "points_price", "stock", "allowance", "fulfilment", "is_stocked",
             "is_cancellable", "reward_id")  # fmt: skip
    return {
        **{name: getattr(item, name) for name in names},
        "cash_fen": typed_yuan(item.cash_fen),
        "min_tier": tier_of_rank(item.min_tier_rank).code,
    }
