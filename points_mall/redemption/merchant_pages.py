"""订单 · orders paid in points: found, followed, fulfilled and cancelled."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db
from miniprogram_api.http.schemas import Schema, Text
from miniprogram_api.members.models import Member
from miniprogram_api.merchant.act_names import act_name, name_acts, name_subject
from miniprogram_api.merchant.acting import ASKED, carried_out
from miniprogram_api.merchant.csv_files import download
from miniprogram_api.merchant.forms import Form, reason_sent
from miniprogram_api.merchant.listing import Asked, Choice, asked, list_page
from miniprogram_api.merchant.navigation import SHOP, Door, add_door
from miniprogram_api.pages.shell import say
from miniprogram_api.staff import audit
from miniprogram_api.staff.guards import for_staff
from miniprogram_api.staff.models import StaffAct
from points_mall.ledger.explorer_causes import Cause, add_cause
from points_mall.stock.models import StockPool, StockUnit

from . import merchant_editing, order_words
from .models import RedemptionOrder
from .order_traces import points_of
from .orders import order_with
from .states import STEPS, OrderStatus

ADDRESS = "/admin/orders"
_ACTS_SHOWN = 50

blp = Blueprint("orders_merchant", __name__, template_folder="templates")


class ShipSchema(Schema):
    """Who carries a parcel, and under which number."""

    carrier = Text(32, required=True)
    tracking_no = Text(64, required=True)


@blp.get(ADDRESS)
@for_staff("editor")
def orders() -> Any:
    """Orders, the latest first; the same as a file."""
    choices = _choices()
    wanted = asked(*choices, days=True)
    return list_page(
        wanted,
        db.session.execute(_query(wanted)).all(),
        "redemption/orders.html",
        file=_file,
        choices=choices,
        words=order_words,
    )


@blp.get(f"{ADDRESS}/<order_no>")
@for_staff("editor")
def order(order_no: str) -> str:
    """One order: what was exchanged for what, where it stands, what was done to it."""
    return _page(order_no, Form())


@blp.post(f"{ADDRESS}/<order_no>/ready")
@for_staff("editor")
def ready(order_no: str) -> Any:
    """The reward waits at the counter."""
    return _done(order_no, lambda _form: merchant_editing.mark_ready(order_no))


@blp.post(f"{ADDRESS}/<order_no>/ship")
@for_staff("editor")
def ship(order_no: str) -> Any:
    """The reward is on its way."""

    def act(form: Form) -> None:
        without = {name: value for name, value in form.values.items() if name != ASKED}
        told = Form(without, form.errors).load(ShipSchema())
        merchant_editing.ship(order_no, told["carrier"], told["tracking_no"])

    return _done(order_no, act)


@blp.post(f"{ADDRESS}/<order_no>/receive")
@for_staff("editor")
def receive(order_no: str) -> Any:
    """The parcel has arrived."""
    return _done(order_no, lambda _form: merchant_editing.receive(order_no))


@blp.post(f"{ADDRESS}/<order_no>/cancel")
@for_staff("manager")
def cancel(order_no: str) -> Any:
    """Cancel an order: points, units and cash go back."""
    return _done(order_no, lambda _form: merchant_editing.cancel(order_no, reason_sent()))


@blp.post(f"{ADDRESS}/<order_no>/address")
@for_staff("manager")
def address(order_no: str) -> str:
    """Where an order is sent, in clear; who looked is written down."""
    [(found, told)] = merchant_editing.see_addresses([order_no], "order.see_address")
    return render_template("redemption/address.html", order=found, address=told)


def _done(order_no: str, act: Any) -> Any:
    return carried_out(act, then=f"{ADDRESS}/{order_no}", again=lambda form: _page(order_no, form))


def _query(wanted: Asked) -> sa.Select[*tuple[Any, ...]]:
    table = RedemptionOrder
    query = sa.select(table, Member.member_no, table.id.label("id")).join(
        Member, Member.id == table.member_id
    )
    query = query.where(*wanted.within_days(table.placed_at))
    for name in ("status", "source", "fulfilment"):
        if value := wanted.filters.get(name):
            # written out, so that the partial indexes of what waits are seen to fit
            query = query.where(getattr(table, name) == sa.literal_column(f"'{value}'"))
    if wanted.query:
        query = query.where(_meant(wanted.query))
    return wanted.latest(query, table.id)


def _meant(text: str) -> sa.ColumnElement[bool]:
    """The order of a number, or those of the member of a number."""
    member_id = db.session.scalar(sa.select(Member.id).filter_by(member_no=text))
    if member_id is not None:
        return RedemptionOrder.member_id == member_id
    return RedemptionOrder.order_no == text.upper()


def _choices() -> Sequence[Choice]:
    statuses = [(code, *of[:2]) for code, of in order_words.STATUSES.items()]
    sources = [(code, *of) for code, of in order_words.SOURCES.items()]
    ways = [(code, *of) for code, of in order_words.WAYS.items()]
    return (
        Choice("status", "全部状态", "Any state", statuses),
        Choice("source", "全部类型", "Any kind", sources),
        Choice("fulfilment", "全部方式", "Any way", ways),
    )


def _page(order_no: str, form: Form) -> str:
    found = order_with(order_no)
    db.session.refresh(found)
    units = db.session.execute(
        sa.select(StockPool.code, StockUnit.unit_no)
        .join(StockPool, StockPool.id == StockUnit.pool_id)
        .where(StockUnit.holder == order_no)
        .order_by(StockUnit.unit_no)
    ).all()
    acts = audit.acts_on(f"order:{order_no}").limit(_ACTS_SHOWN)
    return render_template(
        "redemption/order.html",
        order=found,
        member_no=db.session.scalar(sa.select(Member.member_no).filter_by(id=found.member_id)),
        units=units,
        points=points_of(found),
        acts=list[StaffAct](db.session.scalars(acts)),
        act_name=act_name,
        may_become={step.value for step in STEPS[OrderStatus(found.status)]},
        words=order_words,
        form=form,
    )


def _file(rows: Sequence[Any]) -> Any:
    columns = (
        say("订单号", "Order"),
        say("会员号", "Member"),
        say("类型", "Kind"),
        say("商品", "What"),
        say("数量", "Count"),
        say("积分", "Points"),
        say("现金（元）", "Cash (yuan)"),
        say("方式", "Way"),
        say("状态", "State"),
        say("下单", "Placed"),
        say("运单号", "Tracking number"),
    )
    return download("orders", columns, (_cells(row.RedemptionOrder, row.member_no) for row in rows))


def _cells(found: RedemptionOrder, member_no: str) -> tuple[object, ...]:
    return (
        found.order_no,
        member_no,
        say(*order_words.SOURCES.get(found.source, (found.source, found.source))),
        found.title,
        found.quantity,
        found.points,
        f"{found.cash_fen / 100:.2f}",
        say(*order_words.WAYS[found.fulfilment]),
        say(*order_words.STATUSES[found.status][:2]),
        in_shop_time(found.placed_at).isoformat(),
        found.tracking_no,
    )


name_acts(
    {
        "order.ready": ("到店可取", "Ready at the counter"),
        "order.ship": ("发货", "Shipped"),
        "order.receive": ("签收", "Received"),
        "order.cancel": ("取消订单", "Order cancelled"),
        "order.see_address": ("查看收货信息", "Address looked at"),
        "order.print_slip": ("打印发货单", "Packing slip printed"),
        "order.export_address": ("导出收货信息", "Address exported"),
        "shipments.upload": ("上传发货文件", "Shipments uploaded"),
        "shipments.apply": ("批量发货", "Shipments applied"),
    }
)


def _cause(entry: Any) -> Cause | None:
    """The order for which an entry was posted."""
    order_no = entry.reference.partition(":")[2]
    found = db.session.scalar(sa.select(RedemptionOrder.order_no).filter_by(order_no=order_no))
    return None if found is None else Cause("查看订单", "The order", f"{ADDRESS}/{found}")


add_cause("order", _cause)
name_subject("order", "订单", "Order", f"{ADDRESS}/{{}}")
add_door(Door(ADDRESS, "订单与核销", "Orders", "receipt", SHOP, rank=40))
