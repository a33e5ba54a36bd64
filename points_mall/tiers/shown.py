"""What a member's profile and export tell of the tier."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db
from miniprogram_api.http.language import language

from .models import MemberTier
from .services import tier_of


def profile_tier(member_id: int) -> dict[str, str]:
    """The tier in the member's profile, named in the caller's language."""
    tier = tier_of(member_id)
    return {"code": tier.code, "name": tier.name(language())}


def export_tier(member_id: int) -> dict[str, Any] | None:
    """The tier in the member's export; None: never moved."""
    row = db.session.scalar(sa.select(MemberTier).filter_by(member_id=member_id))
    if row is None:
        return None
    return {"code": row.code, "since": in_shop_time(row.since).isoformat()}
