"""A walk through the merchant's pages: every address by its route, every page by its links.

A full shop has something on every page; one full of malice has it in every name that people can type.
"""

import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from miniprogram_api.core.append_only import guards
from miniprogram_api.core.db import Base, db, transaction
from tests.office import Clerk

PREFIX = "/admin"
TIMES_EACH = 4
"""How often a page is looked at with other values in its address."""

NOBODY = 999_999
_DUMMIES = {"code": "x", "version": "x", "name": "x"}
_LINKS = ("href", "hx-get", "src", "action", "hx-post")
_EMPTY = frozenset({"input", "img", "meta", "link", "br", "hr", "use", "path", "source", "wbr"})


def routes(app: Flask, method: str) -> list[Rule]:
    """Every route of the merchant's that takes a method."""
    return sorted(
        (
            rule
            for rule in app.url_map.iter_rules()
            if (rule.rule == PREFIX or rule.rule.startswith(f"{PREFIX}/"))
            and method in (rule.methods or ())
        ),
        key=lambda rule: rule.rule,
    )


def address_of(app: Flask, rule: Rule) -> str:
    """An address that a route answers, of nothing that there is."""
    values: dict[str, object] = {
        name: _DUMMIES.get(name, NOBODY)  # a number is a name, too
        for name in rule.arguments
    }
    return app.url_map.bind("localhost").build(rule.endpoint, values, method=None)


@dataclass
class Page(HTMLParser):
    """An answer in HTML, taken apart as a browser does."""

    address: str
    endpoint: str
    html: str
    headers: dict[str, str]
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def links(self) -> Iterator[str]:
        """Every address of ours that the page leads to or asks for."""
        for _tag, attributes in self.elements:
            for name in _LINKS:
                if attributes.get(name, "").startswith((f"{PREFIX}/", f"{PREFIX}?", PREFIX)):
                    yield attributes[name]

    def words(self) -> Iterator[str]:
        """Every text and every attribute's value, as people and programs read it."""
        yield from self.texts
        for _tag, attributes in self.elements:
            for value in attributes.values():
                yield from _texts_in(value)


def _texts_in(value: str) -> Iterator[str]:
    """A value, or the texts within it where it is the data of a chart."""
    if value.startswith(("{", "[")):
        try:
            yield from _leaves(json.loads(value))
        except ValueError:
            yield value
    else:
        yield value


def _leaves(data: object) -> Iterator[str]:
    if isinstance(data, dict):
        yield from itertools.chain.from_iterable(map(_leaves, data.values()))
    elif isinstance(data, list):
        yield from itertools.chain.from_iterable(map(_leaves, data))
    else:
        yield str(data)


@dataclass
class Walk:
    """What was seen on the way."""

    pages: list[Page] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)


def walk(app: Flask, clerk: Clerk, starts: Iterable[str]) -> Walk:
    """Look at every page that can be reached by links; forms are noted and not sent."""
    seen, todo, times = Walk(), list(starts), dict[str, int]()
    known = set(todo)
    while todo:
        address = todo.pop(0)
        endpoint = _endpoint_of(app, address)
        if endpoint is None or times.get(endpoint, 0) >= TIMES_EACH:
            continue
        times[endpoint] = times.get(endpoint, 0) + 1
        page = _look(clerk, address, endpoint, seen)
        for link in page.links() if page else ():
            if (posted := _endpoint_of(app, link, "POST")) is not None:
                seen.reached.add(posted)
            if link not in known:
                known.add(link)
                todo.append(link)
    return seen


def _look(clerk: Clerk, address: str, endpoint: str, seen: Walk) -> Page | None:
    answer = clerk.get(address, Accept="text/html")
    seen.reached.add(endpoint)
    if answer.status_code in {301, 302, 303}:
        return None
    if answer.status_code != 200:
        seen.broken.append(f"{answer.status_code} {address}")
        return None
    if answer.mimetype != "text/html":
        answer.close()
        return None
    page = Page(address, endpoint, answer.text, dict(answer.headers))
    seen.pages.append(page)
    return page


def _endpoint_of(app: Flask, address: str, method: str = "GET") -> str | None:
    path = urlsplit(address).path
    try:
        endpoint, _values = app.url_map.bind("localhost").match(path, method)
    except HTTPException:
        return None
    return str(endpoint)


# ------------------------------------------------------------------ malice

MALICE = "<script>alert(1)</script>\"'{{7*7}}"
_TYPED = {
    "name", "name_zh", "name_en", "card_zh", "card_en", "nickname", "title", "title_zh", "title_en",
    "note", "reason", "text", "about", "description", "label", "rules_zh", "rules_en", "remark", "message",
    "store", "recipient", "address", "carrier", "tracking_no", "product", "category", "summary",
    "actor", "edited_by", "device", "unit", "brand", "spec", "words",
}  # fmt: skip
_NOT_TYPED = {("job", "name"), ("schedule_mark", "name")}
"""Names of ours, which nobody types."""


def fill_with_malice(app: Flask) -> int:
    """Put a script into whatever people can type, wherever it is kept; how many values were changed."""
    changed = 0
    with transaction() as session:
        for table in Base.metadata.sorted_tables:
            for statement in guards("sqlite", table.name):
                trigger = statement.split(" ")[2]
                session.execute(sa.text(f"DROP TRIGGER IF EXISTS {trigger}"))
            changed += _spoil(session, table)
    db.session.remove()
    for name, kept in app.extensions.items():
        if name.startswith("memory."):
            kept.forget()
    app.extensions.pop("lottery.versions", None)  # which never change, and are kept for ever
    return changed


def _spoil(session: "sa.orm.Session", table: sa.Table) -> int:
    columns = [column for column in table.columns if _is_spoilt(table, column)]
    key = list(table.primary_key.columns)
    if not columns or not key:
        return 0
    changed = 0
    for row in session.execute(sa.select(*key, *columns)).mappings():
        values = {c.name: _spoilt(c, row[c.name]) for c in columns if row[c.name] is not None}
        if values:
            mine = [column == row[column.name] for column in key]
            session.execute(sa.update(table).where(*mine).values(values))
            changed += len(values)
    return changed


def _is_spoilt(table: sa.Table, column: "sa.Column[object]") -> bool:
    if column.primary_key or column.foreign_keys or (table.name, column.name) in _NOT_TYPED:
        return False
    if isinstance(column.type, sa.TypeDecorator):
        return type(column.type).__name__ == "Json"
    return isinstance(column.type, sa.String) and column.name in _TYPED


def _spoilt(column: "sa.Column[object]", value: object) -> object:
    if type(column.type).__name__ == "Json":
        return _spoilt_inside(value)
    return f"{MALICE} {value}"  # a name may have to stay the only one of its kind


def _spoilt_inside(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: MALICE
            if name in _TYPED and isinstance(inner, str) and inner
            else _spoilt_inside(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_spoilt_inside(inner) for inner in value]
    return value
