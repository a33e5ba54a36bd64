"""Demo data: rewards in every state that a shopper can meet."""

from datetime import timedelta

import sqlalchemy as sa

from miniprogram_api.core.clock import now, starts_at, today
from miniprogram_api.core.db import db
from miniprogram_api.demo.seeds import Seeding

from .models import Reward
from .services import publish
from .terms import DELIVERY, PICKUP, NewVariant, RewardTerms

_Draft = tuple[RewardTerms, tuple[NewVariant, ...]]


def seed(seeding: Seeding) -> None:
    """Available, few left, sold out, to come, over, for higher tiers, with cash; by post and at the
    counter.
    """
    if db.session.scalar(sa.select(sa.exists(sa.select(Reward.id)))):
        return
    drafts = _drafts()
    seeding.expect(len(drafts))
    for terms, variants in drafts:
        publish(terms, variants)
        seeding.advance()


def _drafts() -> list[_Draft]:
    tomorrow = starts_at(today() + timedelta(days=1)) + timedelta(hours=10)
    return [
        _one(90, "美式咖啡一杯", 120, PICKUP, "cup", 200, summary="到店现做，中杯", allowance=5),
        _many(80, "纯棉T恤", 800, DELIVERY, "shirt", {"S": 20, "M": 35, "L": 30}, allowance=1),
        _one(70, "折叠雨伞", 300, PICKUP, "umbrella", 3, summary="仅剩几把"),
        _one(60, "帆布袋", 90, PICKUP, "bag", 0, summary="下月补货"),
        _one(50, "中秋礼盒", 500, DELIVERY, "hamper", 40, summary="明早十点开抢",
             available_from=tomorrow, is_cancellable=False),
        _one(40, "蓝牙耳机", 1500, DELIVERY, "headphones", 15, summary="积分加现金",
             cash_fen=9900),
        _one(30, "店长手冲体验课", 600, PICKUP, "cup", 12, summary="VIP会员专享",
             min_tier_rank=2, is_stocked=False),
        _one(20, "夏日野餐礼盒", 400, PICKUP, "hamper", 10, summary="活动已结束",
             available_until=now() - timedelta(days=1)),
    ]  # fmt: skip


def _one(
    position: int,
    title: str,
    points: int,
    fulfilment: str,
    picture: str,
    stock: int,
    **more: object,
) -> _Draft:
    return _terms(position, title, points, fulfilment, picture, **more), (NewVariant(stock),)


def _many(
    position: int,
    title: str,
    points: int,
    fulfilment: str,
    picture: str,
    stocks: dict[str, int],
    **more: object,
) -> _Draft:
    variants = tuple(NewVariant(stock, name) for name, stock in stocks.items())
    return _terms(position, title, points, fulfilment, picture, **more), variants


def _terms(
    position: int, title: str, points: int, fulfilment: str, picture: str, **more: object
) -> RewardTerms:
    values: dict[str, object] = {
        "title": title,
        "points": points,
        "fulfilment": fulfilment,
        "pictures": (f"/static/rewards/{picture}.svg",),
        "position": position,
        "description": "演示商品，可随意兑换。\nDemo reward, redeem it as you like.",
        **more,
    }
    return RewardTerms(**values)  # type: ignore[arg-type]
