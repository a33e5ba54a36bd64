"""Where a sale stands, from its times. Pure."""

from datetime import datetime
from enum import StrEnum


class SaleState(StrEnum):
    """What a sale is to whoever looks at it."""

    UPCOMING = "upcoming"
    RUNNING = "running"
    ENDED = "ended"


def state_at(
    moment: datetime, starts_at: datetime, ends_at: datetime, closed_at: datetime | None
) -> SaleState:
    """The state at a moment. Its first moment belongs to a sale, its last one does not."""
    if closed_at is not None or moment >= ends_at:
        return SaleState.ENDED
    return SaleState.UPCOMING if moment < starts_at else SaleState.RUNNING


def end_of(starts_at: datetime, ends_at: datetime, closed_at: datetime | None) -> datetime:
    """When a sale ends or ended. One that was closed before it opened keeps the end it never had."""
    return ends_at if closed_at is None or closed_at <= starts_at else closed_at


def window_of(
    starts_at: datetime, ends_at: datetime, closed_at: datetime | None
) -> tuple[datetime | None, datetime]:
    """When a sale's pools may be taken from. Closed before it opened: its pools are over already."""
    if closed_at is None:
        return starts_at, ends_at
    return (starts_at if closed_at > starts_at else None), closed_at
