"""What the profile, the export and the member's own page tell of the tier."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time, now, shop_zone
from miniprogram_api.core.db import db
from miniprogram_api.http.language import language

from . import ladder, records
from .models import MemberTier, TierChange, TierGrowth, TierMove
from .services import tier_of
from .shop_calendar import ShopCalendar
from .terms import Terms

HISTORY_SHOWN = 20


def profile_tier(member_id: int) -> dict[str, str]:
    """The tier in the member's profile, named in the caller's language."""
    tier = tier_of(member_id)
    return {"code": tier.code, "name": tier.name(language())}


def mine(member_id: int) -> dict[str, Any]:
    """Where a member stands, how long, how far the next tier is, and how it came about."""
    (record,) = records.load(db.session(), [member_id])
    standing, terms = record.before, ladder.current().terms
    growth = record.outcome().growth
    kept_by = terms.tier_of_rank(standing.rank).keep
    return {
        "tier": terms.tier_of_rank(standing.rank),
        "since": standing.since,
        "keep_until": standing.keep_until,
        "grace_until": standing.grace_until,
        "growth": {
            "basis": terms.basis,
            "value": growth,
            "counts_from": ShopCalendar(shop_zone()).window_start(now(), terms.window_months),
            "needs_to_keep": None if kept_by is None else max(0, kept_by - growth),
        },
        "next": _next(terms, standing.rank, growth),
        "history": history_rows(member_id, HISTORY_SHOWN),
    }


def _next(terms: Terms, rank: int, growth: int) -> dict[str, Any] | None:
    """The next tier that growth lifts to, and how much of it is missing; None: there is none."""
    for tier in terms.tiers[rank + 1 :]:
        if tier.entry is not None:
            return {"code": tier.code, "tier": tier, "needs": max(0, tier.entry - growth)}
    return None


def history_rows(member_id: int, most: int | None = None) -> Sequence[TierChange]:
    """How a member's standing changed, the newest first."""
    found = sa.select(TierChange).filter_by(member_id=member_id).order_by(TierChange.id.desc())
    return db.session.scalars(found.limit(most)).all()


def history_of(member_id: int) -> list[dict[str, Any]]:
    """The whole history as plain JSON, the newest first."""
    return [
        {
            "code_before": row.code_before,
            "code": row.code,
            "reason": row.reason,
            "since": _told(row.since),
            "keep_until": _told(row.keep_until),
            "grace_until": _told(row.grace_until),
            "growth": row.growth,
            "ladder_version": row.ladder_version,
            "reference": row.reference,
            "actor": row.actor,
            "changed_at": _told(row.changed_at),
        }
        for row in history_rows(member_id)
    ]


def export_tier(member_id: int) -> dict[str, Any] | None:
    """The tier in the member's export; None: never moved."""
    row = db.session.scalar(sa.select(MemberTier).filter_by(member_id=member_id))
    if row is None:
        return None
    return {"code": row.code, "since": _told(row.since)}


def export_growth(member_id: int) -> dict[str, Any]:
    """What moved the member on the ladder: growth, moves by hand, and the history."""
    grown = sa.select(TierGrowth).filter_by(member_id=member_id).order_by(TierGrowth.id)
    moved = sa.select(TierMove).filter_by(member_id=member_id).order_by(TierMove.id)
    return {
        "growth": [
            {
                "reference": row.reference,
                "amount_fen": row.amount_fen,
                "purchases": row.purchases,
                "points": row.points,
                "occurred_at": _told(row.occurred_at),
            }
            for row in db.session.scalars(grown)
        ],
        "moves": [
            {"code": row.code, "why": row.why, "moved_at": _told(row.moved_at)}
            for row in db.session.scalars(moved)
        ],
        "history": history_of(member_id),
    }


def _told(moment: datetime | None) -> str | None:
    return None if moment is None else in_shop_time(moment).isoformat()
