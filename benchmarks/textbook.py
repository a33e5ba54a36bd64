"""The textbook way to claim: ORM objects, a lock on the stock's row, one commit for each request.

The same work on the same tables as `redemption.placing`, which the audits accept as well. It stands
here to be measured against, not to be used.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Response, jsonify
from sqlalchemy.orm import Session

from miniprogram_api.auth.guards import current_member_id, for_member
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import transaction
from miniprogram_api.core.ids import numbered
from miniprogram_api.http.idempotency import claim_of_request
from miniprogram_api.http.json_body import body
from miniprogram_api.repeats.models import IdempotencyRecord
from miniprogram_api.repeats.records import Claim, IdempotencyKeyReused
from points_mall.ledger.entries import Entry
from points_mall.ledger.errors import InsufficientPoints
from points_mall.ledger.models import DrawKind, LedgerEntry, LotDraw, PointsAccount, PointsLot
from points_mall.redemption.models import RedemptionOrder
from points_mall.redemption.placing import order_no_for
from points_mall.redemption.reasons import FLASH_SALE
from points_mall.stock.errors import SoldOut
from points_mall.stock.models import StockPool, StockUnit

POINTS = 10  # as the sale of `people`
TITLE = "Textbook"


@for_member(keeps_own_pace=True)
def claim() -> Response:
    """Claim one unit of a pool."""
    asked: Any = body()
    answer, status = _claim(claim_of_request(), int(asked["pool_id"]), current_member_id())
    response = jsonify(answer)
    response.status_code = status
    return response


def _claim(claim: Claim, pool_id: int, member_id: int) -> tuple[Any, int]:
    with transaction() as session:
        known = session.scalar(
            sa.select(IdempotencyRecord).filter_by(scope=claim.scope, key=claim.key)
        )
        if known is not None:
            if known.fingerprint != claim.fingerprint:
                raise IdempotencyKeyReused("this key was used with another body or path")
            return known.body, known.status
        moment = now()
        unit = _next_unit(session, pool_id)
        order_no = order_no_for(claim)
        available = _spend(session, member_id, f"order:{order_no}", moment)
        unit.holder, unit.member_id = order_no, member_id
        order = _order(order_no, pool_id, member_id, moment)
        session.add(order)
        answer = {
            "order_no": order_no,
            "points": POINTS,
            "status": order.status,
            "pickup_code": order.pickup_code,
            "points_available": available,
        }
        session.add(
            IdempotencyRecord(
                scope=claim.scope,
                key=claim.key,
                fingerprint=claim.fingerprint,
                status=201,
                body=answer,
                created_at=moment,
            )
        )
    return answer, 201


def _next_unit(session: Session, pool_id: int) -> StockUnit:
    """Lock the pool, then take its first free unit."""
    session.get_one(StockPool, pool_id, with_for_update=True)
    unit = session.scalar(
        sa.select(StockUnit)
        .where(StockUnit.pool_id == pool_id, StockUnit.holder.is_(None))
        .order_by(StockUnit.unit_no)
        .limit(1)
    )
    if unit is None:
        raise SoldOut
    return unit


def _spend(session: Session, member_id: int, reference: str, moment: datetime) -> int:
    """Debit the account, drawing on its lots, soonest to expire first."""
    account = session.scalars(
        sa.select(PointsAccount).filter_by(member_id=member_id).with_for_update()
    ).one()
    if account.available < POINTS:
        raise InsufficientPoints(POINTS, account.available)
    account.available -= POINTS
    entry = _entry(account, reference, moment)
    session.add(entry)
    session.flush()  # the draws need the entry's id
    need = POINTS
    for lot in session.scalars(
        sa.select(PointsLot)
        .where(
            PointsLot.account_id == account.id,
            PointsLot.remaining > 0,
            PointsLot.expires_at > moment,
        )
        .order_by(PointsLot.expires_at, PointsLot.id)
    ):
        part = min(need, lot.remaining - lot.held)
        lot.remaining -= part
        need -= part
        if part:
            draw = LotDraw(entry_id=entry.id, lot_id=lot.id, kind=DrawKind.SPEND, points=part)
            session.add(draw)
        if not need:
            break
    return account.available


def _entry(account: PointsAccount, reference: str, moment: datetime) -> LedgerEntry:
    """The next entry of an account, chained to the last."""
    facts = {
        "seq": account.last_seq + 1,
        "points": -POINTS,
        "counterparty": FLASH_SALE.counterparty,
        "balance_after": account.available + account.held - account.debt,
        "reason": FLASH_SALE.code,
        "reference": reference,
        "reverses_id": None,
        "explanation": {
            "source": "flash_sale",
            "title": TITLE,
            "points_each": POINTS,
            "quantity": 1,
        },
        "actor": "system",
        "occurred_at": moment,
        "expires_at": None,
        "prev_hash": account.last_hash,
    }
    sealed = Entry(id=0, **facts).sealed(account.id)  # type: ignore[arg-type]
    account.last_seq, account.last_hash = account.last_seq + 1, sealed
    return LedgerEntry(account_id=account.id, hash=sealed, **facts)


def _order(order_no: str, pool_id: int, member_id: int, moment: datetime) -> RedemptionOrder:
    return RedemptionOrder(
        order_no=order_no,
        member_id=member_id,
        source="flash_sale",
        source_id=pool_id,
        pool_id=pool_id,
        title=TITLE,
        quantity=1,
        points=POINTS,
        status="ready",
        fulfilment="pickup",
        pickup_code=numbered("6", 14),
        placed_at=moment,
        changed_at=moment,
    )
