"""订单 · what a member bought for money and for points, on the member's page."""

from typing import Any

from miniprogram_api.merchant.member_tabs import Column, Row, Shown, Tab, Table, add_tab, page_asked
from miniprogram_api.merchant.shell import moment, number, yuan
from miniprogram_api.pages.shell import say
from points_mall.redemption.models import RedemptionOrder
from points_mall.redemption.order_words import STATUSES, cancelled
from points_mall.redemption.orders import orders_of

from .listing import purchases_of
from .models import Purchase
from .states import BUSINESS_CIRCLE, TILL, WECHAT_PAY, PurchaseStatus

SOURCES = {
    WECHAT_PAY: ("微信支付", "WeChat Pay"),
    BUSINESS_CIRCLE: ("智慧商圈", "Business circle"),
    TILL: ("收银台", "Till"),
}
PAID = {
    PurchaseStatus.AWAITING_PAYMENT: ("待支付", "To be paid", "orange"),
    PurchaseStatus.PAID: ("已支付", "Paid", "green"),
    PurchaseStatus.CLOSED: ("已关闭", "Closed", "secondary"),
}
BOUGHT = (
    Column("消费", "Purchase"),
    Column("来源", "Source"),
    Column("金额", "Amount", is_figure=True),
    Column("已退", "Refunded", is_figure=True),
    Column("得积分", "Points earned", is_figure=True),
    Column("状态", "State"),
    Column("时间", "When"),
)
REDEEMED = (
    Column("兑换", "Order"),
    Column("数量", "Units", is_figure=True),
    Column("积分", "Points", is_figure=True),
    Column("现金", "Cash", is_figure=True),
    Column("状态", "State"),
    Column("时间", "When"),
)


def orders(member_id: int) -> dict[str, Any]:
    """Purchases and redemptions, each the latest first."""
    return {"tables": [_purchases(member_id), _redemptions(member_id)]}


def _purchases(member_id: int) -> Table:
    rows, after = page_asked(purchases_of(member_id), Purchase.id, "purchases")
    empty = ("还没有消费", "Nothing was bought yet")
    shown = [_purchase(row) for row in rows]
    return Table("purchases", "消费", "Purchases", BOUGHT, shown, empty, after)


def _purchase(row: Purchase) -> Row:
    zh, en, colour = PAID[PurchaseStatus(row.status)]
    source = SOURCES.get(row.source, (row.source, row.source))
    return Row(
        (
            Shown(row.title, note=row.purchase_no),
            Shown(say(*source), note=row.store or ""),
            Shown(yuan(row.total_fen)),
            Shown(yuan(row.refunded_fen)),
            Shown(number(row.points_earned)),
            Shown(say(zh, en), colour),
            Shown(moment(row.paid_at or row.placed_at)),
        )
    )


def _redemptions(member_id: int) -> Table:
    rows, after = page_asked(orders_of(member_id), RedemptionOrder.id, "redemptions")
    empty = ("还没有兑换", "Nothing was redeemed yet")
    shown = [_redemption(row) for row in rows]
    return Table("redemptions", "积分兑换", "Redemptions", REDEEMED, shown, empty, after)


def _redemption(row: RedemptionOrder) -> Row:
    zh, en, colour = STATUSES[row.status]
    return Row(
        (
            Shown(row.title, note=row.order_no),
            Shown(number(row.quantity)),
            Shown(number(row.points)),
            Shown(yuan(row.cash_fen)),
            Shown(say(zh, en), colour, note=cancelled(row.cancel_reason)),
            Shown(moment(row.placed_at)),
        )
    )


add_tab(Tab("orders", "订单", "Orders", orders, rank=30))
