"""Writing books back: all their changes, in a constant number of statements."""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy.orm import Session

from miniprogram_api.core import bulk

from .book import Book
from .models import (
    HoldPart,
    LedgerEntry,
    LotDraw,
    PendingEarning,
    PointsAccount,
    PointsHold,
    PointsLot,
)
from .open_items import OpenHold, Waiting


def write(session: Session, books: Iterable[Book]) -> None:
    """Insert what the books gathered and update what they changed."""
    touched = list(books)
    _write_entries(session, touched)
    _write_lots(session, touched)
    _write_draws(session, touched)
    _write_holds(session, touched)
    _write_waiting(session, touched)
    bulk.update(session, PointsAccount.__table__, [_figures(book) for book in touched])


def _figures(book: Book) -> dict[str, Any]:
    return {
        "id": book.account_id,
        "available": book.available,
        "held": book.held,
        "debt": book.debt,
        "pending": book.pending,
        "lifetime_earned": book.lifetime_earned,
        "last_seq": book.last_seq,
        "last_hash": book.last_hash,
    }


def _write_entries(session: Session, books: list[Book]) -> None:
    fresh = {(book.account_id, entry.seq): entry for book in books for entry in book.entries}
    rows = [
        {
            "account_id": account_id,
            **{name: getattr(entry, name) for name in _ENTRY_COLUMNS},
        }
        for (account_id, _), entry in fresh.items()
    ]
    returned = bulk.insert(
        session, LedgerEntry.__table__, rows, returning=("id", "account_id", "seq")
    )
    for row in returned:
        fresh[row.account_id, row.seq].id = row.id


_ENTRY_COLUMNS = (
    "seq",
    "points",
    "counterparty",
    "balance_after",
    "reason",
    "reference",
    "reverses_id",
    "explanation",
    "actor",
    "occurred_at",
    "expires_at",
    "prev_hash",
    "hash",
)


def _write_lots(session: Session, books: list[Book]) -> None:
    table = PointsLot.__table__
    fresh = {
        (entry.id, lot.restores_id): (book, lot) for book in books for entry, lot in book.granted
    }
    rows = [
        {
            "account_id": book.account_id,
            "entry_id": entry_id,
            "restores_id": restores_id,
            "granted": lot.granted,
            "remaining": lot.remaining,
            "held": lot.held,
            "expires_at": lot.expires_at,
        }
        for (entry_id, restores_id), (book, lot) in fresh.items()
    ]
    for row in bulk.insert(session, table, rows, returning=("id", "entry_id", "restores_id")):
        fresh[row.entry_id, row.restores_id][1].id = row.id
    changed = [
        {"id": lot.id, "remaining": lot.remaining, "held": lot.held}
        for book in books
        for key, lot in book.lots.items()
        if lot.changed and key > 0  # those just opened were inserted as they are
    ]
    bulk.update(session, table, changed)


def _write_draws(session: Session, books: list[Book]) -> None:
    rows = [
        {"entry_id": entry.id, "lot_id": lot.id, "kind": kind, "points": points}
        for book in books
        for entry, lot, kind, points in book.drawn
    ]
    bulk.insert(session, LotDraw.__table__, rows)


def _write_holds(session: Session, books: list[Book]) -> None:
    table = PointsHold.__table__
    fresh = {
        (book.account_id, *key): hold
        for book in books
        for key, hold in book.holds.items()
        if not hold.id
    }
    rows = [{"account_id": key[0], **_hold_row(hold)} for key, hold in fresh.items()]
    returned = bulk.insert(
        session, table, rows, returning=("id", "account_id", "reason", "reference")
    )
    for row in returned:
        fresh[row.account_id, row.reason, row.reference].id = row.id
    parts = [
        {"hold_id": hold.id, "lot_id": lot.id, "points": points}
        for hold in fresh.values()
        for lot, points in hold.parts
    ]
    bulk.insert(session, HoldPart.__table__, parts)
    closed = [
        {
            "id": hold.id,
            "state": hold.state,
            "captured_points": hold.captured_points,
            "closed_at": hold.closed_at,
        }
        for hold in _changed(books, lambda book: book.holds.values())
        if hold not in fresh.values()
    ]
    bulk.update(session, table, closed)


def _hold_row(hold: OpenHold) -> dict[str, Any]:
    names = ("points", "captured_points", "state", "reason", "counterparty", "reference")
    moments = ("placed_at", "expires_at", "closed_at")
    return {name: getattr(hold, name) for name in (*names, *moments)}


def _write_waiting(session: Session, books: list[Book]) -> None:
    table = PendingEarning.__table__
    fresh = [
        {"account_id": book.account_id, **_waiting_row(waiting)}
        for book in books
        for waiting in book.waiting.values()
        if not waiting.id
    ]
    bulk.insert(session, table, fresh)
    changed = [
        {
            "id": waiting.id,
            "state": waiting.state,
            "cancelled_points": waiting.cancelled_points,
        }
        for waiting in _changed(books, lambda book: book.waiting.values())
        if waiting.id
    ]
    bulk.update(session, table, changed)


def _waiting_row(waiting: Waiting) -> dict[str, Any]:
    credit = waiting.credit
    return {
        "points": credit.points,
        "cancelled_points": waiting.cancelled_points,
        "state": waiting.state,
        "reason": credit.reason.code,
        "counterparty": credit.reason.counterparty,
        "reference": credit.reference,
        "explanation": credit.explanation,
        "actor": credit.actor,
        "earned_at": waiting.earned_at,
        "matures_at": waiting.matures_at,
        "expires_at": credit.expires_at,
    }


def _changed(books: list[Book], items: Callable[[Book], Iterable[Any]]) -> list[Any]:
    return [item for book in books for item in items(book) if item.changed]
