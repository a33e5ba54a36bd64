"""A sale as the merchant writes it down, and what it must fulfil. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from .errors import SaleNotValid

PICKUP, DELIVERY = "pickup", "delivery"
MOST_ITEMS, MOST_SLOTS = 100, 200
LONGEST = timedelta(days=31)


@dataclass(frozen=True)
class ItemTerms:
    """Something to be offered in each slot; see `models.FlashSaleItem`."""

    title: str
    points_price: int
    stock: int
    cash_fen: int = 0
    allowance: int | None = 1
    min_tier_rank: int = 0
    fulfilment: str = PICKUP
    is_stocked: bool = True
    is_cancellable: bool = True
    reward_id: int | None = None


@dataclass(frozen=True)
class Slot:
    """From when until when."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class SaleTerms:
    """What is offered, and in which slots; every slot has its own stock."""

    title: str
    slots: tuple[Slot, ...]
    items: tuple[ItemTerms, ...]
    campaign: str = ""


def slots_of(
    days: Sequence[date], times: Sequence[tuple[time, time]], zone: ZoneInfo
) -> tuple[Slot, ...]:
    """The same hours on each of several days, by the shop's clock.

    Hours that end before they begin end on the next day: 22:00 to 00:30.
    """
    slots = []
    for day in sorted(set(days)):
        for begins, ends in times:
            last_day = day if ends > begins else day + timedelta(days=1)
            slots.append(
                Slot(datetime.combine(day, begins, zone), datetime.combine(last_day, ends, zone))
            )
    return tuple(sorted(slots, key=lambda slot: slot.starts_at))


def check_terms(terms: SaleTerms, moment: datetime, most_units: int) -> None:
    """See that a sale can be held under these terms, from `moment` on.

    :raises SaleNotValid: it cannot; the sentence says why.
    """
    for sentence in faults_in(terms, moment, most_units):
        raise SaleNotValid(sentence)


def faults_in(terms: SaleTerms, moment: datetime, most_units: int) -> Iterator[str]:
    """All that keeps a sale from being held under these terms, from `moment` on."""
    slots = sorted(terms.slots, key=lambda slot: slot.starts_at)
    faults = {
        f"1 to {MOST_SLOTS} slots": not 1 <= len(slots) <= MOST_SLOTS,
        f"1 to {MOST_ITEMS} items": not 1 <= len(terms.items) <= MOST_ITEMS,
        "a slot ends after it starts": any(one.ends_at <= one.starts_at for one in slots),
        f"a slot lasts at most {LONGEST.days} days": any(
            one.ends_at - one.starts_at > LONGEST for one in slots
        ),
        "a slot must not be over already": any(one.ends_at <= moment for one in slots),
        "two slots must not overlap": any(
            later.starts_at < earlier.ends_at for earlier, later in pairwise(slots)
        ),
        f"stock is 1 to {most_units}": any(not 1 <= one.stock <= most_units for one in terms.items),
    }
    return (sentence for sentence, is_there in faults.items() if is_there)
