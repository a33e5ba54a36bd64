"""The goods of a demo."""

import sqlalchemy as sa

from miniprogram_api.core.db import db
from miniprogram_api.demo.seeds import Seeding

from .goods import Goods, load
from .models import Product

_GOODS = (
    Goods("latte", "拿铁", "coffee", 2190, "/static/rewards/cup.svg", 90),
    Goods("beans-250", "精品咖啡豆 250g", "coffee", 6800, "/static/rewards/bag.svg", 80),
    Goods("tee", "纯棉T恤", "clothing", 9900, "/static/rewards/shirt.svg", 70),
    Goods("umbrella", "折叠雨伞", "household", 4500, "/static/rewards/umbrella.svg", 60),
    Goods("hamper", "节日礼盒", "gifts", 25800, "/static/rewards/hamper.svg", 50),
)


def seed(seeding: Seeding) -> None:
    """A few goods in several categories; what the merchant has changed since stays."""
    if db.session.scalar(sa.select(sa.exists(sa.select(Product.id)))):
        return
    seeding.expect(len(_GOODS))
    seeding.advance(load(_GOODS))
