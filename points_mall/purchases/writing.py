"""Writing purchases and refunds back, in a constant number of statements."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from miniprogram_api.core import bulk

from .loading import lines, purchases, refunds
from .records import PurchaseRecord, RefundRecord

_PURCHASE_CHANGES = (
    "id",
    "member_id",
    "status",
    "refunded_fen",
    "points_earned",
    "cashback_fen",
    "paid_at",
    "closed_at",
    "close_reason",
    "paid_late_at",
    "explanation",
)
_REFUND_CHANGES = (
    "id",
    "purchase_id",
    "cash_fen",
    "state",
    "note",
    "applied_at",
    "value_fen",
    "points_taken_back",
    "points_returned",
    "wallet_returned_fen",
    "cashback_taken_back_fen",
)


def write_purchases(session: Session, records: Collection[PurchaseRecord]) -> None:
    """Insert those that are new, with their lines, and update the others."""
    fresh = {record.purchase_no: record for record in records if not record.id}
    rows = [_row(record, without=("id", "lines")) for record in fresh.values()]
    for row in bulk.insert(session, purchases, rows, returning=("id", "purchase_no")):
        fresh[row.purchase_no].id = row.id
    new_lines = [
        {"purchase_id": record.id, **asdict(line)}
        for record in fresh.values()
        for line in record.lines
    ]
    bulk.insert(session, lines, new_lines)
    known = [record for record in records if record.purchase_no not in fresh]
    bulk.update(session, purchases, [_only(record, _PURCHASE_CHANGES) for record in known])


def write_refunded(session: Session, records: Collection[PurchaseRecord]) -> None:
    """Update what came back of purchases and of their lines."""
    figures = [{"id": record.id, "refunded_fen": record.refunded_fen} for record in records]
    bulk.update(session, purchases, figures)
    of_lines = [
        {
            "purchase_id": record.id,
            "line_no": line.line_no,
            "refunded_fen": line.refunded_fen,
        }
        for record in records
        for line in record.lines
    ]
    bulk.update(session, lines, of_lines, key=("purchase_id", "line_no"))


def insert_refunds(session: Session, records: Sequence[RefundRecord]) -> None:
    """Insert refunds that are new."""
    fresh = {record.refund_no: record for record in records}
    rows = [_row(record, without=("id",)) for record in fresh.values()]
    for row in bulk.insert(session, refunds, rows, returning=("id", "refund_no")):
        fresh[row.refund_no].id = row.id


def write_refunds(session: Session, records: Collection[RefundRecord]) -> None:
    """Update what became of refunds."""
    bulk.update(session, refunds, [_only(record, _REFUND_CHANGES) for record in records])


def _row(record: Any, *, without: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in without}


def _only(record: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}
