"""优惠券 · a member's coupons on the member's page; an unused one can be made void there."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.http.language import language
from miniprogram_api.merchant.member_tabs import (
    Column,
    Fact,
    Row,
    RowAct,
    Shown,
    Tab,
    Table,
    add_fact,
    add_tab,
    page_asked,
)
from miniprogram_api.merchant.shell import moment, number
from miniprogram_api.pages.shell import say
from miniprogram_api.staff.guards import current_staff
from miniprogram_api.staff.roles import may
from points_mall.ledger.reasons import title

from . import reasons
from .models import Coupon
from .states import State, as_read
from .templates import read_terms
from .words import summary

COLUMNS = (
    Column("券", "Coupon"),
    Column("状态", "State"),
    Column("有效期", "Valid"),
    Column("券号", "Number"),
    Column("来自", "From"),
)
STATES = {
    State.UNUSED: ("未使用", "Unused", "green"),
    State.LOCKED: ("使用中", "In use", "orange"),
    State.USED: ("已使用", "Used", "secondary"),
    State.EXPIRED: ("已过期", "Over", "secondary"),
    State.VOID: ("已作废", "Void", "red"),
}

CAUSES = {
    reasons.LIST: ("按名单发放", "From a list"),
    reasons.CODE: ("兑换码", "For a code"),
    reasons.GIFT: ("好友赠送", "From a friend"),
    reasons.RESTORED: ("退款返还", "Back from a refund"),
    reasons.POINTS: ("积分兑换", "For points"),
    reasons.MONTHLY: ("会员月券", "Of the month"),
    reasons.STAFF: ("员工发放", "Given by staff"),
}


def coupons(member_id: int) -> dict[str, Any]:
    """Every coupon that the member has had, the latest first."""
    mine = sa.select(Coupon).filter_by(member_id=member_id)
    rows, after = page_asked(mine, Coupon.id, "coupons")
    can_void = may(current_staff().role, "manager")
    shown = [_row(row, now(), can_void=can_void) for row in rows]
    empty = ("还没有优惠券", "No coupons yet")
    return {"tables": [Table("coupons", "优惠券", "Coupons", COLUMNS, shown, empty, after)]}


def _row(row: Coupon, at: datetime, *, can_void: bool) -> Row:
    state = as_read(row.state, row.valid_until, at)
    zh, en, colour = STATES[state]
    act = None
    if can_void and state is State.UNUSED:
        question = say(
            "作废这张券？会员将不能再使用。", "Make this coupon void? It can be used no more."
        )
        act = RowAct(f"/admin/member-coupons/{row.code}/void", say("作废", "Void"), question)
    return Row(
        (
            Shown(say(row.title_zh, row.title_en), note=summary(read_terms(row.terms), language())),
            Shown(say(zh, en), colour, note=row.used_for or row.locked_for or ""),
            Shown(moment(row.valid_from), note=f"→ {moment(row.valid_until)}"),
            Shown(row.code),
            Shown(_cause(row.reason), note=moment(row.issued_at)),
        ),
        act,
    )


def _cause(reason: str) -> str:
    known = CAUSES.get(reason)
    return say(*known) if known else title(reason, language())


def _usable(member_id: int) -> str:
    count = db.session.scalar(
        sa.select(sa.func.count(Coupon.id)).where(
            Coupon.member_id == member_id,
            Coupon.state == State.UNUSED,
            Coupon.valid_from <= now(),
            Coupon.valid_until > now(),
        )
    )
    return number(count or 0)


add_tab(Tab("coupons", "优惠券", "Coupons", coupons, rank=10))
add_fact(Fact("coupons", "可用券", "Coupons", _usable, rank=25))
