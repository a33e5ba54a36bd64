"""Which lots pay. Pure: no database, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(eq=False)
class Lot:
    """What is left of one credit while we work on it; `id` is 0 until the database gave one."""

    id: int
    granted: int
    remaining: int
    held: int
    expires_at: datetime | None
    entry_id: int = 0
    restores_id: int | None = None
    changed: bool = field(default=False, init=False)

    @property
    def free(self) -> int:
        """Points left that no hold has set aside."""
        return self.remaining - self.held

    def is_open(self, moment: datetime) -> bool:
        """Whether it can pay at `moment`."""
        return self.expires_at is None or self.expires_at > moment

    def change(self, *, remaining: int = 0, held: int = 0) -> None:
        """Add to what remains and what is held."""
        self.remaining += remaining
        self.held += held
        self.changed = True


class Share(NamedTuple):
    """A part of a sum that one lot bears."""

    lot: Lot
    points: int


def payment_order(lot: Lot) -> tuple[datetime, bool, int]:
    """Where a lot stands among those that pay: soonest to expire first, then oldest.

    Those that never expire come last; those without an id were opened just now and are the
    youngest of their day.
    """
    return lot.expires_at or _NEVER, lot.id == 0, lot.id


def soonest_first(lots: Iterable[Lot]) -> list[Lot]:
    """The lots in the order in which they pay."""
    return sorted(lots, key=payment_order)


def allocate(lots: Iterable[Lot], points: int, moment: datetime) -> list[Share]:
    """Spread `points` over the free points of the lots open at `moment`, in their order.

    Spreads less when the lots hold less; the caller compares the total with what it asked.
    """
    shares = []
    for lot in soonest_first(lot for lot in lots if lot.is_open(moment)):
        taken = min(lot.free, points)
        if taken > 0:
            shares.append(Share(lot, taken))
            points -= taken
    return shares


def spendable(lots: Iterable[Lot], moment: datetime) -> int:
    """Free points in the lots open at `moment`."""
    return sum(lot.free for lot in lots if lot.is_open(moment))


def first(shares: Iterable[Share], points: int) -> list[Share]:
    """The first `points` of what `shares` hold, in their order."""
    taken = []
    for lot, held in shares:
        part = min(held, points)
        if part > 0:
            taken.append(Share(lot, part))
            points -= part
    return taken


def without(shares: Iterable[Share], taken: Iterable[Share]) -> list[Share]:
    """What `shares` hold after `taken` has gone from the same lots."""
    gone = {id(lot): points for lot, points in taken}
    left = [Share(lot, points - gone.get(id(lot), 0)) for lot, points in shares]
    return [share for share in left if share.points > 0]


def total(shares: Iterable[Share]) -> int:
    """The points of all shares."""
    return sum(share.points for share in shares)
