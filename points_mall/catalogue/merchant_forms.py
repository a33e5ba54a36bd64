"""The form of a reward in the editor: what it shows, what it means, and what is wrong with it where it is."""

from collections.abc import Iterable
from typing import Any

from marshmallow import fields, validate

from miniprogram_api.http.schemas import Integer, Schema, Text
from miniprogram_api.merchant.editing import Words
from miniprogram_api.merchant.fields import Yuan, typed_yuan
from miniprogram_api.merchant.forms import Form, FormRefused
from miniprogram_api.pages.shell import say
from points_mall.stock.pools import MAX_UNITS
from points_mall.tiers.ladder import tier_of_rank

from .merchant_words import FAULTS, FIELDS
from .reward_file import RewardFileSchema, VariantFileSchema, terms_of
from .terms import MOST_PICTURES, NewVariant, RewardTerms, faults_in, faults_of, is_picture

WORDS: Words = FIELDS


class PictureForm(Schema):
    """Where a picture is."""

    address = Text(512, required=True)


class StockSchema(Schema):
    """How many units are added to a stock, or taken away below zero."""

    by = Integer(-MAX_UNITS, MAX_UNITS, required=True)


class RewardForm(RewardFileSchema):
    """A reward as it is typed."""

    cash_fen = Yuan(0, load_default=0)
    pictures = fields.List(
        fields.Nested(PictureForm), load_default=list, validate=validate.Length(max=MOST_PICTURES)
    )


def form_of(terms: RewardTerms) -> Form:
    """The form that shows these terms."""
    names = RewardTerms.__dataclass_fields__.keys() - {"pictures", "min_tier_rank", "cash_fen"}
    shown: dict[str, Any] = {name: getattr(terms, name) for name in sorted(names)}
    shown["cash_fen"] = typed_yuan(terms.cash_fen)
    shown["min_tier"] = tier_of_rank(terms.min_tier_rank).code
    shown["pictures"] = [{"address": address} for address in terms.pictures]
    return Form.of(shown)


def new_meant_by(form: Form) -> tuple[RewardTerms, list[NewVariant]]:
    """What the form of a new reward means.

    :raises FormRefused: with what is wrong, each at its field.
    """
    terms, variants = _loaded(form, RewardForm())
    _refuse(form, [*faults_in(terms), *faults_of(variants, MAX_UNITS)], terms)
    return terms, variants


def change_meant_by(form: Form, stands: RewardTerms) -> RewardTerms:
    """What the form of a reward means; a moment that was left as it was shown is unchanged.

    :raises FormRefused: with what is wrong, each at its field.
    """
    terms, _none = _loaded(form, RewardForm(exclude=("variants",)), stands)
    _refuse(form, faults_in(terms), terms)
    return terms


def variant_meant_by(form: Form, schema: VariantFileSchema) -> NewVariant:
    """The variant that a dialog describes.

    :raises FormRefused: with what is wrong, each at its field.
    """
    return NewVariant(**form.load(schema))


def said_of(sentence: str) -> str:
    """A fault in the reader's language."""
    _name, zh, en = FAULTS.get(sentence, ("", sentence, sentence))
    return say(zh, en)


def _loaded(
    form: Form, schema: RewardForm, stands: RewardTerms | None = None
) -> tuple[RewardTerms, list[NewVariant]]:
    loaded: dict[str, Any] = {"variants": [], **form.load(schema)}
    loaded["pictures"] = [one["address"] for one in loaded["pictures"]]
    shown = form_of(stands) if stands else Form()
    for name in ("available_from", "available_until"):
        if stands and form.value(name) == shown.value(name):
            loaded[name] = getattr(stands, name)  # a form shows no parts of a second
    return terms_of(loaded)


def _refuse(form: Form, sentences: Iterable[str], terms: RewardTerms) -> None:
    for sentence in sentences:
        name, *_said = FAULTS[sentence]
        form.errors.setdefault(name, said_of(sentence))
    for row, address in enumerate(terms.pictures):
        if not is_picture(address):
            form.errors[f"pictures-{row}-address"] = form.errors["pictures"]
    if form.errors:
        raise FormRefused(form)
