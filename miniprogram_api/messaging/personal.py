"""A member's part of this feature: what an export shows, what a closed account leaves."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import current_transaction, db

from .models import MessageAnswer, MessageOptIn, SentMessage
from .opt_in import quotas


def messages_of(member_id: int) -> dict[str, Any]:
    """What the member has accepted and what was sent, as plain JSON."""
    sent = db.session.scalars(
        sa.select(SentMessage).filter_by(member_id=member_id).order_by(SentMessage.id)
    )
    return {
        "accepted": quotas(member_id),
        "sent": [
            {
                "kind": message.kind,
                "state": message.state,
                "at": in_shop_time(message.sent_at or message.created_at).isoformat(),
            }
            for message in sent
        ],
    }


def forget_member(member_id: int) -> None:
    """Delete everything about the member, in the transaction that closes the account."""
    session = current_transaction()
    for model in (MessageOptIn, MessageAnswer, SentMessage):
        session.execute(
            sa.delete(model)
            .filter_by(member_id=member_id)
            .execution_options(synchronize_session=False)
        )
