"""Shifts: a cashier's time at a till (交班), opened by the first act, closed with a report."""

from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.staff import audit
from points_mall.purchases.models import Purchase

from .errors import NoOpenShift
from .models import TENDERS, Shift, TillPickup, TillRefund, TillSale
from .tills import Counter

POINTS, WALLET = "points", "wallet"
"""What pays beside the counter's own tenders."""

_shifts = cast(sa.Table, Shift.__table__)


def open_shift(counter: Counter) -> int:
    """In the caller's transaction: the shift to which an act belongs; the first act opens it.

    Whoever closes it waits for the acts under way, and what comes after them opens the next.
    """
    session = current_transaction()
    found = _find_open(session, counter, wait=True)
    if found is None:
        row = {
            "till_id": counter.till_id,
            "staff_id": counter.staff.staff_id,
            "opened_at": now(),
        }
        bulk.insert_missing(session, _shifts, [row])
        found = _find_open(session, counter, wait=True)
    if found is None:
        raise RuntimeError("a shift that was opened in this transaction is not there")
    return int(found.id)


def current(counter: Counter) -> dict[str, Any]:
    """The report of the shift under way; without one, a report of nothing."""
    found = _find_open(db.session(), counter, wait=False)
    if found is None:
        return _heading(counter, None, None, None) | _figures(db.session(), None)
    return _heading(counter, found.id, found.opened_at, None) | _figures(db.session(), found.id)


@retrying
def close(counter: Counter) -> dict[str, Any]:
    """Close the shift under way, and keep its report as it is printed.

    :raises NoOpenShift: nothing was done since the last close.
    """
    with transaction() as session:
        query = _open(counter).with_for_update()
        found = session.execute(query).one_or_none()
        if found is None:
            raise NoOpenShift("nothing was done here since the last close")
        moment = now()
        report = _heading(counter, found.id, found.opened_at, moment) | _figures(session, found.id)
        session.execute(
            sa.update(_shifts)
            .where(_shifts.c.id == found.id)
            .values(closed_at=moment, report=report)
        )
        audit.record("till.close_shift", f"shift:{found.id}")
        return report


def _find_open(session: Session, counter: Counter, *, wait: bool) -> Any:
    query = _open(counter)
    return session.execute(query.with_for_update(read=True) if wait else query).one_or_none()


def _open(counter: Counter) -> sa.Select[Any]:
    return sa.select(_shifts).where(
        _shifts.c.till_id == counter.till_id,
        _shifts.c.staff_id == counter.staff.staff_id,
        _shifts.c.closed_at.is_(None),
    )


def _heading(
    counter: Counter, shift_id: int | None, opened_at: datetime | None, closed_at: datetime | None
) -> dict[str, Any]:
    return {
        "shift_id": None if shift_id is None else str(shift_id),
        "till": counter.code,
        "store": counter.store,
        "cashier": counter.staff.name,
        "opened_at": opened_at and in_shop_time(opened_at).isoformat(),
        "closed_at": closed_at and in_shop_time(closed_at).isoformat(),
    }


def _figures(session: Session, shift_id: int | None) -> dict[str, Any]:
    """What was sold, taken and given in a shift."""
    sold, by_tender = _sales(session, shift_id)
    back = _sums(
        session,
        TillRefund.shift_id == shift_id,
        ("count", sa.func.count(TillRefund.id)),
        *((name, _sum(getattr(TillRefund, name))) for name in _REFUND_SUMS),
    )
    handed = _sums(
        session,
        TillPickup.shift_id == shift_id,
        ("confirmed", sa.func.count(TillPickup.id)),
        ("undone", sa.func.count(TillPickup.undone_at)),
    )
    cash = sum(one["fen"] for one in by_tender if one["tender"] == "cash")
    return {
        "sales": {name: sold[name] for name in ("count", "gross_fen", "discount_fen")},
        "tenders": by_tender,
        "refunds": {name: back[name] for name in ("count", "value_fen", "cash_fen", "wallet_fen")},
        "cash_in_drawer_fen": cash - _cash_given_back(session, shift_id),
        "points": {
            "earned": sold["earned"],
            "spent": sold["spent"],
            "taken_back": back["points_taken_back"],
            "returned": back["points_returned"],
        },
        "pickups": handed,
    }


_REFUND_SUMS = ("value_fen", "cash_fen", "wallet_fen", "points_taken_back", "points_returned")


def _sales(session: Session, shift_id: int | None) -> tuple[dict[str, int], list[dict[str, Any]]]:
    rows = session.execute(
        sa.select(
            TillSale.tender,
            sa.func.count(TillSale.id).label("sold"),
            *(_sum(getattr(Purchase, name)).label(name) for name in _SALE_SUMS),
            sa.func.count(sa.case((Purchase.points_fen > 0, 1))).label("with_points"),
            sa.func.count(sa.case((Purchase.wallet_fen > 0, 1))).label("with_wallet"),
        )
        .join(Purchase, Purchase.id == TillSale.purchase_id)
        .where(TillSale.shift_id == shift_id)
        .group_by(TillSale.tender)
    ).all()
    total = {name: sum(int(getattr(row, name)) for row in rows) for name in _SALE_SUMS}
    paid = {row.tender: (row.sold, int(row.cash_fen)) for row in rows}
    paid[POINTS] = (sum(row.with_points for row in rows), total["points_fen"])
    paid[WALLET] = (sum(row.with_wallet for row in rows), total["wallet_fen"])
    by_tender = [
        {"tender": name, "count": paid[name][0], "fen": paid[name][1]}
        for name in (*TENDERS, POINTS, WALLET)
        if name in paid and paid[name][0]
    ]
    sold = {
        "count": sum(row.sold for row in rows),
        "gross_fen": total["gross_fen"],
        "discount_fen": total["discount_fen"],
        "earned": total["points_earned"],
        "spent": total["points_used"],
    }
    return sold, by_tender


def _cash_given_back(session: Session, shift_id: int | None) -> int:
    """What refunds took out of the drawer: those of sales that were paid in cash."""
    query = (
        sa.select(_sum(TillRefund.cash_fen))
        .join(TillSale, TillSale.id == TillRefund.sale_id)
        .where(TillRefund.shift_id == shift_id, TillSale.tender == "cash")
    )
    return int(session.scalar(query) or 0)


_SALE_SUMS = (
    "gross_fen",
    "discount_fen",
    "cash_fen",
    "points_fen",
    "wallet_fen",
    "points_earned",
    "points_used",
)


def _sums(session: Session, which: sa.ColumnElement[bool], *columns: Any) -> dict[str, int]:
    named = [column.label(name) for name, column in columns]
    row = session.execute(sa.select(*named).where(which)).one()
    return {name: int(getattr(row, name)) for name, _column in columns}


def _sum(column: Any) -> Any:
    return sa.func.coalesce(sa.func.sum(column), 0)
