"""The tabs of a member's page (360°), which features join: points, coupons, orders, draws…"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from miniprogram_api.staff.roles import may


@dataclass(frozen=True)
class Tab:
    """A tab, drawn from a template; fetched when it is opened.

    :param make: gathers what the template shows of a member, by id; called with the request's context.
    """

    code: str
    zh: str
    en: str
    template: str
    make: Callable[[int], Mapping[str, Any]]
    role: str = "editor"
    rank: int = 50


@dataclass(frozen=True)
class Fact:
    """A figure in the head of the member's page: balance, tier, wallet."""

    code: str
    zh: str
    en: str
    make: Callable[[int], str]
    rank: int = 50


_tabs: dict[str, Tab] = {}
_facts: dict[str, Fact] = {}


def add_tab(tab: Tab) -> None:
    """Show a tab on every member's page; a repeat changes nothing."""
    _tabs[tab.code] = tab


def add_fact(fact: Fact) -> None:
    """Show a figure in the head of every member's page; a repeat changes nothing."""
    _facts[fact.code] = fact


def tabs_for(role: str) -> list[Tab]:
    """The tabs that a role may open, in order."""
    return sorted(
        (tab for tab in _tabs.values() if may(role, tab.role)),
        key=lambda tab: (tab.rank, tab.code),
    )


def facts() -> list[Fact]:
    """The figures, in order."""
    return sorted(_facts.values(), key=lambda fact: (fact.rank, fact.code))
