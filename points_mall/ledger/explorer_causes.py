"""What stands behind an entry: features say where its cause has a page, and how they tell its explanation."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cause:
    """What moved the points: its name in Chinese and English, and its page."""

    zh: str
    en: str
    href: str


Find = Callable[[Any], Cause | None]
"""The cause of an entry, read from its reference and explanation; None: it is not this feature's."""

Tell = Callable[[dict[str, Any]], Iterable[str]]

_finders: dict[str, Find] = {}
_tellers: dict[str, Tell] = {}


def add_cause(start: str, find: Find) -> None:
    """Say whose page belongs to references that begin so; a repeat changes nothing."""
    _finders[start] = find


def tell_rule(rule: str, tell: Tell) -> None:
    """Tell explanations that name this `rule` in one's own sentences; a repeat changes nothing."""
    _tellers[rule] = tell


def cause_of(entry: Any) -> Cause | None:
    """The cause of an entry; None: no page shows it."""
    find = _finders.get(entry.reference.partition(":")[0])
    return find(entry) if find else None


def teller_of(rule: object) -> Tell | None:
    """How the feature of a rule tells an explanation; None: it has no sentences of its own."""
    return _tellers.get(str(rule))
