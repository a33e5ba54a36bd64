"""Opening books: everything that a list of movements needs, in a constant number of SELECTs.

Accounts are locked first, in id order; all else is read under their locks.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.bulk import among

from .book import Book
from .entries import Entry, Key, genesis
from .models import LedgerEntry, PendingEarning, PointsAccount, PointsLot
from .movements import (
    Capture,
    Credit,
    Debit,
    Expire,
    Hold,
    Mature,
    Movement,
    Restore,
    Reverse,
    Void,
)
from .open_items import Waiting
from .reasons import RESTORATION, REVERSAL, Reason
from .reloading import load_holds, load_past, to_entry, to_lot

accounts = PointsAccount.__table__
entries = LedgerEntry.__table__
lots = PointsLot.__table__
pendings = PendingEarning.__table__

_LOCK = (
    sa.select(accounts)
    .where(among(accounts.c.member_id, "members"))
    .order_by(accounts.c.id)
    .with_for_update()
)
_ENTRIES = sa.select(entries).where(
    among(entries.c.account_id, "accounts"),
    among(entries.c.reason, "reasons"),
    among(entries.c.reference, "references"),
)
_PENDINGS = sa.select(pendings).where(
    among(pendings.c.account_id, "accounts"),
    among(pendings.c.reason, "reasons"),
    among(pendings.c.reference, "references"),
)
_OPEN_LOTS = sa.select(lots).where(among(lots.c.account_id, "accounts"), lots.c.remaining > 0)
_STALE = (
    sa.select(lots.c.account_id, sa.func.sum(lots.c.remaining - lots.c.held).label("points"))
    .where(
        among(lots.c.account_id, "accounts"),
        lots.c.remaining > 0,
        lots.c.expires_at <= sa.bindparam("moment", type_=lots.c.expires_at.type),
    )
    .group_by(lots.c.account_id)
)


def lock_accounts(session: Session, member_ids: Iterable[int], moment: datetime) -> Sequence[Any]:
    """Lock the members' accounts in id order, opening those that are missing."""
    wanted = sorted(set(member_ids))
    rows = session.execute(_LOCK, {"members": wanted}).all()
    if len(rows) == len(wanted):
        return rows
    found = {row.member_id for row in rows}
    fresh = [_new_account(member, moment) for member in wanted if member not in found]
    bulk.insert_missing(session, accounts, fresh)
    return session.execute(_LOCK, {"members": wanted}).all()


def open_books(
    session: Session, movements: Sequence[Movement], moment: datetime, grace: timedelta
) -> dict[int, Book]:
    """The books of all members concerned, by member id, ready for `movements`."""
    rows = lock_accounts(session, (movement.member_id for movement in movements), moment)
    books = {row.id: _book(row, moment, grace) for row in rows}
    by_member = {row.member_id: books[row.id] for row in rows}
    keys = _Keys(movements)
    _load_posted(session, books, keys)
    _load_waiting(session, books, keys, movements)
    any_held = any(book.held for book in books.values())
    if any_held or not all(isinstance(movement, Credit | Mature) for movement in movements):
        _load_lots(session, books)
    else:
        _load_stale(session, books, moment)
    if any_held or any(isinstance(movement, Hold | Capture | Void) for movement in movements):
        load_holds(session, books, keys.reasons, keys.references)
    if undone := _undone(movements, by_member):
        load_past(session, books, undone)
    return by_member


class _Keys:
    """Reasons and references under which the movements, or what they undo, may stand already."""

    def __init__(self, movements: Sequence[Movement]) -> None:
        keys = {key for movement in movements for key in _keys(movement)}
        self.reasons = sorted({reason for reason, _ in keys})
        self.references = sorted({reference for _, reference in keys})


def _keys(movement: Movement) -> Iterable[Key]:
    match movement:
        case Mature():
            yield movement.reason_code, movement.reference
        case Reverse() | Restore():
            yield movement.reason.code, movement.reference
            code = REVERSAL.code if isinstance(movement, Reverse) else RESTORATION.code
            yield code, movement.by
        case Credit() | Debit() | Hold() | Capture() | Void():
            yield movement.reason.code, movement.reference
        case Expire():
            return  # its reference follows from the lot


def _new_account(member_id: int, moment: datetime) -> dict[str, Any]:
    zeros = dict.fromkeys(
        ("available", "held", "debt", "pending", "lifetime_earned", "last_seq"), 0
    )
    return {"member_id": member_id, **zeros, "last_hash": genesis(member_id), "opened_at": moment}


def _book(row: Any, moment: datetime, grace: timedelta) -> Book:
    return Book(
        moment=moment,
        grace=grace,
        account_id=row.id,
        available=row.available,
        held=row.held,
        debt=row.debt,
        pending=row.pending,
        lifetime_earned=row.lifetime_earned,
        last_seq=row.last_seq,
        last_hash=row.last_hash,
    )


def _load_posted(session: Session, books: dict[int, Book], keys: _Keys) -> None:
    if not keys.references:
        return
    found = session.execute(
        _ENTRIES,
        {"accounts": list(books), "reasons": keys.reasons, "references": keys.references},
    )
    for row in found:
        books[row.account_id].posted[row.reason, row.reference] = to_entry(row)


def _load_waiting(
    session: Session, books: dict[int, Book], keys: _Keys, movements: Sequence[Movement]
) -> None:
    if not any(_may_concern_pending(movement) for movement in movements):
        return
    found = session.execute(
        _PENDINGS,
        {"accounts": list(books), "reasons": keys.reasons, "references": keys.references},
    )
    for row in found:
        books[row.account_id].waiting[row.reason, row.reference] = _waiting(row)


def _may_concern_pending(movement: Movement) -> bool:
    return isinstance(movement, Mature) or (
        isinstance(movement, Credit | Reverse) and movement.reason.may_mature
    )


def _waiting(row: Any) -> Waiting:
    credit = Credit(
        member_id=0,
        points=row.points,
        reason=Reason(row.reason, "", "", row.counterparty, may_mature=True),
        reference=row.reference,
        expires_at=row.expires_at,
        explanation=row.explanation,
        actor=row.actor,
    )
    return Waiting(row.id, credit, row.earned_at, row.matures_at, row.cancelled_points, row.state)


def _load_lots(session: Session, books: dict[int, Book]) -> None:
    for row in session.execute(_OPEN_LOTS, {"accounts": list(books)}):
        books[row.account_id].lots[row.id] = to_lot(row)


def _load_stale(session: Session, books: dict[int, Book], moment: datetime) -> None:
    for book in books.values():
        book.stale = 0
    for row in session.execute(_STALE, {"accounts": list(books), "moment": moment}):
        books[row.account_id].stale = int(row.points)


def _undone(movements: Sequence[Movement], by_member: dict[int, Book]) -> list[Entry]:
    found = (
        by_member[movement.member_id].posted.get((movement.reason.code, movement.reference))
        for movement in movements
        if isinstance(movement, Reverse | Restore)
    )
    return [entry for entry in found if entry is not None]
