"""发货 · what waits to be sent: as a file, as packing slips, and the file that says what was."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, redirect, render_template, request

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db
from miniprogram_api.core.errors import DomainError, NotFound
from miniprogram_api.http.problems import status_of
from miniprogram_api.merchant.act_names import name_subject
from miniprogram_api.merchant.acting import carried_out
from miniprogram_api.merchant.csv_files import FileNotReadable, download, read_rows
from miniprogram_api.merchant.forms import Form, file_sent, posted
from miniprogram_api.merchant.listing import PAGE_ROWS, asked, page_of
from miniprogram_api.merchant.navigation import SHOP, Door, add_door
from miniprogram_api.pages.shell import say
from miniprogram_api.staff.guards import for_staff

from . import merchant_editing, order_words, shipments
from .models import RedemptionOrder
from .shipment_lines import Verdict, lines_of
from .shipment_models import ShipmentImport

ADDRESS = "/admin/shipments"
IMPORTS = f"{ADDRESS}/imports"
MOST_SLIPS = 100
MOST_EXPORTED = 5_000
LATEST_IMPORTS = 10
COLUMNS = {
    "order_no": ("order_no", "订单号", "Order"),
    "carrier": ("carrier", "快递公司", "承运商", "Carrier"),
    "tracking_no": ("tracking_no", "运单号", "快递单号", "Tracking number"),
}

blp = Blueprint("shipments_merchant", __name__, template_folder="templates")


class NothingToSend(NotFound):
    """No order waits to be sent."""

    code = "nothing_to_send"
    title_zh = "没有待发货的订单"
    title_en = "Nothing waits to be sent"


@blp.get(ADDRESS)
@for_staff("manager")
def waiting() -> str:
    """What waits to be sent, the oldest first, and the latest files."""
    return _page(Form())


@blp.post(f"{ADDRESS}/export")
@for_staff("manager")
def export() -> Any:
    """What waits to be sent with its addresses, as a file to be filled in and brought back."""
    form = posted()
    try:
        found = merchant_editing.see_addresses(_waiting_nos(MOST_EXPORTED), "order.export_address")
        if not found:
            raise NothingToSend("no order waits")
    except DomainError as refusal:
        return _page(form.refused(refusal).form), status_of(type(refusal))
    columns = (
        say("订单号", "Order"),
        say("商品", "What"),
        say("数量", "Count"),
        say("收货人", "Name"),
        say("电话", "Phone"),
        say("地区", "Region"),
        say("详细地址", "Address"),
        say("下单", "Placed"),
        say("快递公司", "Carrier"),
        say("运单号", "Tracking number"),
    )
    return download("to-be-sent", columns, [_cells(order, where) for order, where in found])


@blp.post(f"{ADDRESS}/slips")
@for_staff("manager")
def slips() -> Any:
    """Packing slips to be printed: of the orders that are named, or of the oldest that wait."""
    form = posted()
    named = [number[:24] for number in request.form.getlist("order")][:MOST_SLIPS]
    try:
        numbers = named or _waiting_nos(MOST_SLIPS)
        found = merchant_editing.see_addresses(numbers, "order.print_slip")
        if not found:
            raise NothingToSend("no order waits")
    except DomainError as refusal:
        return _page(form.refused(refusal).form), status_of(type(refusal))
    return render_template("redemption/slips.html", slips=found)


@blp.post(IMPORTS)
@for_staff("manager")
def upload() -> Any:
    """Take a file in and show what it would do; nothing is sent yet."""
    form = posted()
    try:
        lines = lines_of(read_rows(file_sent(), COLUMNS))
        if not lines:
            raise FileNotReadable("there is no line below the headings")
        import_id = shipments.keep(lines)
    except DomainError as refusal:
        g.problem_code = refusal.code
        return _page(form.refused(refusal).form), status_of(type(refusal))
    return redirect(f"{IMPORTS}/{import_id}", 303)


@blp.get(f"{IMPORTS}/<int:import_id>")
@for_staff("manager")
def one_import(import_id: int) -> Any:
    """What a file would do, line by line, or what became of it; what needs somebody as a file."""
    if asked().wants_csv:
        return _failures(import_id)
    return _import_page(import_id, Form())


@blp.post(f"{IMPORTS}/<int:import_id>/apply")
@for_staff("manager")
def apply(import_id: int) -> Any:
    """Send what a file says."""
    return carried_out(
        lambda _form: shipments.apply(import_id),
        then=f"{IMPORTS}/{import_id}",
        again=lambda form: _import_page(import_id, form),
    )


def _page(form: Form) -> str:
    wanted = asked()
    query = shipments.waiting()
    if wanted.after:
        query = query.where(RedemptionOrder.id > wanted.after)
    rows = db.session.scalars(query.limit(PAGE_ROWS + 1)).all()
    latest = sa.select(ShipmentImport).order_by(ShipmentImport.id.desc()).limit(LATEST_IMPORTS)
    return render_template(
        "redemption/shipments.html",
        listing=page_of(wanted, rows),
        imports=db.session.scalars(latest).all(),
        most_slips=MOST_SLIPS,
        most_lines=shipments.MOST_LINES,
        form=form,
    )


def _import_page(import_id: int, form: Form) -> str:
    told = shipments.import_with(import_id)
    lines = shipments.shown(told)
    return render_template(
        "redemption/shipment_import.html",
        told=told,
        lines=lines,
        ready_count=sum(verdict is Verdict.SHIPS for _line, verdict in lines),
        failed_count=sum(not order_words.is_good(verdict) for _line, verdict in lines),
        words=order_words,
        form=form,
    )


def _failures(import_id: int) -> Any:
    told = shipments.import_with(import_id)
    is_applied = told.applied_at is not None
    columns = (
        say("行", "Line"),
        say("订单号", "Order"),
        say("快递公司", "Carrier"),
        say("运单号", "Tracking number"),
        say("问题", "What is wrong"),
    )
    rows = [
        (
            line.line,
            line.order_no,
            line.carrier,
            line.tracking_no,
            order_words.verdict(verdict, is_applied=is_applied),
        )
        for line, verdict in shipments.shown(told)
        if not order_words.is_good(verdict)
    ]
    return download(f"shipments-{import_id}-failed", columns, rows)


def _waiting_nos(at_most: int) -> Sequence[str]:
    query = shipments.waiting().with_only_columns(RedemptionOrder.order_no).limit(at_most)
    return [str(number) for number in db.session.scalars(query)]


def _cells(order: RedemptionOrder, where: dict[str, str] | None) -> tuple[object, ...]:
    address = where or {}
    told = (address.get(name, "") for name in ("name", "phone", "region", "detail"))
    placed = in_shop_time(order.placed_at).strftime("%Y-%m-%d %H:%M")
    return (order.order_no, order.title, order.quantity, *told, placed, "", "")


name_subject("shipment_import", "发货文件", "Shipments", f"{IMPORTS}/{{}}")
add_door(Door(ADDRESS, "发货", "Shipments", "truck", SHOP, role="manager", rank=42))
