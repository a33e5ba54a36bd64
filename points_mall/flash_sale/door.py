"""The door of the claims route: a plain claim of an item that is gone is answered before Flask is woken."""

import re

from flask import Flask

from points_mall.stock import door
from points_mall.stock.door import Entrance

from .sales import sale_of
from .terms import PICKUP


def _pool_of(sale_id: int, item_id: int) -> int | None:
    """The pool of an item that anybody may have without saying where to."""
    item = sale_of(sale_id).item(item_id)
    is_plain = item.min_tier_rank == 0 and item.fulfilment == PICKUP
    return item.pool_id if is_plain else None


ENTRANCE = Entrance(
    rule="/api/v1/flash-sales/<id:sale_id>/claims",
    path=re.compile(r"/api/v1/flash-sales/([1-9][0-9]{0,17})/claims"),
    body=re.compile(rb'\s*\{\s*"item_id"\s*:\s*"([1-9][0-9]{0,17})"\s*\}\s*'),
    pool_of=_pool_of,
)


def keep(app: Flask) -> None:
    """Stand in front of an application."""
    door.keep(app, ENTRANCE)
