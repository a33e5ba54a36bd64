"""Coupons as rights that a member owns: given by a rule, listed for the member, kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import current_transaction, db

from .errors import RewardNotAllowed
from .kinds import Grant, Granted, GrantKind, check_amount
from .models import OwnedRight
from .rewards import Reward

COUPON = "coupon"
MOST_AT_ONCE = 20
MOST_TITLE = 64

rights = cast(sa.Table, OwnedRight.__table__)


def give_coupons(grants: Sequence[Grant]) -> list[Granted]:
    """Give each grant's number of coupons, in one statement; a repeat gives no more."""
    moment = now()
    rows = [_row(grant, number, moment) for grant in grants for number in range(grant.amount)]
    bulk.insert_missing(current_transaction(), rights, rows)
    return [Granted(_told(grant)) for grant in grants]


def rights_of(member_id: int) -> sa.Select[OwnedRight]:
    """Everything of that sort that a member owns, expired or not."""
    return sa.select(OwnedRight).filter_by(member_id=member_id)


def export_rights(member_id: int) -> list[dict[str, Any]]:
    """The member's rights as plain JSON."""
    found = db.session.scalars(rights_of(member_id).order_by(OwnedRight.id))
    return [
        {
            "kind": row.kind,
            "title": row.title,
            "reference": row.reference,
            "granted_at": in_shop_time(row.granted_at).isoformat(),
            "expires_at": _spelt(row.expires_at),
        }
        for row in found
    ]


def _row(grant: Grant, number: int, moment: datetime) -> dict[str, Any]:
    return {
        "member_id": grant.member_id,
        "kind": grant.kind,
        "title": grant.item,
        "reason": grant.reason.code,
        "reference": grant.reference,
        "number": number,
        "granted_at": moment,
        "expires_at": grant.expires_at,
    }


def _told(grant: Grant) -> dict[str, Any]:
    return {
        "amount": grant.amount,
        "title": grant.item,
        "expires_at": _spelt(grant.expires_at),
    }


def _spelt(moment: datetime | None) -> str | None:
    return None if moment is None else in_shop_time(moment).isoformat()


def _check(reward: Reward) -> None:
    check_amount(Reward(reward.kind, reward.amount), MOST_AT_ONCE)
    if not reward.item or len(reward.item) > MOST_TITLE:
        raise RewardNotAllowed(
            f"a coupon has a title, {MOST_TITLE} characters at most", kind=COUPON
        )


COUPONS = GrantKind(COUPON, "优惠券", "Coupon", give_coupons, _check)
