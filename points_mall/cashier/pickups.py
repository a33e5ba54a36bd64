"""Handing rewards over (核销), and taking a hand-over back that was a mistake."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.settings import settings
from miniprogram_api.staff import audit
from miniprogram_api.staff.roles import MANAGER, may
from points_mall.redemption import pickup
from points_mall.redemption.models import RedemptionOrder
from points_mall.redemption.states import OrderStatus, origins_of

from . import shifts
from .errors import NotYourPickup, UndoOver
from .models import TillPickup
from .tills import Counter


def look_up(counter: Counter, code: str) -> dict[str, Any]:
    """The order of a pick-up code, and what can be done with it.

    :raises NoSuchPickup: no order has this code; paced.
    """
    return _told(counter, pickup.look_up_pickup(code, caller=counter.caller))


@retrying
def confirm(counter: Counter, code: str) -> dict[str, Any]:
    """Hand the order over, once.

    :raises NoSuchPickup: no order has this code; paced.
    :raises AlreadyCollected: it was handed over before.
    :raises StepNotAllowed: it is cancelled, or its cash half is not paid.
    """
    with transaction() as session:
        stood = session.scalar(sa.select(RedemptionOrder.status).filter_by(pickup_code=code))
        order = pickup.confirm_pickup(code, caller=counter.caller)
        session.refresh(order)  # within one transaction it is still shown as it stood
        session.add(
            TillPickup(
                order_no=order.order_no,
                till_id=counter.till_id,
                staff_id=counter.staff.staff_id,
                shift_id=shifts.open_shift(counter),
                confirmed_at=now(),
            )
        )
        session.flush()  # what is told below reads it
        audit.record(
            "till.pickup",
            f"order:{order.order_no}",
            before={"status": stood},
            after={"status": str(order.status)},
        )
        return _told(counter, order)


@retrying
def undo(counter: Counter, code: str, reason: str) -> dict[str, Any]:
    """Take a hand-over back within its window: the order waits at the counter again.

    :raises NoSuchPickup: no order has this code.
    :raises UndoOver: too long ago, not handed over at a till, or undone before.
    :raises NotYourPickup: somebody else handed it over, and the caller is no manager.
    """
    with transaction() as session:
        order = pickup.look_up_pickup(code, caller=counter.caller)
        row = session.scalar(
            _latest(order.order_no).with_for_update().execution_options(populate_existing=True)
        )
        if row is None or row.undone_at is not None or now() > _until(row):
            raise UndoOver("too long ago, or not handed over at a till")
        if not _may_undo(counter, row):
            raise NotYourPickup("somebody else handed it over")
        back = pickup.take_back_pickup(code)
        if back is None:
            raise UndoOver("it is not handed over")
        row.undone_at, row.undone_by = now(), counter.staff.staff_id
        session.flush()  # what is told below reads it
        audit.record(
            "till.undo_pickup",
            f"order:{order.order_no}",
            before={"status": OrderStatus.COLLECTED.value},
            after={"status": str(back.status)},
            reason=reason,
        )
        return _told(counter, back)


def _told(counter: Counter, order: RedemptionOrder) -> dict[str, Any]:
    row = None
    is_collected = order.status == OrderStatus.COLLECTED
    if is_collected:
        row = db.session.scalar(_latest(order.order_no))
    until = _until(row) if row is not None and row.undone_at is None else None
    can_undo = row is not None and until is not None and now() <= until
    return {
        "order_no": order.order_no,
        "title": order.title,
        "quantity": order.quantity,
        "points": order.points,
        "cash_fen": order.cash_fen,
        "status": order.status,
        "collected_at": _moment(order.changed_at) if is_collected else None,
        "can_confirm": order.status in origins_of(OrderStatus.COLLECTED),
        "can_undo": bool(can_undo and row is not None and _may_undo(counter, row)),
        "undo_until": _moment(until),
    }


def _may_undo(counter: Counter, row: TillPickup) -> bool:
    is_own = row.staff_id == counter.staff.staff_id
    return is_own or may(counter.staff.role, MANAGER.code)


def _until(row: TillPickup) -> datetime:
    return row.confirmed_at + timedelta(minutes=settings().till_pickup_undo_minutes)


def _latest(order_no: str) -> sa.Select[TillPickup]:
    query = sa.select(TillPickup).filter_by(order_no=order_no)
    return query.order_by(TillPickup.id.desc()).limit(1)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else in_shop_time(moment).isoformat()
