"""Drops of a demo: one that opens each five minutes, and one at the hours of the day."""

from datetime import time

import sqlalchemy as sa

from miniprogram_api.core.db import db
from miniprogram_api.demo.seeds import Seeding

from . import plans
from .models import CouponDropPlan
from .plans import PlanTerms
from .schedule import Schedule

ACTOR = "demo"
HOURS = (time(10), time(14), time(20))
_PLANS = (
    PlanTerms(
        "cash5",
        Schedule(every_minutes=5),
        stock=20,
        lasts_minutes=4,
        title_zh="每五分钟一场 · 5元券",
        title_en="Every five minutes: a ¥5 voucher",
    ),
    PlanTerms(
        "drop10",
        Schedule(times=HOURS),
        stock=100,
        lasts_minutes=60,
        title_zh="整点抢券 · 10元券",
        title_en="On the hour: a ¥10 voucher",
    ),
)


def seed(seeding: Seeding) -> None:
    """See that the plans are there, with their next drops; coupons are seeded before."""
    seeding.expect(len(_PLANS))
    for terms in _PLANS:
        query = sa.select(CouponDropPlan.id).filter_by(created_by=ACTOR, title_zh=terms.title_zh)
        if db.session.scalars(query).first() is None:
            plans.create(terms, actor=ACTOR)
        seeding.advance()
    plans.make_ahead()
