"""Lists of the merchant's pages: the words searched for, filters, pages that follow a key, the same as CSV.

A page shows the rows after a key, never "page 734": an offset reads all that it skips.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Response, render_template, request

from miniprogram_api.core.clock import starts_at

PAGE_ROWS = 25
EXPORT_ROWS = 100_000
_LONGEST_QUERY = 64
SINCE, UNTIL = "since", "until"
"""The first and the last day of a list."""

Q = TypeVar("Q", bound=sa.Select[*tuple[Any, ...]])
R = TypeVar("R")


@dataclass(frozen=True)
class Choice:
    """A filter with its choices: (value, Chinese, English)."""

    name: str
    zh: str
    en: str
    choices: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Asked:
    """What a list was asked for."""

    query: str
    filters: Mapping[str, str]
    after: int | None
    wants_csv: bool

    @property
    def rows(self) -> int:
        """How many rows to read: one more than shown tells whether there are more."""
        return EXPORT_ROWS if self.wants_csv else PAGE_ROWS + 1

    def within_days(self, moment: Any) -> list[sa.ColumnElement[bool]]:
        """The conditions by which a moment lies in the days asked for."""
        since, until = self._day(SINCE), self._day(UNTIL)
        after_until = until and starts_at(until + timedelta(days=1))
        return [
            *([moment >= starts_at(since)] if since else []),
            *([moment < after_until] if after_until else []),
        ]

    def latest(self, query: Q, key: Any) -> Q:
        """A query for the rows of this page, the latest first, by a key that only grows."""
        if self.after is not None:
            query = query.where(key < self.after)
        return query.order_by(None).order_by(key.desc()).limit(self.rows)

    def _day(self, name: str) -> date | None:
        text = self.filters.get(name)
        return None if text is None else date.fromisoformat(text)

    def address(self, **changed: object) -> str:
        """The same list asked otherwise; None leaves a part out."""
        parts = {"q": self.query, **self.filters} | changed
        return (
            f"{request.path}?{urlencode({k: v for k, v in parts.items() if v not in (None, '')})}"
        )


@dataclass(frozen=True)
class Listing:
    """A page of rows."""

    asked: Asked
    rows: Sequence[Any]
    next_after: int | None

    @property
    def next_page(self) -> str | None:
        """The address of the page after this."""
        return None if self.next_after is None else self.asked.address(after=self.next_after)

    @property
    def first_page(self) -> str | None:
        """The address of the first page, from any other."""
        return None if self.asked.after is None else self.asked.address()

    @property
    def csv(self) -> str:
        """The address of the same rows as a file."""
        return self.asked.address(format="csv")


def asked(*choices: Choice, days: bool = False, parts: Mapping[str, str] | None = None) -> Asked:
    """What a list is asked for; a value that is no choice is not asked for.

    :param days: the list can be asked for by its first and last day.
    :param parts: the form that asks; None: the address does.
    """
    parts = request.args if parts is None else parts
    filters = {
        choice.name: value
        for choice in choices
        if (value := parts.get(choice.name, "")) in {known for known, *_ in choice.choices}
    }
    if days:
        filters |= {name: _day_in(parts.get(name, "")) for name in (SINCE, UNTIL)}
    after = parts.get("after", "")
    return Asked(
        query=parts.get("q", "").strip()[:_LONGEST_QUERY],
        filters={name: value for name, value in filters.items() if value},
        after=int(after) if after.isascii() and after.isdecimal() and len(after) < 19 else None,
        wants_csv=parts.get("format") == "csv",
    )


def list_page(
    asked_for: Asked,
    rows: Sequence[R],
    template: str,
    *,
    file: Callable[[Sequence[R]], Response],
    **shown: Any,
) -> str | Response:
    """The answer of a list: a page of the rows that were read, or, where asked for, all as a file.

    :param file: makes it.
    :param shown: what the template shows beside the `listing`.
    """
    if asked_for.wants_csv:
        return file(rows)
    return render_template(template, listing=page_of(asked_for, rows), **shown)


def page_of(asked_for: Asked, rows: Sequence[Any], key: str = "id") -> Listing:
    """A page of the rows that were read with `Asked.rows` as the limit."""
    shown = rows[:PAGE_ROWS]
    has_more = len(rows) > PAGE_ROWS
    return Listing(asked_for, shown, _key(shown[-1], key) if has_more else None)


def _day_in(text: str) -> str:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return ""
    return day.isoformat() if 2000 <= day.year < 2100 else ""


def _key(row: Any, key: str) -> int:
    return int(row[key] if isinstance(row, Mapping) else getattr(row, key))
