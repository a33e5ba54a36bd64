"""After the end: swept, compared, noted."""

from datetime import timedelta

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db
from miniprogram_api.core.redis import redis_client
from points_mall.flash_sale import settling
from points_mall.flash_sale.models import FlashSale
from points_mall.stock import audit, gate
from points_mall.stock.gate import Want, keys_of
from points_mall.stock.pools import pool_of
from tests.points_mall.flash_sale.conftest import (
    HOUR,
    assert_books_are_clean,
    forget_all,
    free_units,
    published,
    shopper,
)


def settled_at(sale_id: int) -> object:
    db.session.rollback()
    return db.session.scalar(sa.select(FlashSale.settled_at).filter_by(id=sale_id))


def test_after_the_end_what_a_crash_left_is_given_back(app: Flask, client: FlaskClient) -> None:
    sale, li = published(), shopper(client)
    li.claim(sale)
    pool = pool_of(sale.pools[0], fresh=True)
    [taken] = gate.decide(pool, [Want(999, "order-of-a-crash")])
    assert taken.may_try
    redis_client().zadd(keys_of(pool.id, "pending")[0], {"order-of-a-crash": 1})

    clock.set(now() + HOUR)
    assert settling.settle() == 1
    forget_all()

    loaded = audit.loaded_of(pool_of(pool.id, fresh=True))
    assert loaded is not None
    assert len(loaded.free) == 2
    assert free_units(pool.id) == 2
    assert settled_at(sale.id) is not None
    assert settling.settle() == 0
    assert_books_are_clean(app)


def test_a_sale_is_not_settled_while_a_claim_may_be_under_way(app: Flask) -> None:
    sale = published(lasts=timedelta(minutes=2))
    clock.set(now() + timedelta(minutes=1, seconds=5))
    assert settling.settle() == 0
    clock.advance(timedelta(seconds=15))
    assert settling.settle() == 1
    assert settled_at(sale.id) is not None
