"""The flash sales of a demo: one running, one to come, one over."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.demo.seeds import Seeding

from . import services
from .models import FlashSale
from .sales import Sale, read_all
from .states import SaleState
from .terms import DELIVERY, ItemTerms, SaleTerms, Slot

CAMPAIGN = "周末积分秒杀"
ACTOR = "demo"

_RUNNING = (
    ItemTerms("新人尝鲜 · 美式咖啡", 5, 60),  # within reach after the first check-in
    ItemTerms("手冲咖啡券", 200, 50, allowance=2),
    ItemTerms("帆布托特包", 680, 20, fulfilment=DELIVERY),
    ItemTerms("联名保温杯 · 金卡专享", 990, 10, cash_fen=1900, min_tier_rank=1),
)
_UPCOMING = (
    ItemTerms("双人电影票", 1200, 30),
    ItemTerms("蓝牙音箱", 5800, 5, fulfilment=DELIVERY),
)
_OVER = (ItemTerms("早餐套餐", 100, 100, allowance=3),)


def seed(seeding: Seeding) -> None:
    """See that each kind of sale is there; what a demo of yesterday left is over by now."""
    moment = now()
    there = {sale.state_at(moment) for sale in _demo_sales()}
    wanted = {
        SaleState.ENDED: (moment - timedelta(hours=3), timedelta(hours=2), _OVER),
        SaleState.RUNNING: (moment - timedelta(minutes=5), timedelta(hours=24), _RUNNING),
        SaleState.UPCOMING: (moment + timedelta(minutes=10), timedelta(hours=2), _UPCOMING),
    }
    seeding.expect(len(wanted))
    for state, (starts_at, lasts, items) in wanted.items():
        if state not in there:
            services.publish(_terms(starts_at, lasts, items), actor=ACTOR)
        seeding.advance()


def _terms(starts_at: datetime, lasts: timedelta, items: tuple[ItemTerms, ...]) -> SaleTerms:
    whole = starts_at.replace(second=0, microsecond=0)
    return SaleTerms(CAMPAIGN, (Slot(whole, whole + lasts),), items, CAMPAIGN)


def _demo_sales() -> list[Sale]:
    ids = db.session.scalars(sa.select(FlashSale.id).filter_by(campaign=CAMPAIGN)).all()
    return read_all(ids)
