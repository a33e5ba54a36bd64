"""Books of rules: append-only tables whose rows are versions, each from a moment on, and withdrawals of them.

A version that has not begun can be withdrawn, and then it never begins. The withdrawal is a row of its own
with the next number: what was scheduled stays written, and who publishes and who withdraws at the same
moment want the same number, of which there is one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from . import bulk
from .clock import in_shop_time, now
from .errors import Conflict, NotFound

LAST_MINUTE = timedelta(minutes=1)
"""How long before it begins a version stays: what is committed then may be read too late somewhere."""


class NoSuchVersion(NotFound):
    """The rule has no version of that number."""

    code = "no_such_version"
    title_zh = "没有这个版本"
    title_en = "There is no such version"


class VersionStays(Conflict):
    """Only a version that begins later can be withdrawn, and only once."""

    code = "version_stays"
    title_zh = "这个版本不能撤回：它已生效、一分钟内生效，或已撤回"
    title_en = "Not withdrawn: it has begun, begins within a minute, or was withdrawn before"


@dataclass(frozen=True)
class Withdrawal:
    """Somebody took a version back before it began.

    :param number: of its own row, from the same count as those of the versions.
    """

    number: int
    actor: str
    note: str
    created_at: datetime


def standing(book: sa.Table) -> sa.ColumnElement[bool]:
    """The rows of a book that are versions and were not withdrawn."""
    later = book.alias()
    is_withdrawn = sa.exists().where(later.c.withdraws == book.c.version).correlate(book)
    return sa.and_(book.c.withdraws.is_(None), sa.not_(is_withdrawn))


def last_number(session: Session, book: sa.Table) -> int:
    """The number of the newest row of a book, of whichever kind; 0: it is empty."""
    return session.scalar(sa.select(sa.func.max(book.c.version))) or 0


def withdrawals(session: Session, book: sa.Table) -> Mapping[int, Withdrawal]:
    """Every withdrawal of a book, by the version that it took back."""
    query = sa.select(book).where(book.c.withdraws.is_not(None))
    rows: Sequence[Any] = session.execute(query).all()
    return {
        row.withdraws: Withdrawal(row.version, row.actor, row.note, row.created_at) for row in rows
    }


def withdraw(
    session: Session,
    book: sa.Table,
    version: int,
    begins_at: Callable[[Mapping[Any, Any]], datetime],
    *,
    note: str,
    actor: str,
) -> bool:
    """Write that a version is withdrawn; False: somebody else wrote into the book at the same moment.

    :param begins_at: tells of a row when it comes into force.
    :raises NoSuchVersion: there is none of that number.
    :raises VersionStays: it has begun, begins within a minute, or was withdrawn before.
    """
    query = sa.select(book).where(book.c.version == version, book.c.withdraws.is_(None))
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise NoSuchVersion(f"no version {version}")
    begins, known = begins_at(row), withdrawals(session, book)
    if version in known or begins <= now() + LAST_MINUTE:
        raise VersionStays(f"version {version} begins {in_shop_time(begins)}", begins_at=begins)
    written = {name: value for name, value in row.items() if name != "id"}
    written |= {"version": last_number(session, book) + 1, "withdraws": version, "terms": {}}
    written |= {"note": note, "actor": actor, "created_at": now()}
    return bool(bulk.insert_missing(session, book, [written]))
