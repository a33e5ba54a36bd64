"""What features above know of a purchase: how it is found, and what they add to its page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .models import Purchase

Finder = Callable[[str], Sequence[int]]
"""The purchases, by id, that somebody may mean by a number."""


@dataclass(frozen=True)
class PagePart:
    """A part of a purchase's page, drawn from a template.

    :param make: gathers what it shows; None: it has nothing to say of this purchase.
    """

    template: str
    make: Callable[[Purchase], Mapping[str, Any] | None]


_finders: dict[str, Finder] = {}
_parts: dict[str, PagePart] = {}


def add_finder(code: str, finder: Finder) -> None:
    """Let purchases be found by a number of a feature's own; a repeat changes nothing."""
    _finders[code] = finder


def add_part(code: str, part: PagePart) -> None:
    """Show a part on the pages of purchases; a repeat changes nothing."""
    _parts[code] = part


def found_by_others(text: str) -> list[int]:
    """The purchases that features above know by a number."""
    return sorted({found for finder in _finders.values() for found in finder(text)})


def parts_of(purchase: Purchase) -> list[tuple[str, Mapping[str, Any]]]:
    """What features above show of a purchase: templates and what stands in them."""
    made = ((part.template, part.make(purchase)) for part in _parts.values())
    return [(template, shown) for template, shown in made if shown is not None]
