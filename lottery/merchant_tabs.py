"""抽奖 · a member's draws and chances on the member's page."""

from typing import Any

from miniprogram_api.merchant.member_tabs import Column, Row, Shown, Tab, Table, add_tab, page_asked
from miniprogram_api.merchant.shell import moment, number
from miniprogram_api.pages.shell import say

from . import chances
from .models import Draw
from .shown import draws_of, told_draws

PAID_BY = {
    "free": ("免费次数", "A free draw"),
    "chance": ("抽奖机会", "A chance"),
    "again": ("再来一次", "Draw again"),
    "points": ("积分", "Points"),
}
COLUMNS = (
    Column("时间", "When"),
    Column("转盘", "Wheel"),
    Column("奖品", "Prize"),
    Column("用", "Paid by"),
    Column("积分", "Points", is_figure=True),
)


def draws(member_id: int) -> dict[str, Any]:
    """What the member drew, the latest first, and the chances that are left."""
    rows, after = page_asked(draws_of(member_id), Draw.id, "draws")
    shown = [_row(told) for told in told_draws(rows)]
    left = sum(one.left for one in chances.chances_of(member_id))
    empty = ("还没有抽过奖", "Nothing was drawn yet")
    return {
        "facts": [(say("剩余抽奖机会", "Chances left"), number(left))],
        "tables": [Table("draws", "抽奖记录", "Draws", COLUMNS, shown, empty, after)],
    }


def _row(told: dict[str, Any]) -> Row:
    paid = PAID_BY.get(told["paid_by"], (told["paid_by"], told["paid_by"]))
    return Row(
        (
            Shown(moment(told["created_at"]), note=told["draw_no"]),
            Shown(told["wheel"]["title"]),
            Shown(told["prize"]["name"]),
            Shown(say(*paid)),
            Shown(number(told["points"])),
        )
    )


add_tab(Tab("draws", "抽奖", "Draws", draws, rank=40))
