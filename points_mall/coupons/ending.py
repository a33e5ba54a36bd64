"""How coupons end unused: by the calendar, by the merchant, or with their member's account."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction

from . import gifts
from .errors import CouponNotUsable, NoSuchCoupon
from .history import SYSTEM, Note, note_all
from .holding import change_all, conditioned, coupons, locked_rows
from .states import Happened, State

BATCH = 500
ACCOUNT_CLOSED = "account_closed"
_BY_CODE = conditioned(among(coupons.c.code, "codes"))


@retrying
def void(codes: Sequence[str], why: str, *, actor: str) -> int:
    """Make unused coupons worthless; answer how many. One that is void already stays so.

    :raises NoSuchCoupon: one of the numbers is none.
    :raises CouponNotUsable: one is locked, used or expired; nothing was voided.
    """
    with transaction():
        rows = locked_rows(_BY_CODE, codes=sorted(set(codes)))
        if missing := sorted(set(codes) - {row.code for row in rows}):
            raise NoSuchCoupon(f"no coupon {missing[0]}", coupon=missing[0])
        for row in rows:
            if row.state not in {State.UNUSED, State.VOID}:
                raise CouponNotUsable(
                    f"coupon {row.code} is {row.state}", coupon=row.code, reason=row.state
                )
        going = [row for row in rows if row.state == State.UNUSED]
        _end(going, State.VOID, Happened.VOIDED, why, actor)
        return len(going)


def expire() -> int:
    """Write down which unused coupons have come to their end, in batches; answer how many.

    They count for nothing from that moment on, whether or not this has run.
    """
    total = 0
    while count := _expire_some():
        total += count
    return total


def close_member(member_id: int, **_facts: object) -> None:
    """In the transaction that closes an account: open gifts are over, and what is unused is void.

    What a payment under way has locked stays with that payment.
    """
    gifts.withdraw_all(member_id)
    mine = conditioned(coupons.c.member_id == member_id, coupons.c.state == State.UNUSED)
    with transaction():
        _end(locked_rows(mine), State.VOID, Happened.VOIDED, ACCOUNT_CLOSED, SYSTEM)


@retrying
def _expire_some() -> int:
    db.session.rollback()
    due = (
        sa.select(coupons.c.id)
        .where(coupons.c.state == State.UNUSED, coupons.c.valid_until <= now())
        .order_by(coupons.c.valid_until)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    with transaction() as session:
        ids = list(session.scalars(due))
        rows = locked_rows(conditioned(among(coupons.c.id, "ids")), ids=ids) if ids else []
        _end(rows, State.EXPIRED, Happened.EXPIRED, "calendar", SYSTEM)
        return len(rows)


def _end(rows: Sequence[Any], state: State, how: Happened, why: str, actor: str) -> None:
    step = {"state": state.value, "changed_at": now(), "locked_for": None}
    change_all([{"id": row.id, **step} for row in rows])
    note_all(Note(row.id, how, why, actor=actor) for row in rows)
