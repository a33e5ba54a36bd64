"""核销 · handing rewards over from the office, and what the counter knows of a purchase."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, render_template

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.settings import settings
from miniprogram_api.http.problems import status_of
from miniprogram_api.http.schemas import Schema, Text
from miniprogram_api.merchant.act_names import name_acts, name_subject
from miniprogram_api.merchant.acting import carried_out
from miniprogram_api.merchant.forms import Form, FormRefused, posted, reason_sent
from miniprogram_api.merchant.navigation import SHOP, Door, add_door
from miniprogram_api.pages.shell import say
from miniprogram_api.staff.guards import current_staff, for_staff
from miniprogram_api.staff.models import Staff
from miniprogram_api.staff.roles import MANAGER, may
from points_mall.purchases.merchant_parts import PagePart, add_finder, add_part
from points_mall.purchases.models import Purchase
from points_mall.purchases.states import TILL
from points_mall.redemption import order_words
from points_mall.redemption.models import RedemptionOrder

from . import codes, pickups, receipts
from .models import Till, TillPickup, TillSale
from .tills import Counter, counter_of, own_code, tills_of

ADDRESS = "/admin/pickups"
LATEST = 20
TENDERS = {
    "cash": ("现金", "Cash"),
    "wechat": ("微信", "WeChat"),
    "alipay": ("支付宝", "Alipay"),
    "card": ("刷卡", "Card"),
    "other": ("其他", "Other"),
}

blp = Blueprint("pickups_merchant", __name__, template_folder="templates")


class CodeSchema(Schema):
    """A pick-up code, and the till it is handed over at; without one, the clerk's own."""

    code = Text(32, required=True)
    till = Text(20, load_default="")


@blp.get(ADDRESS)
@for_staff("editor")
def hand_over() -> str:
    """The field for a code, and the latest hand-overs."""
    return _page(Form())


@blp.post(f"{ADDRESS}/look")
@for_staff("editor")
def look() -> Any:
    """The order of a code, and what can be done with it; the code stands in no address."""
    form = posted()
    try:
        counter, code = _asked(form)
        found = pickups.look_up(counter, code)
    except FormRefused as refused:
        return _page(refused.form), 422
    except DomainError as refusal:
        g.problem_code = refusal.code
        return _page(form.refused(refusal).form), status_of(type(refusal))
    return _page(form, found)


@blp.post(f"{ADDRESS}/confirm")
@for_staff("editor")
def confirm() -> Any:
    """Hand an order over, once."""
    return carried_out(lambda form: pickups.confirm(*_asked(form)), then=ADDRESS, again=_page)


@blp.post(f"{ADDRESS}/undo")
@for_staff("editor")
def undo() -> Any:
    """Take a hand-over back within its window."""
    return carried_out(
        lambda form: pickups.undo(*_asked(form), reason_sent()), then=ADDRESS, again=_page
    )


def _asked(form: Form) -> tuple[Counter, str]:
    kept = {name: form.value(name) for name in ("code", "till") if form.value(name)}
    told = Form(kept, form.errors).load(CodeSchema())
    staff = current_staff()
    counter = counter_of(told["till"] or own_code(staff), staff)
    return counter, "".join(told["code"].split())


def _page(form: Form, found: Mapping[str, Any] | None = None) -> str:
    staff = current_staff()
    usable = tills_of(staff).where(Till.revoked_at.is_(None), Till.is_registered)
    tills = [(till.code, till.name) for till in db.session.scalars(usable.order_by(Till.code))]
    if not settings().tills_must_be_registered:
        tills = [("", say("后台（本人）", "Back office (mine)")), *tills]
    return render_template(
        "cashier/merchant_pickups.html",
        form=form,
        found=found,
        tills=tills,
        latest=_latest(),
        words=order_words,
        undo_minutes=settings().till_pickup_undo_minutes,
    )


def _latest() -> list[dict[str, Any]]:
    """The latest hand-overs of the caller's store, and which may still be taken back by the caller."""
    staff = current_staff()
    query = (
        sa.select(TillPickup, RedemptionOrder, Till.code, Staff.name)
        .join(RedemptionOrder, RedemptionOrder.order_no == TillPickup.order_no)
        .join(Till, Till.id == TillPickup.till_id)
        .join(Staff, Staff.id == TillPickup.staff_id)
    )
    if staff.store is not None:
        query = query.where(Till.store == staff.store)
    since = now() - timedelta(minutes=settings().till_pickup_undo_minutes)
    rows = db.session.execute(query.order_by(TillPickup.id.desc()).limit(LATEST))
    return [
        {
            "pickup": row.TillPickup,
            "order": row.RedemptionOrder,
            "till": row.code,
            "by": row.name,
            "can_undo": row.TillPickup.undone_at is None
            and row.TillPickup.confirmed_at >= since
            and (row.TillPickup.staff_id == staff.staff_id or may(staff.role, MANAGER.code)),
        }
        for row in rows
    ]


# ------------------------------------------------------------------ on the pages of purchases


def _by_receipt(text: str) -> Sequence[int]:
    """The purchases of a receipt's number, at whichever till, or of the code printed on it."""
    every_till = sa.select(Till.id)
    query = sa.select(TillSale.purchase_id).where(
        TillSale.till_id.in_(every_till), TillSale.receipt_no == text
    )
    found = list(db.session.scalars(query))
    sale = receipts.sale_with_code(codes.cleaned(text))
    return [*found, *([] if sale is None else [sale.purchase_id])]


def _sale_of(purchase: Purchase) -> Mapping[str, Any] | None:
    if purchase.source != TILL:
        return None
    row = db.session.execute(
        sa.select(TillSale, Till.code, Staff.name)
        .join(Till, Till.id == TillSale.till_id)
        .join(Staff, Staff.id == TillSale.staff_id)
        .where(TillSale.purchase_id == purchase.id)
    ).one_or_none()
    return row and {
        "sale": row.TillSale,
        "till": row.code,
        "by": row.name,
        "tender": TENDERS[row.TillSale.tender],
    }


name_acts(
    {
        "till.open": ("开启收银台", "Till opened"),
        "till.register": ("登记收银台", "Till registered"),
        "till.revoke": ("停用收银台", "Till revoked"),
        "till.unlock": ("解锁收银台", "Till unlocked"),
        "till.locked": ("收银台锁定", "Till locked"),
        "till.sale": ("收银台销售", "Sale at the till"),
        "till.pickup": ("核销", "Handed over"),
        "till.undo_pickup": ("撤销核销", "Hand-over undone"),
        "till.close_shift": ("交班", "Shift closed"),
        "till.refund": ("收银台退款", "Refund at the till"),
        "till.look_up": ("按尾号查会员", "Member looked up"),
        "till.approve": ("授权", "Approved"),
        "till.resolve_conflict": ("处理离线冲突", "Conflict resolved"),
    }
)
name_subject("till", "收银台", "Till")
name_subject("sale", "销售", "Sale", "/admin/purchases/{}")
add_finder("receipts", _by_receipt)
add_part("till", PagePart("cashier/merchant_sale.html", _sale_of))
add_door(Door(ADDRESS, "核销", "Hand over", "package-export", SHOP, rank=41))
