"""What is open on an account while we work on it: holds, pending earnings, and what can be undone."""

from dataclasses import dataclass, field
from datetime import datetime

from .lots import Lot, Share
from .models import HoldState, PendingState
from .movements import Credit


@dataclass(eq=False)
class OpenHold:
    """A hold and the lots that it set points aside in; `id` is 0 until the database gave one."""

    id: int
    points: int
    reason: str
    counterparty: str
    reference: str
    placed_at: datetime
    expires_at: datetime
    state: str = HoldState.OPEN
    captured_points: int = 0
    closed_at: datetime | None = None
    parts: list[Share] = field(default_factory=list)
    changed: bool = False


@dataclass(eq=False)
class Waiting:
    """A pending earning; `id` is 0 until the database gave one."""

    id: int
    credit: Credit
    earned_at: datetime
    matures_at: datetime
    cancelled_points: int = 0
    state: str = PendingState.PENDING
    changed: bool = False

    @property
    def points_left(self) -> int:
        """What will count when it matures."""
        return self.credit.points - self.cancelled_points


@dataclass
class Past:
    """What happened since to an entry that is to be undone.

    :param undone: points that earlier reversals or restorations moved back.
    :param own_lots: lots that the entry opened.
    :param expired: points of those lots that have expired.
    :param outstanding: what the entry drew from each lot and has not been given back, as drawn.
    """

    undone: int = 0
    own_lots: list[Lot] = field(default_factory=list)
    expired: int = 0
    outstanding: list[Share] = field(default_factory=list)
