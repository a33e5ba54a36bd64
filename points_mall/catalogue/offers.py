"""What a reward costs and asks for right now, for whoever wants to take it.

Read at most once a second by a process: thousands may want the same thing at the same moment.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.db import db
from miniprogram_api.core.memory import Memory

from .errors import ChooseVariant, NoSuchReward
from .models import Reward, RewardVariant


@dataclass(frozen=True)
class OfferedVariant:
    """One variant of a listed reward, with the price of one.

    :param pool_ids: the pools of all variants of the reward, which share its allowance.
    """

    reward_id: int
    variant_id: int
    pool_id: int
    pool_ids: tuple[int, ...]
    title: str
    points: int
    cash_fen: int
    fulfilment: str
    is_stocked: bool
    min_tier_rank: int
    allowance: int | None
    is_cancellable: bool


_VARIANTS = (
    sa.select(
        Reward.id.label("reward_id"),
        Reward.title,
        Reward.points,
        Reward.cash_fen,
        Reward.fulfilment,
        Reward.is_stocked,
        Reward.min_tier_rank,
        Reward.allowance,
        Reward.is_cancellable,
        RewardVariant.id.label("variant_id"),
        RewardVariant.pool_id,
        RewardVariant.name,
        RewardVariant.points.label("own_points"),
    )
    .join(RewardVariant, RewardVariant.reward_id == Reward.id)
    .where(Reward.id == sa.bindparam("reward_id"), Reward.is_listed)
    .order_by(RewardVariant.id)
)


def offered(reward_id: int, variant_id: int | None = None) -> OfferedVariant:
    """A listed reward as it is offered; a reward with one variant needs no choice.

    :raises NoSuchReward: it is not in the catalogue.
    :raises ChooseVariant: it has several, or not the one asked for.
    """
    variants = _offers.get(reward_id)
    if not variants:
        raise NoSuchReward(f"no reward {reward_id} is listed")
    if variant_id is None and len(variants) == 1:
        return next(iter(variants.values()))
    found = variants.get(variant_id or 0)
    if found is None:
        raise ChooseVariant(f"reward {reward_id} has {len(variants)} variants")
    return found


def forget_cached() -> None:
    """Read offers anew at the next question (for tests, and after a change by this process)."""
    _offers.forget()


def _read(reward_id: int) -> dict[int, OfferedVariant] | None:
    rows = db.session.execute(_VARIANTS, {"reward_id": reward_id}).all()
    pool_ids = tuple(row.pool_id for row in rows)
    return {row.variant_id: _offered(row, pool_ids) for row in rows} or None


_offers = Memory("catalogue.offers", _read)


def _offered(row: Any, pool_ids: tuple[int, ...]) -> OfferedVariant:
    return OfferedVariant(
        reward_id=row.reward_id,
        variant_id=row.variant_id,
        pool_id=row.pool_id,
        pool_ids=pool_ids,
        title=f"{row.title} · {row.name}" if row.name else row.title,
        points=row.own_points or row.points,
        cash_fen=row.cash_fen,
        fulfilment=row.fulfilment,
        is_stocked=row.is_stocked,
        min_tier_rank=row.min_tier_rank,
        allowance=row.allowance,
        is_cancellable=row.is_cancellable,
    )
