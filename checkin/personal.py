"""What check-in knows of one member, for the member."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db

from .models import CheckIn, MakeUpCard
from .reminders import reminder_of


def export_check_ins(member_id: int) -> dict[str, Any]:
    """The member's days, cards and wish to be reminded, as plain JSON."""
    days = db.session.scalars(
        sa.select(CheckIn).filter_by(member_id=member_id).order_by(CheckIn.day)
    )
    cards = db.session.scalars(
        sa.select(MakeUpCard).filter_by(member_id=member_id).order_by(MakeUpCard.id)
    )
    return {
        "days": [_day(row) for row in days],
        "make_up_cards": [_card(row) for row in cards],
        "reminder_minute": reminder_of(member_id),
    }


def _day(row: CheckIn) -> dict[str, Any]:
    return {
        "date": row.day.isoformat(),
        "made_up": row.made_up,
        "points": row.points,
        "rewards": row.rewards,
        "at": in_shop_time(row.created_at).isoformat(),
    }


def _card(row: MakeUpCard) -> dict[str, Any]:
    return {
        "granted_at": in_shop_time(row.granted_at).isoformat(),
        "expires_at": in_shop_time(row.expires_at).isoformat() if row.expires_at else None,
        "used_on": row.used_on.isoformat() if row.used_on else None,
    }
