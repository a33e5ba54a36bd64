"""Demo data: one wheel that is running, with every kind of prize."""

from datetime import timedelta

import sqlalchemy as sa

from miniprogram_api.core.clock import starts_at, today
from miniprogram_api.core.db import db
from miniprogram_api.demo.seeds import Seeding

from .models import Wheel
from .services import create
from .terms import PICKUP, PrizeTerms, WheelTerms

RULES_ZH = """每次抽奖消耗20积分，每天第一次免费，每天最多10次。
奖品与中奖概率如上公示，概率即抽奖所用数字；限量奖品发完后改发安慰奖。
连续9次未中优惠券以上奖品，第10次必得其一。
每日种子先公布承诺、次日公布原文，任何人可以复算。积分奖品按积分规则有效，优惠券30天有效，
实物凭核销码到店领取。活动由本店主办，咨询请联系客服。"""
RULES_EN = """A draw costs 20 points; the first of each day is free; at most 10 a day.
Prizes and odds are as published, and are the numbers that draw. Where a limited prize has run out
the consolation is given. After nine draws without a coupon or better, the tenth gives one.
The seed of each day is promised before and published after it, so anybody can recompute each draw."""


def seed(seeding: Seeding) -> None:
    """The wheel of the demo, once."""
    if db.session.scalar(sa.select(sa.exists(sa.select(Wheel.id)))):
        return
    seeding.expect(1)
    create(demo_wheel(), actor="demo")
    seeding.advance()


def demo_wheel() -> WheelTerms:
    """Eight prizes of every kind, a guarantee, a consolation."""
    return WheelTerms(
        title="幸运大转盘",
        opens_at=starts_at(today()) - timedelta(days=1),
        rules_zh=RULES_ZH,
        rules_en=RULES_EN,
        points_cost=20,
        free_draws_per_day=1,
        daily_limit=10,
        weight_total=10_000,
        guarantee_nth=10,
        prizes=(
            PrizeTerms("蓝牙耳机", "reward", 10, value_fen=29900, stock=5, fulfilment=PICKUP,
                       code="headphones"),
            PrizeTerms("5积分", "points", 3490, 5, code="five"),
            PrizeTerms("满50减10优惠券", "coupon", 800, 1, item="full50off10", value_fen=1000,
                       expires_days=30, is_guaranteed=True, code="coupon"),
            PrizeTerms("再抽一次", "draw_again", 1000, code="again"),
            PrizeTerms("100积分", "points", 500, 100, stock=1000, code="hundred"),
            PrizeTerms("抽奖机会2次", "draw_chance", 200, 2, code="chances"),
            PrizeTerms("谢谢参与", "nothing", 3500, code="thanks"),
            PrizeTerms("1积分", "points", 500, 1, is_consolation=True, code="one"),
        ),
    )  # fmt: skip
