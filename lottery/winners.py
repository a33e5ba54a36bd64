"""Who won what, as the archive keeps it: draws, prizes and numbers of members, never names."""

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.members.models import Member

from .giving import order_no_of
from .models import Draw, WheelPrize
from .terms import REWARD

WINNER_COLUMNS = (
    "draw_no", "drawn_at", "member_no", "prize", "kind", "value_fen", "order_no",
    "version", "period_index",
)  # fmt: skip


def winner_row(draw: Draw, prize: WheelPrize, member: Member) -> tuple[object, ...]:
    """A line of the archive."""
    return (
        draw.draw_no,
        in_shop_time(draw.created_at).isoformat(),
        member.member_no,
        prize.name,
        prize.kind,
        prize.value_fen,
        order_no_of(draw.draw_no) if prize.kind == REWARD else "",
        draw.version,
        draw.draw_index,
    )
