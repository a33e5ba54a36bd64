"""Demo data: shoppers with a month of check-ins behind them.

The days lie in the past; their points are posted today, and say that they are demo data.
"""

from datetime import date, datetime, timedelta

import sqlalchemy as sa

from miniprogram_api.core.clock import shop_zone, today
from miniprogram_api.core.db import db, transaction
from miniprogram_api.demo.seeds import Seeding
from miniprogram_api.members.enrolment import enrol_or_find
from miniprogram_api.wechat.answers import WeChatSession

from . import standings
from .models import CheckIn
from .rule_book import ensure_first_rule
from .services import check_in_at
from .streaks import DAY

SHOPPERS = 24
HISTORY_DAYS = 28
REMARK = {"demo": True}
PEOPLE = {
    "demo-shopper-1": "小明 · 天天签到",
    "demo-shopper-2": "韩梅梅 · 昨天忘了签到",
    "demo-shopper-3": "李雷 · 常来",
    "demo-shopper-4": "阿强 · 周末才来",
    "demo-shopper-5": "王芳 · 天天签到",
    "demo-shopper-6": "老陈 · 昨天忘了签到",
}
"""Some of them, as the simulator's phone names them."""


def seed(seeding: Seeding) -> None:
    """The first rule, and two dozen shoppers: steady, with gaps, at weekends, gone yesterday.

    In the simulator they are `demo-shopper-1` and so on; none has checked in today.
    """
    if db.session.scalar(sa.select(sa.exists(sa.select(CheckIn.id)))):
        return
    seeding.expect(HISTORY_DAYS)
    with transaction() as session:
        ensure_first_rule(session)
        shoppers = [_shopper(number) for number in range(1, SHOPPERS + 1)]
        standings.lock(session, shoppers)
        for back in range(HISTORY_DAYS, 0, -1):
            day = today() - back * DAY
            present = [one for number, one in enumerate(shoppers) if _comes(number, day, back)]
            check_in_at(session, present, _morning(day), REMARK)
            seeding.advance()


def _shopper(number: int) -> int:
    member, _ = enrol_or_find(WeChatSession(f"demo-shopper-{number}"))
    return member.id


def _comes(number: int, day: date, back: int) -> bool:
    habits = (
        True,  # every day
        back != 1,  # missed yesterday
        (back + number) % 5 != 0,  # now and then not
        day.weekday() >= 5,  # at weekends
    )
    return habits[number % len(habits)]


def _morning(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), shop_zone()) + timedelta(hours=9)
