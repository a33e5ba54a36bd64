"""A reward as the merchant writes it down, and what it must fulfil. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from .errors import RewardNotValid

PICKUP, DELIVERY = "pickup", "delivery"
MOST_PICTURES, MOST_VARIANTS = 9, 50

_PICTURE = re.compile(r"https://[!#-;=?-~]{1,500}|/static/[0-9A-Za-z][0-9A-Za-z_./-]{0,200}")


@dataclass(frozen=True)
class RewardTerms:
    """What a reward is and under which terms it is offered; see `models.Reward`."""

    title: str
    points: int
    fulfilment: str
    summary: str = ""
    description: str = ""
    pictures: tuple[str, ...] = ()
    cash_fen: int = 0
    is_stocked: bool = True
    min_tier_rank: int = 0
    allowance: int | None = None
    available_from: datetime | None = None
    available_until: datetime | None = None
    is_cancellable: bool = True
    position: int = 0


@dataclass(frozen=True)
class NewVariant:
    """A variant to be published with `stock` units."""

    stock: int
    name: str = ""
    points: int | None = None


def check_terms(terms: RewardTerms) -> None:
    """See that a reward can be offered under these terms.

    :raises RewardNotValid: it cannot; the sentence says why.
    """
    for sentence in faults_in(terms):
        raise RewardNotValid(sentence)


def faults_in(terms: RewardTerms) -> Iterator[str]:
    """All that keeps a reward from being offered under these terms."""
    faults = {
        "points must be above zero": terms.points <= 0,
        "cash_fen must not be below zero": terms.cash_fen < 0,
        "fulfilment is pickup or delivery": terms.fulfilment not in {PICKUP, DELIVERY},
        "min_tier_rank must not be below zero": terms.min_tier_rank < 0,
        "allowance must be above zero, or null": terms.allowance is not None
        and terms.allowance <= 0,
        "position must not be below zero": terms.position < 0,
        "available_until must come after available_from": not _is_window(terms),
        f"at most {MOST_PICTURES} pictures": len(terms.pictures) > MOST_PICTURES,
        "pictures are https addresses or paths under /static/": not all(
            map(is_picture, terms.pictures)
        ),
    }
    return _those_there(faults)


def check_variants(variants: Sequence[NewVariant], most_units: int) -> None:
    """See that these variants can be published together.

    :raises RewardNotValid: they cannot; the sentence says why.
    """
    for sentence in faults_of(variants, most_units):
        raise RewardNotValid(sentence)


def faults_of(variants: Sequence[NewVariant], most_units: int) -> Iterator[str]:
    """All that keeps these variants from being published together."""
    names = [one.name for one in variants]
    faults = {
        f"1 to {MOST_VARIANTS} variants": not 1 <= len(variants) <= MOST_VARIANTS,
        "two variants have one name": len(set(names)) != len(names),
        "of several variants each has a name": len(names) > 1 and "" in names,
        "a variant's points are above zero, or null": any(
            one.points is not None and one.points <= 0 for one in variants
        ),
        f"stock is 0 to {most_units}": any(not 0 <= one.stock <= most_units for one in variants),
    }
    return _those_there(faults)


def is_picture(address: str) -> bool:
    """Whether a picture may be shown from there: https, or our own static files."""
    return _PICTURE.fullmatch(address) is not None and ".." not in address


def _is_window(terms: RewardTerms) -> bool:
    if terms.available_from is None or terms.available_until is None:
        return True
    return terms.available_from < terms.available_until


def _those_there(faults: dict[str, bool]) -> Iterator[str]:
    return (sentence for sentence, is_there in faults.items() if is_there)
