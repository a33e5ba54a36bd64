"""What anti-abuse keeps of a member: told to the member on demand, deleted with the account."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import current_transaction, db

from . import decisions
from .models import MemberDay, RiskDecision


def decisions_about(member_id: int) -> list[dict[str, Any]]:
    """Every refusal that is kept, with its reasons, as plain JSON."""
    rows = db.session.scalars(decisions.latest(_subject(member_id)))
    return [
        {
            "id": str(row.id),
            "action": row.action,
            "verdict": row.verdict,
            "reasons": row.reasons.split(","),
            "inputs": row.inputs,
            "rule_version": row.rule_version,
            "times": row.times,
            "last_at": in_shop_time(row.last_at).isoformat(),
            "lifted": row.lifted_at is not None,
        }
        for row in rows
    ]


def forget_member(member_id: int) -> None:
    """Delete what was counted and decided about a member."""
    session = current_transaction()
    session.execute(sa.delete(MemberDay).filter_by(member_id=member_id))
    session.execute(sa.delete(RiskDecision).filter_by(subject=_subject(member_id)))


def _subject(member_id: int) -> str:
    return f"member:{member_id}"
