"""What can be posted. A movement is a fact chosen by its cause; its reference makes a repeat harmless."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .entries import Entry
from .reasons import Reason

Explanation = dict[str, Any]


@dataclass(frozen=True)
class Credit:
    """Give `points` as a new lot; with `matures_at` in the future they wait until then."""

    member_id: int
    points: int
    reason: Reason
    reference: str
    expires_at: datetime | None = None
    matures_at: datetime | None = None
    explanation: Explanation | None = None
    actor: str = "system"


@dataclass(frozen=True)
class Debit:
    """Take `points`, all or none, from the lots soonest to expire."""

    member_id: int
    points: int
    reason: Reason
    reference: str
    explanation: Explanation | None = None
    actor: str = "system"


@dataclass(frozen=True)
class Hold:
    """Set `points` aside until captured, voided, or `expires_at`."""

    member_id: int
    points: int
    reason: Reason
    reference: str
    expires_at: datetime


@dataclass(frozen=True)
class Capture:
    """Spend what a hold has set aside, or `points` of it; the rest goes back to its lots."""

    member_id: int
    reason: Reason
    reference: str
    points: int | None = None
    explanation: Explanation | None = None
    actor: str = "system"


@dataclass(frozen=True)
class Void:
    """Give back to its lots what a hold has set aside."""

    member_id: int
    reason: Reason
    reference: str


@dataclass(frozen=True)
class Mature:
    """Let a pending earning count, as far as it was not cancelled."""

    member_id: int
    reason_code: str
    reference: str


@dataclass(frozen=True)
class Reverse:
    """Take back what an earning gave, in the measure in which its payment was refunded.

    `refunded` counts everything refunded so far and `paid` the whole payment, in one unit; so
    partial refunds add up without a rounding of their own. `by` is the refund's own reference.
    """

    member_id: int
    reason: Reason
    reference: str
    refunded: int
    paid: int
    by: str
    explanation: Explanation | None = None
    actor: str = "system"


@dataclass(frozen=True)
class Restore:
    """Put what a debit spent, or `points` of it, back into the lots it came from."""

    member_id: int
    reason: Reason
    reference: str
    by: str
    points: int | None = None
    explanation: Explanation | None = None
    actor: str = "system"


@dataclass(frozen=True)
class Expire:
    """Take what is left, and not held, of a lot past its expiry."""

    member_id: int
    lot_id: int


Movement = Credit | Debit | Hold | Capture | Void | Mature | Reverse | Restore | Expire


@dataclass(frozen=True)
class Posted:
    """The answer to a movement.

    :param available: what the member could spend right after it.
    :param balance_after: the account's whole balance right after it.
    :param entry: the entry; None for holds, pending earnings and where nothing had to move.
    :param repeated: it had been posted before, and this is the first answer.
    """

    available: int
    balance_after: int
    entry: Entry | None = None
    repeated: bool = False

    @property
    def points(self) -> int:
        """What the entry moved (below zero: taken); 0 where nothing moved."""
        return self.entry.points if self.entry else 0
