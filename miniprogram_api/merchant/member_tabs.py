"""The list of members and a member's page (360°), as boards that features join: columns, figures, tabs, acts.

What a tab shows is told as plain tables and drawn by one template, so that all tabs look and work alike.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import request
from sqlalchemy.orm import InstrumentedAttribute

from miniprogram_api.core.db import db
from miniprogram_api.staff.roles import may

from .listing import Choice

TABLES = "merchant/member_tables.html"
TABLE_ROWS = 20
_LONGEST_KEY = 18


@dataclass(frozen=True)
class Shown:
    """What a cell shows.

    :param colour: the text stands in a badge: green, orange, red, blue, purple, secondary.
    :param note: a second, quieter line.
    """

    text: str
    colour: str = ""
    note: str = ""
    href: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table. `code` names it where a feature fills it."""

    zh: str
    en: str
    code: str = ""
    is_figure: bool = False


@dataclass(frozen=True)
class RowAct:
    """An act on one row, which asks for a reason: `label` on the button, `question` above the reason."""

    action: str
    label: str
    question: str


@dataclass(frozen=True)
class Row:
    """A row, and what may be done with it."""

    cells: Sequence[Shown]
    act: RowAct | None = None


@dataclass(frozen=True)
class Table:
    """A table of a tab.

    :param code: names it within the tab, and its page in the address.
    :param empty: what is said in place of no rows.
    :param next_after: the key of the last row shown, where more follow.
    """

    code: str
    zh: str
    en: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    empty: tuple[str, str]
    next_after: int | None = None


@dataclass(frozen=True)
class Tab:
    """A tab, drawn from a template; fetched when it is opened.

    :param make: gathers what the template shows of a member, by id; called with the request's context.
        For the template of tables that is `facts` (names and texts) and `tables`.
    """

    code: str
    zh: str
    en: str
    make: Callable[[int], Mapping[str, Any]]
    template: str = TABLES
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


@dataclass(frozen=True)
class Act:
    """A page on which something is done to a member: `/admin/members/<number>/<code>`."""

    code: str
    zh: str
    en: str
    icon: str
    role: str = "manager"
    rank: int = 50
    is_dangerous: bool = False


Cells = Mapping[str, Shown]


@dataclass(frozen=True)
class Columns:
    """Columns of the list of members.

    :param make: what stands in them, by the id of the member and the code of the column; asked once
        for all members of a page. What it says under `state` is shown of members in good standing.
    """

    code: str
    columns: Sequence[Column]
    make: Callable[[Sequence[int]], Mapping[int, Cells]]


@dataclass(frozen=True)
class Sieve:
    """A filter of the list of members.

    :param choice: what can be asked for; made each time, for what there is to ask for may change.
    :param members: the ids of those whom a value means, each once, as a query.
    """

    code: str
    choice: Callable[[], Choice]
    members: Callable[[str], sa.Select[int]]


@dataclass
class _Board:
    tabs: dict[str, Tab] = field(default_factory=dict)
    sections: dict[str, Tab] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)
    acts: dict[str, Act] = field(default_factory=dict)
    columns: dict[str, Columns] = field(default_factory=dict)
    sieves: dict[str, Sieve] = field(default_factory=dict)
    totals: list[Callable[[], int]] = field(default_factory=list)


_board = _Board()


def add_tab(tab: Tab) -> None:
    """Show a tab on every member's page; a repeat changes nothing."""
    _board.tabs[tab.code] = tab


def add_habit(section: Tab) -> None:
    """Show a part of the tab 行为与沉睡; a repeat changes nothing."""
    _board.sections[section.code] = section


def add_fact(fact: Fact) -> None:
    """Show a figure in the head of every member's page; a repeat changes nothing."""
    _board.facts[fact.code] = fact


def add_act(act: Act) -> None:
    """Offer an act on every member's page; a repeat changes nothing."""
    _board.acts[act.code] = act


def add_columns(columns: Columns) -> None:
    """Show columns in the list of members; a repeat changes nothing."""
    _board.columns[columns.code] = columns


def add_sieve(sieve: Sieve) -> None:
    """Let the list of members be filtered; its choice bears the code. A repeat changes nothing."""
    _board.sieves[sieve.code] = sieve


def add_total(make: Callable[[], int]) -> None:
    """Say how many open accounts there are; a figure kept for it, for nobody counts a million."""
    _board.totals[:] = [make]


def total() -> int | None:
    """How many open accounts there are; None: nobody keeps count."""
    return _board.totals[0]() if _board.totals else None


def tabs_for(role: str) -> list[Tab]:
    """The tabs that a role may open, in order."""
    return _allowed(_board.tabs.values(), role)


def habits(member_id: int) -> dict[str, Any]:
    """What the parts of the tab 行为与沉睡 tell, as one."""
    ordered = sorted(_board.sections.values(), key=lambda part: (part.rank, part.code))
    told = [part.make(member_id) for part in ordered]
    return {
        "facts": [fact for one in told for fact in one.get("facts", ())],
        "tables": [table for one in told for table in one.get("tables", ())],
    }


def facts() -> list[Fact]:
    """The figures, in order."""
    return sorted(_board.facts.values(), key=lambda fact: (fact.rank, fact.code))


def acts_for(role: str) -> list[Act]:
    """The acts that a role may do, in order."""
    return _allowed(_board.acts.values(), role)


def columns() -> list[Columns]:
    """The columns of the list, by feature."""
    return list(_board.columns.values())


def sieves() -> list[Sieve]:
    """The filters of the list that features know."""
    return list(_board.sieves.values())


def asked_after(code: str) -> int | None:
    """The key after which a table of the tab was asked for; None: from its beginning."""
    text = request.args.get(code, "")
    fits = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_KEY
    return int(text) if fits else None


def page_asked(
    query: sa.Select[*tuple[Any, ...]], key: InstrumentedAttribute[int], code: str
) -> tuple[list[Any], int | None]:
    """The rows of a table's page, the latest first, and the key after which the next one goes on."""
    after = asked_after(code)
    if after is not None:
        query = query.where(key < after)
    found = db.session.execute(query.order_by(key.desc()).limit(TABLE_ROWS + 1)).all()
    rows = [row[0] if len(row) == 1 else row for row in found[:TABLE_ROWS]]
    return rows, int(getattr(rows[-1], key.key)) if len(found) > TABLE_ROWS else None


def _allowed(found: Any, role: str) -> list[Any]:
    return sorted(
        (one for one in found if may(role, one.role)), key=lambda one: (one.rank, one.code)
    )
