"""What the business circle knows of one member: told on demand, erased with the account."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import current_transaction, db
from miniprogram_api.members.models import MemberIdentity

from .authorizing import shopper_of
from .models import CircleShopper, CircleSync
from .states import SyncState


def export_circle(member_id: int) -> dict[str, Any]:
    """The authorisation, and the purchases of which WeChat was told, as plain JSON."""
    shopper = shopper_of(member_id)
    rows = db.session.scalars(
        sa.select(CircleSync).filter_by(member_id=member_id).order_by(CircleSync.id)
    )
    return {
        "authorization": {
            "state": shopper.state,
            "card_code": shopper.card_code,
            "authorized_at": _told(shopper.authorized_at),
            "deauthorized_at": _told(shopper.deauthorized_at),
        }
        if shopper
        else None,
        "purchases": [
            {
                "transaction_id": row.transaction_id,
                "amount_fen": row.amount_fen,
                "paid_at": _told(row.paid_at),
                "points": row.points,
                "remark": row.remark,
                "told_wechat_at": _told(row.synced_at),
            }
            for row in rows
        ],
    }


def forget_member(member_id: int, **_: object) -> None:
    """Erase WeChat's name of the member, in the transaction that closes the account.

    What WeChat has not been told yet, it is not told any more.
    """
    session = current_transaction()
    openids = sa.select(MemberIdentity.openid).filter_by(member_id=member_id)
    theirs = sa.or_(CircleSync.member_id == member_id, CircleSync.openid.in_(openids))
    session.execute(
        sa.update(CircleSync)
        .where(theirs, CircleSync.state == SyncState.DUE)
        .values(state=SyncState.ENDED.value)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        sa.update(CircleSync)
        .where(theirs)
        .values(openid=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        sa.delete(CircleShopper)
        .where(CircleShopper.openid.in_(openids))
        .execution_options(synchronize_session=False)
    )


def _told(moment: datetime | None) -> str | None:
    return in_shop_time(moment).isoformat() if moment else None
