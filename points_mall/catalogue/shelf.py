"""The catalogue as one shopper sees it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from points_mall.stock.remaining import remaining_of
from points_mall.tiers.ladder import tier_of_rank
from points_mall.tiers.services import rank_of

from .errors import NoSuchReward
from .models import Reward, RewardVariant
from .shipping import shipping_fen
from .states import state_of

_SHOWN = (
    "id",
    "title",
    "summary",
    "description",
    "pictures",
    "points",
    "cash_fen",
    "fulfilment",
    "is_stocked",
    "allowance",
    "available_from",
    "available_until",
    "is_cancellable",
)


def listed() -> sa.Select[Reward]:
    """Every reward that is in the catalogue."""
    return sa.select(Reward).where(Reward.is_listed)


def seen_by(member_id: int, rewards: Sequence[Reward]) -> list[dict[str, Any]]:
    """Rewards with their variants, what is left, and what they are to this member.

    A constant number of questions, however many rewards.
    """
    variants = _variants_of([reward.id for reward in rewards])
    left = remaining_of(one.pool_id for some in variants.values() for one in some)
    rank = rank_of(member_id)
    return [_seen(reward, variants[reward.id], left, rank) for reward in rewards]


def one_seen_by(member_id: int, reward_id: int) -> dict[str, Any]:
    """A listed reward, as this member sees it.

    :raises NoSuchReward: it is not in the catalogue.
    """
    reward = db.session.scalar(listed().where(Reward.id == reward_id))
    if reward is None:
        raise NoSuchReward(f"no reward {reward_id} is listed")
    return {**seen_by(member_id, [reward])[0], "server_time": now()}


def _variants_of(reward_ids: Sequence[int]) -> dict[int, list[RewardVariant]]:
    rows = db.session.scalars(
        sa.select(RewardVariant)
        .where(RewardVariant.reward_id.in_(reward_ids))
        .order_by(RewardVariant.id)
    )
    found: dict[int, list[RewardVariant]] = defaultdict(list)
    for row in rows:
        found[row.reward_id].append(row)
    return found


def _seen(
    reward: Reward, variants: Sequence[RewardVariant], left: dict[int, int], rank: int
) -> dict[str, Any]:
    remaining = sum(left[one.pool_id] for one in variants)
    state = state_of(
        now(),
        reward.available_from,
        reward.available_until,
        remaining,
        rank=rank,
        min_rank=reward.min_tier_rank,
    )
    return {
        **{name: getattr(reward, name) for name in _SHOWN},
        "shipping_fen": shipping_fen(reward.fulfilment),
        "state": state.value,
        "remaining": remaining,
        "min_tier": tier_of_rank(reward.min_tier_rank) if reward.min_tier_rank else None,
        "variants": [
            {
                "id": one.id,
                "name": one.name,
                "points": one.points or reward.points,
                "remaining": left[one.pool_id],
            }
            for one in variants
        ],
    }
