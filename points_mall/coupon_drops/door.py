"""The door of the claims route: a plain claim of what is gone is answered before Flask is woken."""

import re

from flask import Flask

from points_mall.coupons.terms import Audience
from points_mall.stock import door
from points_mall.stock.door import Entrance

from .drops import drop_of


def _pool_of(drop_id: int) -> int | None:
    """The pool of a drop that is for everybody."""
    drop = drop_of(drop_id)
    return drop.pool_id if drop.template.terms.audience == Audience() else None


ENTRANCE = Entrance(
    rule="/api/v1/coupon-drops/<id:drop_id>/claims",
    path=re.compile(r"/api/v1/coupon-drops/([1-9][0-9]{0,17})/claims"),
    body=re.compile(rb"\s*(?:\{\s*\}\s*)?"),
    pool_of=_pool_of,
)


def keep(app: Flask) -> None:
    """Stand in front of an application."""
    door.keep(app, ENTRANCE)
