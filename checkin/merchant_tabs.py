"""行为 · a member's check-ins on the member's page."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import today
from miniprogram_api.core.db import db
from miniprogram_api.merchant.member_tabs import (
    Column,
    Row,
    Shown,
    Tab,
    Table,
    add_habit,
    page_asked,
)
from miniprogram_api.merchant.shell import moment, number
from miniprogram_api.pages.shell import say

from . import cards, rule_book, standings
from .models import CheckIn
from .streaks import current_streak

COLUMNS = (
    Column("日期", "Day"),
    Column("方式", "How"),
    Column("积分", "Points", is_figure=True),
    Column("时间", "When"),
)


def check_ins(member_id: int) -> dict[str, Any]:
    """How often the member comes, and the latest days."""
    rows, after = page_asked(sa.select(CheckIn).filter_by(member_id=member_id), CheckIn.id, "days")
    empty = ("还没有签到", "No check-ins yet")
    shown = [_row(row) for row in rows]
    return {
        "facts": _figures(member_id),
        "tables": [Table("days", "签到", "Check-ins", COLUMNS, shown, empty, after)],
    }


def _figures(member_id: int) -> list[tuple[str, str]]:
    session, day = db.session(), today()
    has = standings.figures(session, [member_id], day)[member_id]
    cycle = rule_book.in_force(session, day).terms.cycle
    streak = current_streak(cycle, day, has.standing.before, checked_in=has.checked_in)
    return [
        (say("连续签到", "Days in a row"), number(streak)),
        (say("本月签到", "This month"), number(has.in_month)),
        (say("累计签到", "Ever"), number(has.ever)),
        (say("补签卡", "Make-up cards"), number(cards.count_cards(session, member_id))),
    ]


def _row(row: CheckIn) -> Row:
    how = (
        Shown(say("补签", "Made up"), "orange")
        if row.made_up
        else Shown(say("签到", "Came"), "green")
    )
    return Row(
        (Shown(row.day.isoformat()), how, Shown(number(row.points)), Shown(moment(row.created_at)))
    )


add_habit(Tab("check_ins", "签到", "Check-ins", check_ins, rank=20))
