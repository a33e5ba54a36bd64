"""Publishing and changing rewards. Orders keep the terms under which they were placed."""

from collections.abc import Sequence
from dataclasses import asdict, replace

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction, retrying, transaction
from points_mall.stock import pools
from points_mall.stock.pools import MAX_UNITS
from points_mall.stock.rebuilding import load_after_commit
from points_mall.stock.remaining import forget_cached as forget_remaining

from . import offers
from .errors import NoSuchReward
from .models import Reward, RewardVariant
from .terms import NewVariant, RewardTerms, check_terms, check_variants


@retrying
def publish(terms: RewardTerms, variants: Sequence[NewVariant]) -> int:
    """Put a reward with its variants and their units into the catalogue; answer its id.

    :raises RewardNotValid: it cannot be offered so.
    """
    check_terms(terms)
    check_variants(variants, MAX_UNITS)
    moment = now()
    with transaction() as session:
        reward = Reward(**_columns(terms), created_at=moment, changed_at=moment)
        session.add(reward)
        session.flush()  # its pools are named after its id
        for number, variant in enumerate(variants, start=1):
            _publish_variant(reward, number, variant)
        return reward.id


@retrying
def change(reward_id: int, terms: RewardTerms) -> None:
    """Offer a reward under other terms from now on; units and their owners stay.

    :raises RewardNotValid: it cannot be offered so.
    :raises NoSuchReward: there is none.
    """
    check_terms(terms)
    with transaction():
        reward = _locked(reward_id)
        limits = (terms.available_from, terms.available_until, terms.allowance)
        stands = (reward.available_from, reward.available_until, reward.allowance)
        for name, value in _columns(terms).items():
            setattr(reward, name, value)
        reward.changed_at = now()
        if limits != stands:
            _change_pools(reward)
    offers.forget_cached()


@retrying
def add_variant(reward_id: int, variant: NewVariant) -> int:
    """Offer a further form of a reward, with units of its own; answer its id.

    :raises RewardNotValid: its name is taken, or it or the others have none, or there are too many.
    :raises NoSuchReward: there is no such reward.
    """
    with transaction() as session:
        reward = _locked(reward_id)
        there = session.scalars(sa.select(RewardVariant).filter_by(reward_id=reward_id)).all()
        known = [NewVariant(0, one.name, one.points) for one in there]
        check_variants([*known, variant], MAX_UNITS)
        added = _publish_variant(reward, len(there) + 1, variant)
        reward.changed_at = now()
        session.flush()  # its id is the answer
    offers.forget_cached()
    return added.id


@retrying
def set_listed(reward_id: int, *, is_listed: bool) -> None:
    """Show a reward in the catalogue, or take it out; orders of it go on either way.

    :raises NoSuchReward: there is none.
    """
    with transaction():
        reward = _locked(reward_id)
        reward.is_listed, reward.changed_at = is_listed, now()
    offers.forget_cached()


@retrying
def change_stock(variant_id: int, by: int) -> None:
    """Raise (above zero) or lower (below zero) the number of units, while it runs.

    :raises NoSuchReward: there is no such variant.
    :raises NotEnoughFree: owned units are never taken away.
    :raises RewardNotValid: more units than one pool may have.
    """
    check_variants([NewVariant(abs(by))], MAX_UNITS)
    with transaction() as session:
        pool_id = session.scalar(sa.select(RewardVariant.pool_id).filter_by(id=variant_id))
        if pool_id is None:
            raise NoSuchReward(f"no variant {variant_id}")
        if by > 0:
            pools.raise_by(pool_id, by)
        elif by < 0:
            pools.lower_by(pool_id, -by)
        load_after_commit(pool_id)
    forget_remaining()


def _publish_variant(reward: Reward, number: int, variant: NewVariant) -> RewardVariant:
    pool_id = pools.publish(
        f"reward:{reward.id}:{number}",
        variant.stock,
        opens_at=reward.available_from,
        closes_at=reward.available_until,
        allowance=reward.allowance,
    )
    added = RewardVariant(
        reward_id=reward.id, name=variant.name, points=variant.points, pool_id=pool_id
    )
    current_transaction().add(added)
    load_after_commit(pool_id)
    return added


def terms_of(reward: Reward) -> RewardTerms:
    """The terms under which a reward is offered."""
    columns = RewardTerms.__dataclass_fields__
    values = {name: getattr(reward, name) for name in columns}
    return replace(RewardTerms(**values), pictures=tuple(reward.pictures))


def _columns(terms: RewardTerms) -> dict[str, object]:
    return {**asdict(terms), "pictures": list(terms.pictures)}


def _locked(reward_id: int) -> Reward:
    reward = current_transaction().get(
        Reward, reward_id, with_for_update=True, populate_existing=True
    )
    if reward is None:
        raise NoSuchReward(f"no reward {reward_id}")
    return reward


def _change_pools(reward: Reward) -> None:
    variants = current_transaction().scalars(
        sa.select(RewardVariant).filter_by(reward_id=reward.id).order_by(RewardVariant.pool_id)
    )
    for variant in variants:
        pools.change(
            variant.pool_id,
            opens_at=reward.available_from,
            closes_at=reward.available_until,
            allowance=reward.allowance,
        )
        load_after_commit(variant.pool_id)
