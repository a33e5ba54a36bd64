"""A member as a cashier may see one: never a full name, never a full phone number."""

from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db
from miniprogram_api.http.language import language
from miniprogram_api.members.accounts import member_of, phone_of, public_name
from miniprogram_api.members.models import Member
from miniprogram_api.members.rules import masked_phone
from points_mall.ledger.statements import summary
from points_mall.purchases import quoting
from points_mall.purchases.models import Purchase
from points_mall.purchases.points_as_cash import worth_fen
from points_mall.purchases.states import PurchaseStatus, Purpose
from points_mall.tiers import shown
from points_mall.wallet.statements import balance_fen

from .coupon_cards import cards_without_amount
from .models import Scan

_purchases = cast(sa.Table, Purchase.__table__)


def told_scan(scan: Scan, store: str | None) -> dict[str, Any]:
    """What a scan tells the till."""
    member = member_of(scan.member_id)
    return {
        "kind": "member",
        "scan_id": str(scan.id),
        "spends": scan.spends,
        "expires_at": in_shop_time(scan.expires_at).isoformat(),
        "member": {
            **told_briefly(member),
            "tier": told_tier(member.id),
            "points": told_points(member.id),
            "balance_fen": balance_fen(member.id),
            "last_visit": _last_visit(member.id),
            "coupons": cards_without_amount(member.id, store, spends=scan.spends),
        },
    }


def told_found(scan: Scan) -> dict[str, Any]:
    """One of several who may be meant: enough to ask who it is."""
    member = member_of(scan.member_id)
    return {
        "scan_id": str(scan.id),
        "expires_at": in_shop_time(scan.expires_at).isoformat(),
        **told_briefly(member),
        "tier": told_tier(member.id),
    }


def told_briefly(member: Member) -> dict[str, Any]:
    """Name and phone, masked."""
    phone = phone_of(member)
    return {
        "name_masked": masked_name(public_name(member)),
        "phone_masked": masked_phone(phone) if phone else None,
    }


def masked_name(name: str) -> str:
    """A name of which the first sign is shown, and the last of three or more: 张*华, 王*."""
    if len(name) <= 1:
        return "*"
    return f"{name[0]}*{name[-1] if len(name) > 2 else ''}"


def told_points(member_id: int) -> dict[str, int]:
    """The points that can be spent, and what of a bill they could pay."""
    available = summary(member_id).available
    return {"available": available, "worth_fen": worth_fen(available, quoting.exchange())}


def told_tier(member_id: int) -> dict[str, Any]:
    """The tier, what it gives at the till, and how far the next one is."""
    standing = shown.mine(member_id)
    tier, following = standing["tier"], standing["next"]
    return {
        "code": tier.code,
        "name": tier.name(language()),
        "discount_bp": tier.benefits.discount_bp,
        "points_multiplier_bp": tier.benefits.points_multiplier_bp,
        "next": following
        and {
            "code": following["code"],
            "name": following["tier"].name(language()),
            "basis": str(standing["growth"]["basis"]),
            "needs": following["needs"],
        },
    }


def _last_visit(member_id: int) -> dict[str, Any] | None:
    row = db.session.execute(
        sa.select(_purchases.c.paid_at, _purchases.c.total_fen)
        .where(
            _purchases.c.member_id == member_id,
            _purchases.c.status == PurchaseStatus.PAID.value,
            _purchases.c.purpose == Purpose.SALE.value,
        )
        .order_by(_purchases.c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return {"at": in_shop_time(row.paid_at).isoformat(), "total_fen": row.total_fen}
