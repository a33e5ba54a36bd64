"""Publishing, changing, stocking and listing rewards from the merchant's pages, each with its line in the audit.

A reward has no versions: what a form of it was begun from is known by a fingerprint of its row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.merchant.desks import copied_key, is_new, number_of
from miniprogram_api.merchant.drafts import take_draft
from miniprogram_api.merchant.editing import Running, Sheet, fingerprint, take
from miniprogram_api.merchant.forms import Form
from miniprogram_api.staff import audit
from points_mall.stock.models import StockUnit

from . import services
from .errors import NoSuchReward
from .merchant_forms import change_meant_by, form_of, new_meant_by
from .models import Reward, RewardVariant
from .reward_file import spelt
from .terms import NewVariant, RewardTerms

KIND = "reward"
BEGINNING: Mapping[str, Any] = {
    "points": 100,
    "cash_fen": "0",
    "fulfilment": "pickup",
    "position": 0,
    "variants": [{"name": "", "stock": 50}],
}
"""What the form of a new reward begins with."""


def running(key: str) -> Running:
    """What is offered under a key, as a form; of a new reward, what one begins with.

    :raises NoSuchReward: there is none.
    """
    if is_new(key):
        copied = copied_key()
        return Running(_copy_of(copied) if copied else Form.of(BEGINNING), "")
    reward = reward_with(number_of(key))
    terms = services.terms_of(reward)
    return Running(form_of(terms), fingerprint(spelt(terms)), at=reward.changed_at)


def reward_with(reward_id: int | None) -> Reward:
    """A reward, listed or not.

    :raises NoSuchReward: there is none.
    """
    reward = None
    if reward_id is not None:
        reward = db.session.get(Reward, reward_id, populate_existing=True)
    if reward is None:
        raise NoSuchReward(f"no reward {reward_id}")
    return reward


def variants_of(reward_ids: Sequence[int]) -> Sequence[RewardVariant]:
    """The variants of rewards, in the order in which they were added."""
    query = (
        sa.select(RewardVariant)
        .where(RewardVariant.reward_id.in_(reward_ids))
        .order_by(RewardVariant.reward_id, RewardVariant.id)
    )
    return db.session.scalars(query).all()


def publish(sheet: Sheet, reason: str) -> str:
    """Publish what a sheet says: a new reward, or other terms of one; answer its page.

    :raises FormRefused: it cannot be offered so.
    :raises EditedMeanwhile: the draft, or the reward itself, is another one by now.
    """
    if is_new(sheet.subject):
        reward_id = _publish_new(sheet, *new_meant_by(sheet.form), reason)
        return f"/admin/rewards/{reward_id}?told=published"
    reward = reward_with(number_of(sheet.subject))
    terms = change_meant_by(sheet.form, services.terms_of(reward))
    _publish_change(sheet, reward.id, terms, reason)
    return f"/admin/rewards/{reward.id}?told=saved"


@retrying
def set_listed(reward_id: int, reason: str, *, is_listed: bool) -> None:
    """Show a reward in the catalogue, or take it out.

    :raises NoSuchReward: there is none.
    """
    with transaction():
        before = {"is_listed": reward_with(reward_id).is_listed}
        services.set_listed(reward_id, is_listed=is_listed)
        _record("list", reward_id, reason, before, {"is_listed": is_listed})


@retrying
def change_stock(reward_id: int, variant_id: int, by: int, reason: str) -> None:
    """Add units to a variant, or take free ones away.

    :raises NoSuchReward: the reward has no such variant.
    :raises NotEnoughFree: units that somebody owns are never taken away.
    """
    with transaction():
        variant = _variant(reward_id, variant_id)
        services.change_stock(variant_id, by)
        units = db.session.scalar(
            sa.select(sa.func.count()).select_from(StockUnit).filter_by(pool_id=variant.pool_id)
        )
        after = {"variant": variant_id, "units": units}
        before = {**after, "units": (units or 0) - by}
        _record("stock", reward_id, reason, before, after)


@retrying
def add_variant(reward_id: int, variant: NewVariant, reason: str) -> None:
    """Offer a further form of a reward.

    :raises RewardNotValid: its name is taken, or not all have one.
    """
    with transaction():
        variant_id = services.add_variant(reward_id, variant)
        _record("variant", reward_id, reason, None, {"variant": variant_id, **asdict(variant)})


@retrying
def _publish_new(
    sheet: Sheet, terms: RewardTerms, variants: Sequence[NewVariant], reason: str
) -> int:
    with transaction():
        take_draft(KIND, sheet.subject, sheet.revision)
        reward_id = services.publish(terms, variants)
        after = {**spelt(terms), "variants": [asdict(one) for one in variants]}
        _record("publish", reward_id, reason, None, after)
        return reward_id


@retrying
def _publish_change(sheet: Sheet, reward_id: int, terms: RewardTerms, reason: str) -> None:
    with transaction() as session:
        session.get(Reward, reward_id, with_for_update=True, populate_existing=True)
        take(sheet, running(sheet.subject))
        before = spelt(services.terms_of(reward_with(reward_id)))
        services.change(reward_id, terms)
        _record("change", reward_id, reason, before, spelt(terms))


def _variant(reward_id: int, variant_id: int) -> RewardVariant:
    variant = db.session.get(RewardVariant, variant_id)
    if variant is None or variant.reward_id != reward_id:
        raise NoSuchReward(f"reward {reward_id} has no variant {variant_id}")
    return variant


def _record(
    act: str, reward_id: int, reason: str, before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    subject = f"reward:{reward_id}"
    audit.record(f"{KIND}.{act}", subject, before=before, after=after, reason=reason)


def _copy_of(key: str) -> Form:
    reward = reward_with(number_of(key))
    form = form_of(services.terms_of(reward))
    copied = [{"name": one.name, "points": one.points} for one in variants_of([reward.id])]
    form.values |= Form.of({"variants": copied}).values
    return form
