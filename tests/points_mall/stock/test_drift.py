"""Redis that differed is mended, written down, and told on the dashboard for a day."""

from datetime import timedelta

from flask import Flask

from miniprogram_api.core.clock import clock, now
from points_mall.stock import drift
from tests.office import acts_of


def test_pools_that_were_loaded_again_are_told_for_a_day(app: Flask) -> None:
    assert list(drift.watch()) == []
    drift.note(["reward:1:1", "reward:2:1"])
    drift.note(["reward:1:1"])
    [alert] = drift.watch()
    assert alert.zh == "2 个库存池的 Redis 与数据库不一致，已按数据库重建"
    assert alert.href == "/admin/acts?act=stock.reconcile"
    assert acts_of("stock.reconcile")[0][:2] == ("system", "pool:reward:1:1")
    clock.set(now() + timedelta(days=1, seconds=1))
    assert list(drift.watch()) == []
