"""Where a drop stands, from its times. Pure."""

from datetime import datetime
from enum import StrEnum


class DropState(StrEnum):
    """What a drop is to whoever looks at it."""

    UPCOMING = "upcoming"
    RUNNING = "running"
    ENDED = "ended"


def state_at(moment: datetime, opens_at: datetime, closes_at: datetime) -> DropState:
    """The state at a moment. Its first moment belongs to a drop, its last one does not."""
    if moment >= closes_at:
        return DropState.ENDED
    return DropState.UPCOMING if moment < opens_at else DropState.RUNNING
