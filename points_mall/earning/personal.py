"""What earning knows of one member, for the member."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db

from .models import EarningAward


def export_awards(member_id: int) -> list[dict[str, Any]]:
    """What each of the member's purchases earned, and why, as plain JSON."""
    query = sa.select(EarningAward).filter_by(member_id=member_id).order_by(EarningAward.id)
    return [told(row) for row in db.session.scalars(query)]


def told(row: EarningAward) -> dict[str, Any]:
    """An award as plain JSON."""
    return {
        "reference": row.reference,
        "occurred_at": in_shop_time(row.occurred_at).isoformat(),
        "points": row.points,
        "cashback_fen": row.cashback_fen,
        "rule_version": row.rule_version,
        "explanation": row.explanation,
    }
