"""The form of a wheel in the editor: what it shows, what it means, and what is wrong with it where it is."""

from collections.abc import Iterable
from typing import Any

from marshmallow import fields, validate

from miniprogram_api.merchant.editing import Words
from miniprogram_api.merchant.fields import Yuan, typed_yuan
from miniprogram_api.merchant.forms import Form, FormRefused
from miniprogram_api.pages.shell import say
from points_mall.tiers.ladder import tier_of_rank

from . import odds
from .merchant_words import FAULTS, FIELDS
from .terms import MOST_PRIZES, VALUE_CAP_FEN, PrizeTerms, WheelTerms, faults_in
from .versions import Prize, Version
from .wheel_file import PrizeFileSchema, WheelFileSchema, terms_of

WORDS: Words = FIELDS
NEW_CODE = "p"


class PrizeForm(PrizeFileSchema):
    """A prize whose worth is typed in yuan."""

    value_fen = Yuan(0, load_default=0)


class WheelForm(WheelFileSchema):
    """A wheel as it is typed."""

    prizes = fields.List(
        fields.Nested(PrizeForm), required=True, validate=validate.Length(1, MOST_PRIZES)
    )


def form_of(terms: WheelTerms) -> Form:
    """The form that shows these terms."""
    names = WheelTerms.__dataclass_fields__.keys() - {"prizes", "min_tier_rank"}
    shown: dict[str, Any] = {name: getattr(terms, name) for name in sorted(names)}
    shown["min_tier"] = tier_of_rank(terms.min_tier_rank).code
    shown["prizes"] = [_row_of(terms, place) for place in range(len(terms.prizes))]
    return Form.of(shown)


def form_of_version(version: Version, units: dict[int, int]) -> Form:
    """The form of a version as it draws.

    :param units: how many units each pool has in all.
    """
    return form_of(terms_of_version(version, units))


def terms_of_version(version: Version, units: dict[int, int]) -> WheelTerms:
    """The terms of a version, as somebody would write them down today."""
    names = WheelTerms.__dataclass_fields__.keys() - {"prizes"}
    facts = {name: getattr(version, name) for name in names}
    return WheelTerms(**facts, prizes=tuple(_prize_terms(one, units) for one in version.prizes))


def meant_by(form: Form, codes_used: Iterable[str] = ()) -> WheelTerms:
    """The terms that a form means.

    :param codes_used: codes of this wheel's prizes of any version: a new prize gets another one, or it
        would inherit units.
    :raises FormRefused: with what is wrong, each at its field.
    """
    _name_new_prizes(form, codes_used)
    terms = terms_of(form.load(WheelForm()))
    form.errors |= _faults(terms)
    if form.errors:
        raise FormRefused(form)
    return terms


def _faults(terms: WheelTerms) -> dict[str, str]:
    found = {}
    for place, prize in enumerate(terms.prizes):
        if prize.value_fen > VALUE_CAP_FEN:
            found[f"prizes-{place}-value_fen"] = say(
                "单个奖品价值不得超过 50,000 元（反不正当竞争法）",
                "A prize may be worth at most 50,000 yuan, by law",
            )
    try:
        odds.check_weights([prize.weight for prize in terms.prizes], terms.weight_total)
    except odds.BadWeights as fault:
        found["weight_total"] = _said_of_weights(terms, fault)
    for fault_at, sentence in faults_in(terms):
        name, zh, en = FAULTS[sentence]
        key = name if fault_at is None else f"prizes-{fault_at}-{name}"
        found.setdefault(key, say(zh, en))
    return found


def _said_of_weights(terms: WheelTerms, fault: odds.BadWeights) -> str:
    total = sum(prize.weight for prize in terms.prizes)
    if total != terms.weight_total:
        return say(
            f"各奖品权重合计 {total:,}，应等于总权重 {terms.weight_total:,}",
            f"The weights add up to {total:,}, but the total says {terms.weight_total:,}",
        )
    return str(fault)


def _row_of(terms: WheelTerms, place: int) -> dict[str, Any]:
    prize = terms.prizes[place]
    shown = {name: getattr(prize, name) for name in prize.__dataclass_fields__}
    return {**shown, "code": terms.code_of(place), "value_fen": typed_yuan(prize.value_fen)}


def _prize_terms(prize: Prize, units: dict[int, int]) -> PrizeTerms:
    names = PrizeTerms.__dataclass_fields__.keys() - {"stock"}
    stock = None if prize.pool_id is None else units.get(prize.pool_id, 0)
    return PrizeTerms(**{name: getattr(prize, name) for name in names}, stock=stock)


def _name_new_prizes(form: Form, codes_used: Iterable[str]) -> None:
    """Give each prize without a code one that no prize of this wheel ever had."""
    rows = form.rows("prizes")
    taken = {*codes_used, *(form.value(f"prizes-{row}-code") for row in rows)}
    fresh = (f"{NEW_CODE}{number}" for number in range(1, 10_000))
    for row in rows:
        if not form.value(f"prizes-{row}-code"):
            code = next(one for one in fresh if one not in taken)
            form.values[f"prizes-{row}-code"] = code
