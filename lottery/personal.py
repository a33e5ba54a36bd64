"""What the lottery knows of one member, for the member."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db

from .models import DrawChanceGrant
from .shown import exported_draws


def export_lottery(member_id: int) -> dict[str, Any]:
    """The member's draws and chances, as plain JSON."""
    granted = db.session.scalars(
        sa.select(DrawChanceGrant).filter_by(member_id=member_id).order_by(DrawChanceGrant.id)
    )
    return {
        "draws": exported_draws(member_id),
        "chances": [
            {
                "count": row.count,
                "wheel": row.wheel_id and str(row.wheel_id),
                "reason": row.reason,
                "granted_at": in_shop_time(row.granted_at).isoformat(),
                "expires_at": row.expires_at and in_shop_time(row.expires_at).isoformat(),
            }
            for row in granted
        ],
    }
