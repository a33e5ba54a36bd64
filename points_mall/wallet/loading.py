"""Opening books: everything that a list of movements needs, in a constant number of SELECTs.

Wallets are locked first, in the order of their members' ids; all else is read under their locks.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.bulk import among

from .book import Book, Undone
from .entries import Entry, Key, genesis
from .figures import Figures
from .models import WalletAccount, WalletEntry
from .movements import Movement, Restore, Reverse
from .reasons import REFUND, REVERSAL

accounts = cast(sa.Table, WalletAccount.__table__)
entries = cast(sa.Table, WalletEntry.__table__)

_LOCK = (
    sa.select(accounts)
    .where(among(accounts.c.member_id, "members"))
    .order_by(accounts.c.member_id)
    .with_for_update()
)
_ENTRIES = sa.select(entries).where(
    among(entries.c.member_id, "members"),
    among(entries.c.reason, "reasons"),
    among(entries.c.reference, "references"),
)
_UNDONE = (
    sa.select(
        entries.c.member_id,
        entries.c.undoes_seq,
        sa.func.sum(entries.c.principal_fen).label("principal_fen"),
        sa.func.sum(entries.c.bonus_fen).label("bonus_fen"),
    )
    .where(among(entries.c.member_id, "members"), among(entries.c.undoes_seq, "numbers"))
    .group_by(entries.c.member_id, entries.c.undoes_seq)
)


def lock_accounts(session: Session, member_ids: Iterable[int], moment: datetime) -> Sequence[Any]:
    """Lock the members' wallets in the order of their ids, opening those that are missing."""
    wanted = sorted(set(member_ids))
    rows = session.execute(_LOCK, {"members": wanted}).all()
    if len(rows) == len(wanted):
        return rows
    found = {row.member_id for row in rows}
    fresh = [_new_account(member, moment) for member in wanted if member not in found]
    bulk.insert_missing(session, accounts, fresh)
    return session.execute(_LOCK, {"members": wanted}).all()


def open_books(
    session: Session, movements: Sequence[Movement], moment: datetime
) -> dict[int, Book]:
    """The books of all members concerned, by member id, ready for `movements`."""
    rows = lock_accounts(session, (movement.member_id for movement in movements), moment)
    books = {row.member_id: _book(row, moment) for row in rows}
    _load_posted(session, books, {key for movement in movements for key in _keys(movement)})
    _load_undone(session, books, movements)
    return books


def to_figures(row: Any) -> Figures:
    """What a wallet holds, as it stands in the database."""
    return Figures(row.principal_fen, row.bonus_fen, row.debt_fen)


def to_entry(row: Any) -> Entry:
    """An entry as it stands in the database."""
    return Entry(
        seq=row.seq,
        principal_fen=row.principal_fen,
        bonus_fen=row.bonus_fen,
        after=Figures(row.principal_after, row.bonus_after, row.debt_after),
        reason=row.reason,
        reference=row.reference,
        undoes_seq=row.undoes_seq,
        explanation=row.explanation,
        actor=row.actor,
        occurred_at=row.occurred_at,
        prev_hash=row.prev_hash,
        hash=row.hash,
    )


def _keys(movement: Movement) -> Iterable[Key]:
    """Reasons and references under which the movement, or what it undoes, may stand already."""
    yield movement.reason.code, movement.reference
    if isinstance(movement, Reverse):
        yield REVERSAL.code, movement.by
    if isinstance(movement, Restore):
        yield REFUND.code, movement.by


def _new_account(member_id: int, moment: datetime) -> dict[str, Any]:
    zeros = dict.fromkeys(("principal_fen", "bonus_fen", "debt_fen", "last_seq"), 0)
    return {
        "member_id": member_id,
        **zeros,
        "last_hash": genesis(member_id),
        "opened_at": moment,
    }


def _book(row: Any, moment: datetime) -> Book:
    return Book(moment, row.member_id, to_figures(row), row.last_seq, row.last_hash)


def _load_posted(session: Session, books: dict[int, Book], keys: set[Key]) -> None:
    found = session.execute(
        _ENTRIES,
        {
            "members": list(books),
            "reasons": sorted({reason for reason, _ in keys}),
            "references": sorted({reference for _, reference in keys}),
        },
    )
    for row in found:
        books[row.member_id].posted[row.reason, row.reference] = to_entry(row)


def _load_undone(session: Session, books: dict[int, Book], movements: Sequence[Movement]) -> None:
    numbers = {
        entry.seq
        for movement in movements
        if isinstance(movement, Reverse | Restore)
        and (
            entry := books[movement.member_id].posted.get(
                (movement.reason.code, movement.reference)
            )
        )
    }
    if not numbers:
        return
    found = session.execute(_UNDONE, {"members": list(books), "numbers": sorted(numbers)})
    for row in found:
        books[row.member_id].undone[row.undoes_seq] = Undone(
            abs(int(row.principal_fen)), abs(int(row.bonus_fen))
        )
