"""行为与沉睡: what the floor itself knows of a member's ways: messages, refusals, blocks. Features add more."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.db import db
from miniprogram_api.http.language import language
from miniprogram_api.messaging.kinds import UnknownKind, kind_of
from miniprogram_api.messaging.models import SentMessage
from miniprogram_api.messaging.opt_in import quotas
from miniprogram_api.pages.shell import say
from miniprogram_api.risk import decisions
from miniprogram_api.risk.models import Block

from .member_editing import blocks_of
from .member_tabs import TABLE_ROWS, Column, Row, Shown, Tab, Table, add_habit, add_tab, habits
from .shell import moment, number

_MESSAGE_STATES = {
    "deferred": ("待发送", "To be sent", "secondary"),
    "sent": ("已发送", "Sent", "green"),
    "refused": ("会员未接受", "Refused by the member", "orange"),
    "failed": ("失败", "Failed", "red"),
}


def messages(member_id: int) -> dict[str, Any]:
    """What the member agreed to receive, and what was sent last."""
    accepted = Table(
        "accepted",
        "已同意接收",
        "Accepted",
        (Column("消息", "Message"), Column("剩余次数", "Left", is_figure=True)),
        [
            Row((Shown(_kind(name)), Shown(number(left))))
            for name, left in quotas(member_id).items()
            if left
        ],
        ("没有可用的订阅次数", "The member accepts no more messages"),
    )
    return {"tables": [accepted, _sent(member_id)]}


def _sent(member_id: int) -> Table:
    latest = sa.select(SentMessage).filter_by(member_id=member_id).order_by(SentMessage.id.desc())
    return Table(
        "messages",
        "最近的订阅消息",
        "Latest messages",
        (Column("消息", "Message"), Column("状态", "State"), Column("时间", "When")),
        [
            Row(
                (
                    Shown(_kind(row.kind)),
                    _state(row.state),
                    Shown(moment(row.sent_at or row.created_at)),
                )
            )
            for row in db.session.scalars(latest.limit(TABLE_ROWS))
        ],
        ("没有给这位会员发过消息", "Nothing was sent to this member"),
    )


def refusals(member_id: int) -> dict[str, Any]:
    """What the rules against abuse refused, and which blocks there were."""
    found = db.session.scalars(decisions.latest(f"member:{member_id}").limit(TABLE_ROWS)).all()
    refused = Table(
        "refusals", "风控记录", "Refusals",
        (Column("操作", "What"), Column("原因", "Why"), Column("次数", "Times", is_figure=True), Column("最近", "Last"), Column("处理", "State")),
        [
            Row((
                Shown(row.action), Shown(row.reasons.replace(",", "、")), Shown(str(row.times)), Shown(moment(row.last_at)),
                Shown(say("已放行", "Lifted"), "green", row.lifted_why or "") if row.lifted_at else Shown(say("已拒绝", "Refused"), "orange"),
            ))
            for row in found
        ],
        ("没有风控记录", "Nothing was refused"),
    )  # fmt: skip
    blocked = db.session.scalars(blocks_of(member_id).limit(TABLE_ROWS)).all()
    return {"tables": [refused, _blocks(list(blocked))]}


def _blocks(found: list[Block]) -> Table:
    return Table(
        "blocks", "封禁记录", "Blocks",
        (Column("原因", "Why"), Column("由", "By"), Column("自", "From"), Column("至", "Until"), Column("解除", "Lifted")),
        [
            Row((
                Shown(row.reason), Shown(person(row.added_by)), Shown(moment(row.added_at)),
                Shown(moment(row.until) if row.until else say("手动解除为止", "Until lifted")),
                Shown(moment(row.lifted_at), note=person(row.lifted_by or "")),
            ))
            for row in found
        ],
        ("从未封禁", "Never blocked"),
    )  # fmt: skip


def person(actor: str) -> str:
    """Who acted, without our own mark before the user name."""
    return actor.removeprefix("staff:")


def _kind(name: str) -> str:
    try:
        kind = kind_of(name)
    except UnknownKind:  # of a feature that is gone
        return name
    return kind.title_en if language() == "en" else kind.title_zh


def _state(state: str) -> Shown:
    zh, en, colour = _MESSAGE_STATES[state]
    return Shown(say(zh, en), colour)


add_habit(Tab("messages", "消息", "Messages", messages, rank=60))
add_habit(Tab("refusals", "风控", "Refusals", refusals, rank=70))
add_tab(Tab("habits", "行为与沉睡", "Habits", habits, rank=60))
