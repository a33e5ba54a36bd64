"""Ahead of the opening and after the end: what has a window is loaded in time, and unloaded later."""

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.redis import redis_client
from points_mall.stock import audit, preparing
from points_mall.stock.pools import pool_of
from tests.points_mall.flash_sale.conftest import (
    HOUR,
    forget_all,
    outcome,
    published,
    shopper,
)


def is_loaded(pool_id: int) -> bool:
    return audit.loaded_of(pool_of(pool_id, fresh=True)) is not None


def test_a_pool_is_in_redis_five_minutes_before_it_opens(app: Flask) -> None:
    sale = published(starts_at=now() + HOUR)
    assert preparing.load_ahead() == 0
    assert not is_loaded(sale.pools[0])

    clock.set(now() + timedelta(minutes=56))
    assert preparing.load_ahead() == 1
    assert is_loaded(sale.pools[0])
    assert preparing.load_ahead() == 0


def test_what_redis_lost_is_loaded_again_while_it_runs(app: Flask) -> None:
    sale = published()
    redis_client().flushall()
    assert preparing.load_ahead() == 1
    assert is_loaded(sale.pools[0])


def test_hours_later_redis_forgets_and_a_repeat_is_answered_all_the_same(
    app: Flask, client: FlaskClient
) -> None:
    sale, li = published(), shopper(client)
    first = li.claim(sale, key="one-intention")
    moment = now()
    clock.set(moment + 2 * HOUR)
    assert preparing.unload_old() == 0
    clock.set(moment + 3 * HOUR)
    assert preparing.unload_old() == 1
    forget_all()
    assert not is_loaded(sale.pools[0])
    assert list(redis_client().scan_iter("{pool:*")) == []

    clock.reset()
    assert li.claim(sale, key="one-intention").get_json() == first.get_json()
    assert outcome([li.claim(sale)]) == ["allowance_used"]
