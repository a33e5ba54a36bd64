"""积分流水 · a member's points on the member's page: entries, lots with their expiry, holds, what waits."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.http.language import language
from miniprogram_api.merchant.member_habits import person
from miniprogram_api.merchant.member_tabs import (
    Column,
    Fact,
    Row,
    Shown,
    Tab,
    Table,
    add_fact,
    add_tab,
    page_asked,
)
from miniprogram_api.merchant.shell import moment, number, signed
from miniprogram_api.pages.shell import say

from .models import (
    HoldState,
    LedgerEntry,
    PendingEarning,
    PendingState,
    PointsAccount,
    PointsHold,
    PointsLot,
)
from .reasons import title
from .statements import entries_of, summary

MOST_LOTS = 50


def points(member_id: int) -> dict[str, Any]:
    """The account at a glance, its entries, and what its balance consists of."""
    has = summary(member_id)
    figures = [
        (say("可用", "To spend"), number(has.available)),
        (say("冻结", "Held"), number(has.held)),
        (say("待生效", "Pending"), number(has.pending)),
        (say("待还", "Owed"), number(has.debt)),
        (say("累计获得", "Earned ever"), number(has.lifetime_earned)),
    ]
    tables = [_entries(member_id), _lots(member_id), _holds(member_id)]
    return {"facts": figures, "tables": [*tables, *([_waiting(member_id)] if has.pending else [])]}


def _entries(member_id: int) -> Table:
    query = entries_of(member_id).add_columns(LedgerEntry.actor)
    rows, after = page_asked(query, LedgerEntry.seq, "entries")
    columns = (
        Column("时间", "When"),
        Column("事由", "For"),
        Column("变动", "Change", is_figure=True),
        Column("余额", "Balance", is_figure=True),
        Column("由", "By"),
    )
    shown = [
        Row(
            (
                Shown(moment(row.occurred_at)),
                Shown(
                    title(row.reason, language()), note=explained(row.explanation) or row.reference
                ),
                Shown(signed(row.points)),
                Shown(number(row.balance_after)),
                Shown(person(row.actor)),
            )
        )
        for row in rows
    ]
    empty = ("还没有积分流水", "No points have moved yet")
    return Table("entries", "积分流水", "Entries", columns, shown, empty, after)


def explained(explanation: dict[str, Any] | None) -> str:
    """The few words of an entry's explanation that people ask for; all of it is in the ledger."""
    told = explanation or {}
    words = [str(told[name]) for name in ("why", "prize", "title", "day", "tier") if told.get(name)]
    if told.get("approved_by"):
        words.append(say("审批：", "approved by ") + person(str(told["approved_by"])))
    if told.get("version") is not None:
        words.append(say(f"规则版本 {told['version']}", f"rule version {told['version']}"))
    return " · ".join(words)


def _lots(member_id: int) -> Table:
    rows = db.session.execute(
        sa.select(
            PointsLot.remaining, PointsLot.held, PointsLot.granted, PointsLot.expires_at,
            LedgerEntry.reason, LedgerEntry.occurred_at,
        )
        .join(PointsAccount, PointsAccount.id == PointsLot.account_id)
        .join(LedgerEntry, LedgerEntry.id == PointsLot.entry_id)
        .where(PointsAccount.member_id == member_id, PointsLot.remaining > 0)
        .order_by(PointsLot.expires_at.is_(None), PointsLot.expires_at, PointsLot.id)
        .limit(MOST_LOTS)
    ).all()  # fmt: skip
    columns = (
        Column("过期时间", "Expires"),
        Column("剩余", "Left", is_figure=True),
        Column("其中冻结", "Of it held", is_figure=True),
        Column("当初", "Granted", is_figure=True),
        Column("来自", "From"),
    )
    shown = [
        Row(
            (
                _expiry(row.expires_at),
                Shown(number(row.remaining)),
                Shown(number(row.held)),
                Shown(number(row.granted)),
                Shown(title(row.reason, language()), note=moment(row.occurred_at)),
            )
        )
        for row in rows
    ]
    return Table("lots", "积分批次", "Lots", columns, shown, ("没有剩余积分", "Nothing is left"))


def _expiry(at: Any) -> Shown:
    if at is None:
        return Shown(say("永不过期", "Never"))
    return Shown(moment(at), note=say("已过期", "Over") if at <= now() else "")


def _holds(member_id: int) -> Table:
    mine = (
        sa.select(PointsHold)
        .join(PointsAccount, PointsAccount.id == PointsHold.account_id)
        .where(PointsAccount.member_id == member_id, PointsHold.state == HoldState.OPEN)
        .order_by(PointsHold.expires_at)
        .limit(MOST_LOTS)
    )
    columns = (
        Column("为", "For"),
        Column("积分", "Points", is_figure=True),
        Column("自", "From"),
        Column("至", "Until"),
    )
    shown = [
        Row(
            (
                Shown(title(row.reason, language()), note=row.reference),
                Shown(number(row.points)),
                Shown(moment(row.placed_at)),
                Shown(moment(row.expires_at)),
            )
        )
        for row in db.session.scalars(mine)
    ]
    return Table("holds", "冻结", "Holds", columns, shown, ("没有冻结的积分", "Nothing is held"))


def _waiting(member_id: int) -> Table:
    mine = (
        sa.select(PendingEarning)
        .join(PointsAccount, PointsAccount.id == PendingEarning.account_id)
        .where(PointsAccount.member_id == member_id, PendingEarning.state == PendingState.PENDING)
        .order_by(PendingEarning.matures_at)
        .limit(MOST_LOTS)
    )
    columns = (
        Column("为", "For"),
        Column("积分", "Points", is_figure=True),
        Column("生效", "Counts from"),
    )
    shown = [
        Row(
            (
                Shown(title(row.reason, language()), note=row.reference),
                Shown(number(row.points - row.cancelled_points)),
                Shown(moment(row.matures_at)),
            )
        )
        for row in db.session.scalars(mine)
    ]
    return Table(
        "pending", "待生效", "Pending", columns, shown, ("没有待生效的积分", "Nothing waits")
    )


def _spendable(member_id: int) -> str:
    return number(summary(member_id).available)


add_tab(Tab("points", "积分流水", "Points", points, rank=0))
add_fact(Fact("points", "可用积分", "Points", _spendable, rank=20))
