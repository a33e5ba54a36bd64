"""What the list of members shows of each, and when a member was last seen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import to_day, today
from miniprogram_api.core.db import db
from miniprogram_api.core.settings import settings
from miniprogram_api.http.language import language
from miniprogram_api.merchant.member_tabs import (
    Column,
    Columns,
    Fact,
    Shown,
    Tab,
    add_columns,
    add_fact,
    add_habit,
    add_total,
)
from miniprogram_api.merchant.shell import moment, number, yuan
from miniprogram_api.pages.shell import say
from points_mall.purchases.models import Purchase
from points_mall.purchases.states import PurchaseStatus
from points_mall.redemption.models import RedemptionOrder
from points_mall.redemption.states import OrderStatus

from . import figures
from .member_rows import MemberRow, rows_of
from .models import MemberActivity

COLUMNS = (
    Column("等级", "Tier", "tier"),
    Column("积分", "Points", "points", is_figure=True),
    Column("券", "Coupons", "coupons", is_figure=True),
    Column("余额", "Wallet", "wallet", is_figure=True),
    Column("订单", "Orders", "orders", is_figure=True),
    Column("最近活动", "Last seen", "seen"),
)
_BOUGHT = (
    sa.select(Purchase.member_id, sa.func.count().label("orders"))
    .where(among(Purchase.member_id, "members"), Purchase.status == PurchaseStatus.PAID)
    .group_by(Purchase.member_id)
)
_REDEEMED = (
    sa.select(RedemptionOrder.member_id, sa.func.count().label("orders"))
    .where(
        among(RedemptionOrder.member_id, "members"),
        RedemptionOrder.status != OrderStatus.CANCELLED,
    )
    .group_by(RedemptionOrder.member_id)
)


def cells(member_ids: Sequence[int]) -> dict[int, dict[str, Shown]]:
    """The columns of these members, and how lively they are, as one question a fact."""
    orders = _orders(member_ids)
    return {
        member_id: _cells(row, orders.get(member_id, 0))
        for member_id, row in rows_of(member_ids).items()
    }


def _cells(row: MemberRow, orders: int) -> dict[str, Shown]:
    return {
        "tier": Shown(row.tier.name(language()), "purple" if row.tier.rank else "secondary"),
        "points": Shown(number(row.available_points)),
        "coupons": Shown(number(row.usable_coupon_count)),
        "wallet": Shown(yuan(row.wallet_fen)),
        "orders": Shown(number(orders)),
        "seen": Shown(ago(row.last_at)),
        "state": liveliness(row.last_at),
    }


def _orders(member_ids: Sequence[int]) -> dict[int, int]:
    """Paid purchases and living redemptions together."""
    found: dict[int, int] = {}
    for query in (_BOUGHT, _REDEEMED):
        rows: Sequence[Any] = db.session.execute(query, {"members": list(member_ids)}).all()
        for row in rows:
            found[row.member_id] = found.get(row.member_id, 0) + row.orders
    return found


def ago(at: datetime | None) -> str:
    """How many days of the shop ago."""
    if at is None:
        return "—"
    days = (today() - to_day(at)).days
    if days <= 0:
        return say("今天", "Today")
    return say(f"{days} 天前", f"{days} day{'' if days == 1 else 's'} ago")


def liveliness(at: datetime | None) -> Shown:
    """Whether a member is active, dormant, or between the two; by the shop's settings."""
    if at is None:  # joined minutes ago, and not counted yet
        return Shown(say("待统计", "Not counted yet"), "secondary")
    idle = (today() - to_day(at)).days
    if idle >= settings().member_dormant_days:
        return Shown(say("沉睡", "Dormant"), "orange")
    if idle >= settings().member_active_days:
        return Shown(say("渐少", "Quiet"), "secondary")
    return Shown(say("活跃", "Active"), "green")


def last_seen(member_id: int) -> datetime | None:
    """When the member last did something; a minute or two old."""
    return db.session.scalar(sa.select(MemberActivity.last_at).filter_by(member_id=member_id))


def _habit(member_id: int) -> dict[str, Any]:
    at = last_seen(member_id)
    dormant = settings().member_dormant_days
    return {
        "facts": [
            (say("最近活动", "Last seen"), f"{moment(at)}（{ago(at)}）" if at else "—"),
            (
                say(f"活跃程度（沉睡：{dormant} 天）", f"Liveliness (dormant: {dormant} days)"),
                liveliness(at).text,
            ),
        ]
    }


def _seen(member_id: int) -> str:
    return ago(last_seen(member_id))


add_total(lambda: figures.member_figures().open_count)
add_columns(Columns("reports", COLUMNS, cells))
add_fact(Fact("seen", "最近活动", "Last seen", _seen, rank=40))
add_habit(Tab("seen", "最近活动", "Last seen", _habit, rank=0))
