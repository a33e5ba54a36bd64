"""限时秒杀 · the merchant's pages of flash sales: the list with live stock, one sale, the editor, its orders."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template
from marshmallow import EXCLUDE

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db
from miniprogram_api.http.language import language
from miniprogram_api.members.models import Member
from miniprogram_api.merchant.act_names import name_acts, name_subject
from miniprogram_api.merchant.acting import carried_out
from miniprogram_api.merchant.csv_files import download
from miniprogram_api.merchant.dashboard import Panel, add_panel
from miniprogram_api.merchant.desks import Desk, is_new
from miniprogram_api.merchant.drafts import drafts_of
from miniprogram_api.merchant.editing import Sheet
from miniprogram_api.merchant.forms import Form, as_typed, reason_sent
from miniprogram_api.merchant.listing import Asked, Choice, asked, page_of
from miniprogram_api.merchant.navigation import PLAY, Door, add_door
from miniprogram_api.pages.shell import say
from miniprogram_api.staff.guards import for_staff
from points_mall.catalogue.merchant_forms import StockSchema
from points_mall.catalogue.models import Reward
from points_mall.redemption.models import RedemptionOrder
from points_mall.redemption.order_words import STATUSES
from points_mall.stock.remaining import remaining_of
from points_mall.tiers.ladder import tier_of_rank, tiers

from . import merchant_editing
from .items import items_of
from .merchant_forms import WORDS
from .merchant_preview import shown, shown_sale
from .merchant_words import HANDED_OVER
from .merchant_words import STATES as STATE_WORDS
from .models import FlashSale, FlashSaleItem
from .sales import Sale, read_all
from .states import SaleState

ADDRESS = "/admin/flash-sales"
STATES = Choice("state", "全部状态", "Any state", STATE_WORDS)
REWARDS_OFFERED = 200
ORDER_COLUMNS = ("order_no", "placed_at", "member_no", "item", "points", "cash_fen", "status")

blp = Blueprint("flash_sale_merchant", __name__, template_folder="templates")


@blp.get(ADDRESS)
@for_staff("editor")
def flash_sales() -> Any:
    """Every sale, the newest first; those that run with their live stock."""
    wanted = asked(STATES)
    ids = db.session.scalars(_wanted(wanted)).all()
    found = read_all(ids)
    left = remaining_of(item.pool_id for sale in found for item in sale.items)
    if wanted.wants_csv:
        return _sales_as_csv(found, left)
    return render_template(
        "flash_sale/merchant_sales.html",
        listing=page_of(wanted, found),
        left=left,
        moment_now=now(),
        choices=(STATES,),
        drafts=drafts_of(merchant_editing.KIND),
        running=_running(),
    )


@blp.get(f"{ADDRESS}/live")
@for_staff("editor")
def live() -> str:
    """The running sales with what is left of each item, now."""
    return render_template("flash_sale/merchant_live.html", running=_running())


@blp.get(f"{ADDRESS}/<id:sale_id>")
@for_staff("editor")
def flash_sale(sale_id: int) -> str:
    """One sale: when, what, how much is left."""
    return _sale_page(sale_id)


@blp.get(f"{ADDRESS}/<id:sale_id>/live")
@for_staff("editor")
def live_items(sale_id: int) -> str:
    """The items of a sale with what is left of each, now."""
    merchant_editing.sale_with(sale_id)
    (sale,) = read_all([sale_id])
    return render_template("flash_sale/merchant_items.html", sale=sale, left=_left(sale))


@blp.post(f"{ADDRESS}/<id:sale_id>/items/<id:item_id>/stock")
@for_staff("editor")
def stock(sale_id: int, item_id: int) -> Any:
    """Raise or lower the stock of an item; never below what is sold."""

    def act(form: Form) -> None:
        by = form.load(StockSchema(unknown=EXCLUDE))["by"]
        merchant_editing.change_stock(sale_id, item_id, by, reason_sent())

    return carried_out(
        act, then=f"{ADDRESS}/{sale_id}", again=lambda form: _sale_page(sale_id, form), told="saved"
    )


@blp.post(f"{ADDRESS}/<id:sale_id>/close")
@for_staff("editor")
def close(sale_id: int) -> Any:
    """End a sale now; its orders stay."""
    return carried_out(
        lambda _form: merchant_editing.close(sale_id, reason_sent()),
        then=f"{ADDRESS}/{sale_id}",
        again=lambda form: _sale_page(sale_id, form),
    )


@blp.get(f"{ADDRESS}/<id:sale_id>/orders")
@for_staff("editor")
def orders(sale_id: int) -> Any:
    """The orders of a sale, the latest first; the same as a file."""
    sale = merchant_editing.sale_with(sale_id)
    wanted = asked()
    found = db.session.execute(_orders_of(sale_id, wanted)).all()
    if wanted.wants_csv:
        lines = [_order_line(order, member_no) for order, member_no in found]
        return download(f"flash-sale-{sale_id}-orders", ORDER_COLUMNS, lines)
    rows = [{"id": order.id, "order": order, "member_no": number} for order, number in found]
    return render_template(
        "flash_sale/merchant_orders.html",
        sale=sale,
        listing=page_of(wanted, rows),
        statuses=STATUSES,
    )


def _sale_page(sale_id: int, form: Form | None = None) -> str:
    merchant_editing.sale_with(sale_id)
    (sale,) = read_all([sale_id])
    return render_template(
        "flash_sale/merchant_sale.html",
        sale=sale,
        state=sale.state_at(now()).value,
        left=_left(sale),
        form=form or Form(),
        tier_of_rank=tier_of_rank,
    )


def _wanted(wanted: Asked) -> sa.Select[Any]:
    query = sa.select(FlashSale.id).order_by(FlashSale.id.desc()).limit(wanted.rows)
    if wanted.query:
        text = wanted.query
        is_named = [column.icontains(text, autoescape=True)
                    for column in (FlashSale.title, FlashSale.campaign)]  # fmt: skip
        query = query.where(sa.or_(*is_named))
    if state := wanted.filters.get("state"):
        query = query.where(*_in_state(state))
    return query if wanted.after is None else query.where(FlashSale.id < wanted.after)


def _in_state(state: str) -> Sequence[sa.ColumnElement[bool]]:
    moment = now()
    if state == SaleState.ENDED:
        return (sa.or_(FlashSale.closed_at.is_not(None), FlashSale.ends_at <= moment),)
    has_started = FlashSale.starts_at <= moment
    is_alive = (FlashSale.closed_at.is_(None), FlashSale.ends_at > moment)
    return (*is_alive, has_started if state == SaleState.RUNNING else sa.not_(has_started))


def _running() -> list[tuple[Sale, dict[int, int]]]:
    ids = sa.select(FlashSale.id).where(*_in_state(SaleState.RUNNING)).order_by(FlashSale.ends_at)
    found = read_all(db.session.scalars(ids.limit(20)).all())
    left = remaining_of(item.pool_id for sale in found for item in sale.items)
    return [(sale, left) for sale in found]


def _left(sale: Sale) -> dict[int, int]:
    return remaining_of(item.pool_id for item in sale.items)


def _orders_of(sale_id: int, wanted: Asked) -> sa.Select[RedemptionOrder, str]:
    pools = sa.select(FlashSaleItem.pool_id).filter_by(sale_id=sale_id)
    of_sale = sa.select(RedemptionOrder.id).where(RedemptionOrder.pool_id.in_(pools))
    if wanted.after is not None:
        of_sale = of_sale.where(RedemptionOrder.id < wanted.after)
    # By their pools first: walking all orders backwards reads every other sale's until ours come.
    found = of_sale.cte("of_sale").prefix_with("MATERIALIZED")
    latest = sa.select(found.c.id).order_by(found.c.id.desc()).limit(wanted.rows)
    return (
        sa.select(RedemptionOrder, Member.member_no)
        .join(Member, Member.id == RedemptionOrder.member_id)
        .where(RedemptionOrder.id.in_(latest))
        .order_by(RedemptionOrder.id.desc())
    )


def _order_line(order: RedemptionOrder, member_no: str) -> tuple[object, ...]:
    placed_at = in_shop_time(order.placed_at).isoformat()
    return (order.order_no, placed_at, member_no, order.title, order.points, order.cash_fen,
            order.status)  # fmt: skip


def _sales_as_csv(found: Sequence[Sale], left: dict[int, int]) -> Any:
    columns = ("sale", "campaign", "title", "state", "starts_at", "ends_at", "item", "item_title",
               "points", "cash_fen", "stock", "remaining")  # fmt: skip
    lines = [
        (sale.id, sale.campaign, sale.title, sale.state_at(now()).value,
         in_shop_time(sale.starts_at).isoformat(), in_shop_time(sale.over_at).isoformat(),
         item.id, item.title, item.points_price, item.cash_fen, item.stock, left[item.pool_id])
        for sale in found
        for item in sale.items
    ]  # fmt: skip
    return download("flash-sales", columns, lines)


def _preview(sheet: Sheet) -> str:
    form = as_typed()
    if is_new(sheet.subject):
        seen = shown(form, language())
    else:
        (sale,) = read_all([int(sheet.subject)])
        seen = shown_sale(sale, form, language())
    return render_template("flash_sale/merchant_preview.html", sale=seen)


def _facts(key: str) -> dict[str, Any]:
    sale = None if is_new(key) else merchant_editing.sale_with(int(key))
    has_started = sale is not None and sale.starts_at <= now()
    offered = items_of(db.session(), [sale.id]) if sale else ()
    return {
        "sale": sale,
        "has_started": has_started,
        "offered": offered,
        "tiers": [(tier.code, say(tier.name_zh, tier.name_en)) for tier in tiers()],
        "handed_over": [(code, say(zh, en)) for code, zh, en in HANDED_OVER],
        "rewards": [("", "—"), *_rewards(offered)],
    }


def _rewards(offered: Sequence[FlashSaleItem]) -> list[tuple[str, str]]:
    """The newest rewards, and those that a sale names already."""
    newest = sa.select(Reward.id).order_by(Reward.id.desc()).limit(REWARDS_OFFERED)
    named = [item.reward_id for item in offered]
    wanted = sa.select(Reward.id, Reward.title).order_by(Reward.id.desc())
    rows = db.session.execute(wanted.where(sa.or_(Reward.id.in_(newest), Reward.id.in_(named))))
    return [(str(row.id), row.title) for row in rows]


DESK = Desk(
    kind=merchant_editing.KIND,
    address=ADDRESS,
    template="flash_sale/merchant_editor.html",
    words=WORDS,
    running=merchant_editing.running,
    publish=merchant_editing.publish,
    facts=_facts,
    preview=_preview,
)
DESK.tie(blp)


def _panel() -> dict[str, Any]:
    return {"running": _running()}


add_panel(
    Panel(
        "flash-sales",
        "flash_sale/merchant_panel.html",
        _panel,
        columns=5,
        every_seconds=2,
        rank=20,
    )
)
add_door(Door(ADDRESS, "限时秒杀", "Flash sales", "bolt", PLAY, rank=30))
name_subject("flash_sale", "秒杀场次", "Flash sale", f"{ADDRESS}/{{}}")
name_acts(
    {
        "flash_sale.publish": ("发布秒杀", "Flash sale published"),
        "flash_sale.change": ("修改秒杀", "Flash sale changed"),
        "flash_sale.stock": ("调整秒杀库存", "Stock of a flash sale changed"),
        "flash_sale.close": ("结束秒杀", "Flash sale ended"),
        "flash_sale.draft": ("保存秒杀草稿", "Draft of a flash sale saved"),
        "flash_sale.discard_draft": ("丢弃秒杀草稿", "Draft of a flash sale discarded"),
    }
)
