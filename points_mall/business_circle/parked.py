"""Purchases of people who became members afterwards: what is not too old earns after all."""

from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.settings import settings
from miniprogram_api.jobs.outbox import enqueue
from miniprogram_api.members.models import MemberIdentity
from points_mall.purchases.facts import Paid
from points_mall.purchases.recording import record_purchases
from points_mall.purchases.states import BUSINESS_CIRCLE

from .models import CircleSync

CLAIM = "circle.claim_parked"
"""The job that gives a new member the purchases of the days before."""

BATCH = 200

syncs = cast(sa.Table, CircleSync.__table__)
identities = cast(sa.Table, MemberIdentity.__table__)

_PARKED = (
    sa.select(
        syncs.c.id,
        syncs.c.transaction_id,
        syncs.c.amount_fen,
        syncs.c.paid_at,
        identities.c.member_id,
    )
    .join(identities, identities.c.openid == syncs.c.openid)
    .where(
        identities.c.appid == sa.bindparam("appid"),
        syncs.c.member_id.is_(None),
        syncs.c.paid_at >= sa.bindparam("since"),
    )
    .order_by(syncs.c.paid_at, syncs.c.id)
    .limit(BATCH)
)


def await_identity(member_id: int, **_: object) -> None:
    """A member has enrolled, in the caller's transaction: their purchases are looked for soon."""
    if settings().business_circle_enabled:
        enqueue(CLAIM, {"member_id": member_id})


def claim(member_id: int | None = None) -> int:
    """Give members the purchases that they made before they were; answer how many.

    They earn by the rule of the day on which they were paid. WeChat has been told of them as
    purchases that earn nothing, and is not told again: it takes one sync of a purchase.

    :param member_id: only this one's; None: everybody's.
    """
    count = 0
    while done := _claim_some(member_id):
        count += done
    return count


@retrying
def _claim_some(member_id: int | None) -> int:
    with transaction() as session:
        parked = _parked(session, member_id)
        record_purchases([_paid(row) for row in parked])
        owners = [{"id": row.id, "member_id": row.member_id} for row in parked]
        bulk.update(session, syncs, owners)
    return len(parked)


def _parked(session: Session, member_id: int | None) -> list[Any]:
    since = now() - timedelta(days=settings().business_circle_parked_days)
    query = _PARKED
    if member_id is not None:
        query = query.where(identities.c.member_id == member_id)
    return list(session.execute(query, {"appid": settings().wx_appid, "since": since}))


def _paid(row: Any) -> Paid:
    return Paid(
        source=BUSINESS_CIRCLE,
        external_id=row.transaction_id,
        amount_fen=row.amount_fen,
        paid_at=row.paid_at,
        member_id=row.member_id,
    )
