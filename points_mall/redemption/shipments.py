"""Parcels: what waits to be sent, and files that say what was. A file is kept, looked at, applied once."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import canonical_json, db, retrying, transaction
from miniprogram_api.core.errors import NotFound, Unprocessable
from miniprogram_api.staff import audit

from . import services
from .models import RedemptionOrder
from .orders import locked_orders
from .shipment_lines import Line, Standing, Verdict, judged, kept
from .shipment_models import ShipmentImport
from .states import OrderStatus

MOST_LINES = 5_000
BATCH = 200


class NoSuchImport(NotFound):
    """No file has this number."""

    code = "no_such_import"
    title_zh = "没有这次导入"
    title_en = "No such import"


class TooManyLines(Unprocessable):
    """A file has more lines than are applied at once; `most` says how many are."""

    code = "too_many_lines"
    title_zh = "一次导入的行数过多"
    title_en = "Too many lines for one import"


def waiting() -> sa.Select[RedemptionOrder]:
    """A query for the orders that wait to be sent and say where to, the oldest first."""
    is_waiting = (
        RedemptionOrder.status == sa.literal_column("'placed'"),
        RedemptionOrder.fulfilment == sa.literal_column("'delivery'"),
        RedemptionOrder.delivery_sealed.is_not(None),
    )
    return sa.select(RedemptionOrder).where(*is_waiting).order_by(RedemptionOrder.id)


@retrying
def keep(lines: Sequence[Line]) -> int:
    """Keep a file to be looked at; the same lines again are the same import. Its number.

    :raises TooManyLines: they are.
    """
    if len(lines) > MOST_LINES:
        raise TooManyLines(f"at most {MOST_LINES} lines", most=MOST_LINES)
    content = {"lines": kept(lines)}
    file_hash = hashlib.sha256(canonical_json(content).encode()).hexdigest()
    with transaction() as session:
        known = session.scalar(sa.select(ShipmentImport.id).filter_by(file_hash=file_hash))
        if known is not None:
            return known
        row = ShipmentImport(
            file_hash=file_hash,
            line_count=len(lines),
            content=content,
            uploaded_by=audit.actor(),
            uploaded_at=now(),
        )
        session.add(row)
        session.flush()  # its number is the answer
        after = {"lines": len(lines)}
        audit.record("shipments.upload", f"shipment_import:{row.id}", after=after)
        return row.id


def import_with(import_id: int) -> ShipmentImport:
    """One import.

    :raises NoSuchImport: there is none.
    """
    found = db.session.get(ShipmentImport, import_id, populate_existing=True)
    if found is None:
        raise NoSuchImport(f"no import {import_id}")
    return found


def shown(told: ShipmentImport) -> list[tuple[Line, Verdict]]:
    """What became of each line; of a file that is not applied yet, what would."""
    lines = _lines(told)
    if told.outcome is not None:
        return [(line, Verdict(told.outcome[str(line.line)])) for line in lines]
    wanted = sorted({line.order_no for line in lines})
    orders: dict[str, Standing] = {}
    for start in range(0, len(wanted), BATCH):
        numbers = wanted[start : start + BATCH]
        query = sa.select(RedemptionOrder).where(RedemptionOrder.order_no.in_(numbers))
        orders |= _standings(db.session.scalars(query).all())
    return judged(lines, orders)


def apply(import_id: int) -> None:
    """Send what a file says, each line once; a repeat changes nothing.

    In batches, each a transaction with its acts. Where this ends half-way, a repeat finds what was
    sent and goes on.

    :raises NoSuchImport: there is none.
    """
    told = import_with(import_id)
    if told.outcome is not None:
        return
    lines, outcome = _lines(told), {}
    for line, verdict in shown(told):
        outcome[str(line.line)] = verdict.value
    ready = [line for line in lines if outcome[str(line.line)] == Verdict.SHIPS]
    for start in range(0, len(ready), BATCH):
        sent = _apply_some(ready[start : start + BATCH])
        outcome |= {str(line): verdict.value for line, verdict in sent.items()}
    _finish(import_id, outcome)


@retrying
def _apply_some(lines: Sequence[Line]) -> dict[int, Verdict]:
    with transaction():
        numbers = [line.order_no for line in lines]
        held = locked_orders(RedemptionOrder.order_no.in_(numbers))
        verdicts = judged(lines, _standings(held))
        parcels = {
            line.order_no: (line.carrier, line.tracking_no)
            for line, verdict in verdicts
            if verdict is Verdict.SHIPS
        }
        for order_no in services.ship_all(parcels):
            carrier, tracking_no = parcels[order_no]
            audit.record(
                "order.ship",
                f"order:{order_no}",
                before={"status": OrderStatus.PLACED.value},
                after={
                    "status": OrderStatus.SHIPPED.value,
                    "carrier": carrier,
                    "tracking_no": tracking_no,
                },
            )
    return {line.line: verdict for line, verdict in verdicts}


@retrying
def _finish(import_id: int, outcome: Mapping[str, str]) -> None:
    with transaction() as session:
        told = _locked(session, import_id)
        if told.outcome is not None:
            return  # somebody else applied the same file at the same moment
        told.outcome, told.applied_at, told.applied_by = dict(outcome), now(), audit.actor()
        figures: dict[str, Any] = {"lines": told.line_count}
        for verdict in sorted(set(outcome.values())):
            figures[verdict] = list(outcome.values()).count(verdict)
        subject = f"shipment_import:{import_id}"
        audit.record("shipments.apply", subject, before={"applied": False}, after=figures)


def _locked(session: Session, import_id: int) -> ShipmentImport:
    return session.get_one(ShipmentImport, import_id, with_for_update=True, populate_existing=True)


def _lines(told: ShipmentImport) -> list[Line]:
    return [Line(**line) for line in told.content["lines"]]


def _standings(orders: Sequence[RedemptionOrder]) -> dict[str, Standing]:
    return {
        order.order_no: Standing(
            order.status,
            order.fulfilment,
            order.delivery_sealed is not None,
            order.carrier,
            order.tracking_no,
        )
        for order in orders
    }
