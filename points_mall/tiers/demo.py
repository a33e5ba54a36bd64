"""Demo data: shoppers on every step of the ladder, one of them about to lose hers."""

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa

from miniprogram_api.core.clock import starts_at, today
from miniprogram_api.core.db import db, transaction
from miniprogram_api.demo.seeds import Seeding
from miniprogram_api.members.enrolment import enrol_or_find
from miniprogram_api.wechat.answers import WeChatSession

from .growing import Growth, grow
from .models import TierGrowth

BOUGHT: dict[str, tuple[tuple[int, int], ...]] = {
    "demo-shopper-1": ((40, 320_00), (12, 360_00)),
    "demo-shopper-2": ((95, 880_00), (60, 1_350_00), (9, 268_00)),
    "demo-shopper-3": ((150, 4_200_00), (75, 3_980_00), (20, 2_650_00)),
    "demo-shopper-5": ((200, 28_000_00), (90, 15_800_00), (15, 9_900_00)),
    "demo-shopper-6": ((380, 2_400_00), (45, 520_00)),
}
"""What some of them bought, as days ago and fen: regular, gold, platinum, diamond, and gold in grace."""


def seed(seeding: Seeding) -> None:
    """Growth of five shoppers, and what follows from it: tiers, gifts, history."""
    if db.session.scalar(sa.select(sa.exists(sa.select(TierGrowth.id)))):
        return
    seeding.expect(len(BOUGHT))
    for openid in BOUGHT:
        with transaction():
            member, _ = enrol_or_find(WeChatSession(openid))
            grow(list(_growth(member.id, openid)))
        seeding.advance()


def _growth(member_id: int, openid: str) -> Iterator[Growth]:
    for number, (days_ago, amount_fen) in enumerate(BOUGHT[openid], 1):
        bought_at = starts_at(today() - timedelta(days=days_ago)) + timedelta(hours=15)
        yield Growth(
            member_id, amount_fen, 1, amount_fen // 100, bought_at, f"demo:tier:{openid}:{number}"
        )
