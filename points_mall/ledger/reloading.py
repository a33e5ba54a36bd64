"""Reading back what movements left behind: entries, lots, holds, and the past of an entry."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.bulk import among

from .book import Book
from .entries import Entry
from .lots import Lot, Share, payment_order
from .models import DrawKind, HoldPart, HoldState, LedgerEntry, LotDraw, PointsHold, PointsLot
from .open_items import OpenHold, Past

entries = LedgerEntry.__table__
lots = PointsLot.__table__
draws = LotDraw.__table__
holds = PointsHold.__table__
parts = HoldPart.__table__

_HOLDS = sa.select(holds).where(
    among(holds.c.account_id, "accounts"),
    sa.or_(
        holds.c.state == HoldState.OPEN,
        sa.and_(among(holds.c.reason, "reasons"), among(holds.c.reference, "references")),
    ),
)
_PARTS = sa.select(parts).where(among(parts.c.hold_id, "holds"))
_REVERSERS = sa.select(entries.c.id, entries.c.reverses_id, entries.c.points).where(
    among(entries.c.reverses_id, "entries")
)
_LOTS_OPENED_BY = sa.select(lots).where(among(lots.c.entry_id, "entries"))
_LOTS_BY_ID = sa.select(lots).where(among(lots.c.id, "lots"))
_DRAWS_BY = sa.select(draws).where(among(draws.c.entry_id, "entries")).order_by(draws.c.id)
_EXPIRIES_OF = sa.select(draws.c.lot_id, draws.c.points).where(
    among(draws.c.lot_id, "lots"), draws.c.kind == DrawKind.EXPIRE
)


def to_entry(row: Any) -> Entry:
    """An entry as it stands in the database."""
    return Entry(
        id=row.id,
        seq=row.seq,
        points=row.points,
        counterparty=row.counterparty,
        balance_after=row.balance_after,
        reason=row.reason,
        reference=row.reference,
        reverses_id=row.reverses_id,
        explanation=row.explanation,
        actor=row.actor,
        occurred_at=row.occurred_at,
        expires_at=row.expires_at,
        prev_hash=row.prev_hash,
        hash=row.hash,
    )


def to_lot(row: Any) -> Lot:
    """A lot as it stands in the database."""
    return Lot(
        row.id,
        row.granted,
        row.remaining,
        row.held,
        row.expires_at,
        entry_id=row.entry_id,
        restores_id=row.restores_id,
    )


def load_holds(
    session: Session, books: dict[int, Book], reasons: Sequence[str], references: Sequence[str]
) -> None:
    """Load the accounts' open holds, and those with the given keys whatever their state."""
    found: dict[int, tuple[Book, OpenHold]] = {}
    criteria = {"accounts": list(books), "reasons": reasons, "references": references}
    for row in session.execute(_HOLDS, criteria):
        hold = OpenHold(
            row.id,
            row.points,
            row.reason,
            row.counterparty,
            row.reference,
            row.placed_at,
            row.expires_at,
            row.state,
            row.captured_points,
            row.closed_at,
        )
        books[row.account_id].holds[row.reason, row.reference] = hold
        if hold.state == HoldState.OPEN:
            found[row.id] = (books[row.account_id], hold)
    if not found:
        return
    for row in session.execute(_PARTS, {"holds": list(found)}):
        book, hold = found[row.hold_id]
        hold.parts.append(Share(book.lots[row.lot_id], row.points))  # held, so its lot is loaded
    for _, hold in found.values():
        hold.parts.sort(key=lambda part: payment_order(part.lot))  # as they were set aside


def load_past(session: Session, books: dict[int, Book], undone: Sequence[Entry]) -> None:
    """Load what happened since to the entries that are to be undone."""
    ids = [entry.id for entry in undone]
    account_of = {
        entry.id: book for book in books.values() for entry in book.posted.values() if entry.id
    }
    reversers = session.execute(_REVERSERS, {"entries": ids}).all()
    undoes = {row.id: row.reverses_id for row in reversers}
    for row in reversers:
        _past(account_of, row.reverses_id).undone += abs(row.points)
    _load_own_lots(session, account_of, ids)
    _load_outstanding(session, account_of, ids, undoes)


def _past(account_of: dict[int, Book], entry_id: int) -> Past:
    return account_of[entry_id].past.setdefault(entry_id, Past())


def _load_own_lots(session: Session, account_of: dict[int, Book], ids: list[int]) -> None:
    opened_by = {}
    for row in session.execute(_LOTS_OPENED_BY, {"entries": ids}):
        book = account_of[row.entry_id]
        lot = book.lots.setdefault(row.id, to_lot(row))
        _past(account_of, row.entry_id).own_lots.append(lot)
        opened_by[row.id] = row.entry_id
    if opened_by:
        for row in session.execute(_EXPIRIES_OF, {"lots": list(opened_by)}):
            _past(account_of, opened_by[row.lot_id]).expired += row.points


def _load_outstanding(
    session: Session, account_of: dict[int, Book], ids: list[int], undoes: dict[int, int]
) -> None:
    """What each debit drew from each lot, less what restorations have given back."""
    drawn: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in session.execute(_DRAWS_BY, {"entries": [*ids, *undoes]}):
        if row.kind in {DrawKind.SPEND, DrawKind.RESTORE}:
            drawn[undoes.get(row.entry_id, row.entry_id)][row.lot_id] += row.points
    for row in session.execute(_LOTS_OPENED_BY, {"entries": list(undoes)}):
        if row.restores_id is not None:
            drawn[undoes[row.entry_id]][row.restores_id] -= row.granted
    wanted = {
        lot_id
        for entry_id, by_lot in drawn.items()
        for lot_id in by_lot
        if lot_id not in account_of[entry_id].lots
    }
    missing = {row.id: to_lot(row) for row in session.execute(_LOTS_BY_ID, {"lots": list(wanted)})}
    for entry_id, by_lot in drawn.items():
        book = account_of[entry_id]
        for lot_id, points in by_lot.items():
            lot = book.lots.setdefault(lot_id, missing.get(lot_id) or book.lots[lot_id])
            if points:
                _past(account_of, entry_id).outstanding.append(Share(lot, points))
