"""What a reward is to the shopper who looks at it. Pure."""

from datetime import datetime
from enum import StrEnum


class RewardState(StrEnum):
    """Whether it can be had, and if not, why."""

    AVAILABLE = "available"
    UPCOMING = "upcoming"
    ENDED = "ended"
    SOLD_OUT = "sold_out"
    TIER_TOO_LOW = "tier_too_low"


def state_of(
    moment: datetime,
    available_from: datetime | None,
    available_until: datetime | None,
    remaining: int,
    *,
    rank: int,
    min_rank: int,
) -> RewardState:
    """The state of a reward for a member of `rank`.

    A higher tier is asked for last: nobody should climb for what is gone.
    """
    if available_until is not None and moment >= available_until:
        return RewardState.ENDED
    if available_from is not None and moment < available_from:
        return RewardState.UPCOMING
    if remaining <= 0:
        return RewardState.SOLD_OUT
    if rank < min_rank:
        return RewardState.TIER_TOO_LOW
    return RewardState.AVAILABLE
