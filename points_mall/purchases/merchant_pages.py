"""消费与退款 · purchases and refunds: found and explained. Nothing is edited here: a refund is a new fact."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db
from miniprogram_api.members.models import Member
from miniprogram_api.merchant.alerts import Alert, add_watch
from miniprogram_api.merchant.csv_files import download
from miniprogram_api.merchant.listing import Asked, Choice, asked, list_page
from miniprogram_api.merchant.navigation import BOOKS, Door, add_door
from miniprogram_api.pages.shell import say
from miniprogram_api.staff.guards import for_staff
from points_mall.earning import awards
from points_mall.earning.errors import NoSuchAward
from points_mall.earning.explaining import sentences
from points_mall.ledger.explorer_causes import Cause, add_cause

from .facts import purchase_reference
from .listing import lines_of, purchase_with
from .merchant_parts import found_by_others, parts_of
from .merchant_tabs import PAID, SOURCES
from .models import Purchase, PurchaseRefund
from .records import shipping_in
from .states import PurchaseStatus, Purpose, RefundState
from .wechat_models import RefundStage, WechatPayment, WechatRefund

ADDRESS = "/admin/purchases"
TOLD_FOR = timedelta(days=30)
PURPOSES = {
    Purpose.SALE: ("消费", "Sale"),
    Purpose.REDEMPTION: ("兑换的现金部分", "Cash half of an order"),
    Purpose.TOP_UP: ("储值", "Top-up"),
}
REFUNDS = {
    "asked": ("已申请", "Asked for", "orange"),
    "waiting": ("等待付款消息", "Waits for its payment", "orange"),
    "applied": ("已退款", "Applied", "green"),
    "refused": ("已拒绝", "Refused", "red"),
}
CASH = {
    RefundStage.ASKED: ("已申请", "asked"),
    RefundStage.PROCESSING: ("退款中", "on its way"),
    RefundStage.SUCCESS: ("已到账", "arrived"),
    RefundStage.CLOSED: ("已关闭", "closed"),
    RefundStage.ABNORMAL: (
        "异常，请到微信商户平台处理",
        "stuck: settle it on the merchant platform",
    ),
    RefundStage.REFUSED: ("微信拒绝", "refused by WeChat"),
}
_MAY_BE_REFUNDED: sa.ColumnElement[bool] = sa.literal_column(
    "(purchase.refunded_fen > 0 OR purchase.total_fen = 0)"
)
"""Written as the partial index is; what coupons paid for whole is refunded without a fen."""
_IS_REFUNDED = _MAY_BE_REFUNDED & sa.exists().where(
    PurchaseRefund.purchase_id == Purchase.id, PurchaseRefund.state == RefundState.APPLIED
)

blp = Blueprint("purchases_merchant", __name__, template_folder="templates")


@blp.get(ADDRESS)
@for_staff("editor")
def purchases() -> Any:
    """Purchases, the latest first; the same as a file."""
    choices = _choices()
    wanted = asked(*choices, days=True)
    return list_page(
        wanted,
        db.session.execute(_query(wanted)).all(),
        "purchases/purchases.html",
        file=_file,
        choices=choices,
        sources=SOURCES,
        states=PAID,
        purposes=PURPOSES,
    )


@blp.get(f"{ADDRESS}/<purchase_no>")
@for_staff("editor")
def purchase(purchase_no: str) -> str:
    """One purchase: how it was paid, what it earned and why, what went back."""
    found = purchase_with(purchase_no)
    payment = sa.select(WechatPayment).filter_by(purchase_id=found.id)
    return render_template(
        "purchases/purchase.html",
        purchase=found,
        member_no=db.session.scalar(sa.select(Member.member_no).filter_by(id=found.member_id)),
        lines=lines_of(found),
        refunds=_refunds(found),
        payment=db.session.scalar(payment),
        earned=_earned(found),
        steps=(found.explanation or {}).get("price", {}).get("steps", []),
        shipping_fen=shipping_in(found.explanation),
        parts=parts_of(found),
        sources=SOURCES,
        states=PAID,
        purposes=PURPOSES,
        refund_states=REFUNDS,
        cash=CASH,
    )


def _query(wanted: Asked) -> sa.Select[*tuple[Any, ...]]:
    query = sa.select(Purchase, Member.member_no, Purchase.id.label("id")).outerjoin(
        Member, Member.id == Purchase.member_id
    )
    query = query.where(*wanted.within_days(Purchase.placed_at))
    for name in ("status", "source", "purpose"):
        if value := wanted.filters.get(name):
            # written out, so that the partial index of what is unpaid is seen to fit
            query = query.where(getattr(Purchase, name) == sa.literal_column(f"'{value}'"))
    if refunded := wanted.filters.get("refunded"):
        query = query.where(_IS_REFUNDED if refunded == "yes" else ~_IS_REFUNDED)
    if wanted.query:
        query = query.where(Purchase.id.in_(_meant(wanted.query)))
    return wanted.latest(query, Purchase.id)


def _meant(text: str) -> Sequence[int] | sa.Select[int]:
    """The purchases of a member's number; else those of a number of their own or of their order."""
    member_id = db.session.scalar(sa.select(Member.id).filter_by(member_no=text))
    if member_id is not None:
        return sa.select(Purchase.id).filter_by(member_id=member_id)
    own = [
        sa.select(Purchase.id).filter_by(purchase_no=text),
        sa.select(Purchase.id).filter_by(subject=text),
        sa.select(Purchase.id).where(
            Purchase.source.in_([str(one) for one in SOURCES]), Purchase.external_id == text
        ),
        sa.select(PurchaseRefund.purchase_id).filter_by(refund_no=text),
    ]
    found = {one for query in own for one in db.session.scalars(query) if one is not None}
    return sorted({*found, *found_by_others(text)})


def _choices() -> Sequence[Choice]:
    return (
        Choice(
            "status", "全部状态", "Any state", [(str(code), *of[:2]) for code, of in PAID.items()]
        ),
        Choice("source", "全部来源", "Any source", [(code, *of) for code, of in SOURCES.items()]),
        Choice(
            "purpose",
            "全部用途",
            "Any purpose",
            [(str(code), *of) for code, of in PURPOSES.items()],
        ),
        Choice(
            "refunded",
            "是否退款",
            "Refunded or not",
            [("yes", "有退款", "Yes"), ("no", "无退款", "No")],
        ),
    )


def _refunds(found: Purchase) -> Sequence[Any]:
    """Every refund that was told of a purchase, also one that was refused, and how far its cash is."""
    query = (
        sa.select(PurchaseRefund, WechatRefund.state.label("cash_state"), WechatRefund.note)
        .outerjoin(WechatRefund, WechatRefund.refund_no == PurchaseRefund.refund_no)
        .where(PurchaseRefund.purchase_id == found.id)
        .order_by(PurchaseRefund.id, WechatRefund.id)
    )
    latest = {row.PurchaseRefund.id: row for row in db.session.execute(query)}
    return list(latest.values())


def _earned(found: Purchase) -> list[str]:
    """The steps by which the purchase earned; empty: it was not judged."""
    try:
        award = awards.award_of(purchase_reference(found.source, found.external_id))
    except NoSuchAward:
        return []
    return list(sentences(award.explanation))


def _file(rows: Sequence[Any]) -> Any:
    columns = (
        say("编号", "Number"),
        say("来源", "Source"),
        say("来源编号", "Its own number"),
        say("会员号", "Member"),
        say("门店", "Store"),
        say("应付（元）", "Total (yuan)"),
        say("已退（元）", "Refunded (yuan)"),
        say("得积分", "Points earned"),
        say("状态", "State"),
        say("时间", "When"),
    )
    return download("purchases", columns, (_cells(row.Purchase, row.member_no) for row in rows))


def _cells(found: Purchase, member_no: str | None) -> tuple[object, ...]:
    return (
        found.purchase_no,
        say(*SOURCES.get(found.source, (found.source, found.source))),
        found.external_id,
        member_no,
        found.store,
        f"{found.total_fen / 100:.2f}",
        f"{found.refunded_fen / 100:.2f}",
        found.points_earned,
        say(*PAID[PurchaseStatus(found.status)][:2]),
        in_shop_time(found.placed_at).isoformat(),
    )


def _watch() -> Iterable[Alert]:
    """Money that does not move by itself: refunds that are stuck at WeChat."""
    stuck = sa.select(sa.func.count(WechatRefund.id)).where(
        sa.literal_column("wechat_refund.state IN ('abnormal', 'refused')"),
        WechatRefund.asked_at > now() - TOLD_FOR,
    )
    if count := db.session.scalar(stuck):
        zh, en = f"{count} 笔微信退款未能退回，请人工处理", f"{count} refunds are stuck at WeChat"
        yield Alert(zh, en, f"{ADDRESS}?refunded=yes", is_grave=True)


def _cause(entry: Any) -> Cause | None:
    """The purchase for which an entry was posted: it names the source and its number, or ours."""
    _, _, own = entry.reference.partition(":")
    source, _, external_id = own.partition(":")
    key = {"source": source, "external_id": external_id} if external_id else {"purchase_no": own}
    found = db.session.scalar(sa.select(Purchase.purchase_no).filter_by(**key))
    return None if found is None else Cause("查看消费", "The purchase", f"{ADDRESS}/{found}")


add_cause("purchase", _cause)
add_watch("refunds", _watch)
add_door(Door(ADDRESS, "消费与退款", "Purchases", "shopping-cart", BOOKS, rank=30))
