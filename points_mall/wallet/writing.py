"""Writing books back: all their changes, in a constant number of statements."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from miniprogram_api.core import bulk

from .book import Book
from .entries import Entry
from .models import WalletAccount, WalletEntry


def write(session: Session, books: Iterable[Book]) -> None:
    """Insert the entries that the books gathered and update their figures."""
    touched = [book for book in books if book.entries]
    rows = [_entry_row(book.member_id, entry) for book in touched for entry in book.entries]
    bulk.insert(session, WalletEntry.__table__, rows)
    figures = [_figures(book) for book in touched]
    bulk.update(session, WalletAccount.__table__, figures, key=("member_id",))


def _figures(book: Book) -> dict[str, Any]:
    return {
        "member_id": book.member_id,
        **book.figures._asdict(),
        "last_seq": book.last_seq,
        "last_hash": book.last_hash,
    }


def _entry_row(member_id: int, entry: Entry) -> dict[str, Any]:
    facts = vars(entry).copy()
    principal, bonus, debt = facts.pop("after")
    return {
        "member_id": member_id,
        **facts,
        "principal_after": principal,
        "bonus_after": bonus,
        "debt_after": debt,
    }
