"""Make-up cards: one row a card, granted like any reward, used for one day."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction
from points_mall.grants.kinds import Grant, Granted, GrantKind, check_amount
from points_mall.grants.rewards import Reward

from .models import MakeUpCard

MAKE_UP_CARD = "make_up_card"
MOST_CARDS = 100

cards = cast(sa.Table, MakeUpCard.__table__)


def give_cards(grants: Sequence[Grant]) -> list[Granted]:
    """Give each grant's number of cards; a repeat gives no more."""
    granted_at = now()
    rows = [_row(grant, number, granted_at) for grant in grants for number in range(grant.amount)]
    bulk.insert_missing(current_transaction(), cards, rows)
    return [Granted({"amount": grant.amount}) for grant in grants]


def _row(grant: Grant, number: int, granted_at: datetime) -> dict[str, Any]:
    return {
        "member_id": grant.member_id,
        "reason": grant.reason.code,
        "reference": grant.reference,
        "number": number,
        "granted_at": granted_at,
        "expires_at": grant.expires_at,
    }


def _usable(member_id: int) -> sa.ColumnElement[bool]:
    lasts = sa.or_(MakeUpCard.expires_at.is_(None), MakeUpCard.expires_at > now())
    return sa.and_(MakeUpCard.member_id == member_id, MakeUpCard.used_on.is_(None), lasts)


def count_cards(session: Session, member_id: int) -> int:
    """How many cards the member can use now."""
    return session.scalar(sa.select(sa.func.count()).where(_usable(member_id))) or 0


def use_card(session: Session, member_id: int, day: date) -> bool:
    """Use the card soonest to expire, else the oldest, for a day; answer whether there was one.

    The member's account is locked by the caller, so nobody else uses the same card.
    """
    chosen = session.scalar(
        sa.select(MakeUpCard.id)
        .where(_usable(member_id))
        .order_by(MakeUpCard.expires_at.is_(None), MakeUpCard.expires_at, MakeUpCard.id)
        .limit(1)
    )
    if chosen is None:
        return False
    session.execute(
        sa.update(MakeUpCard)
        .where(MakeUpCard.id == chosen)
        .values(used_on=day, used_at=now())
        .execution_options(synchronize_session=False)
    )
    return True


def _check(reward: Reward) -> None:
    check_amount(reward, MOST_CARDS)


MAKE_UP_CARDS = GrantKind(MAKE_UP_CARD, "补签卡", "Make-up card", give_cards, _check)
