"""Counting distinct people (`distinct.lua`): exact while they are few, no one twice, by day."""

from datetime import timedelta

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.redis import redis_client
from miniprogram_api.risk.velocity import distinct_today
from tests.builders import shanghai
from tests.services.valkey import free_port

pytestmark = pytest.mark.usefixtures("app")


def test_the_same_person_counts_once() -> None:
    seen = [distinct_today("device", "d1", who) for who in ("li", "wang", "li", "zhao", "wang")]
    assert seen == [1, 2, 2, 3, 3]
    assert distinct_today("device", "d2", "li") == 1
    assert distinct_today("address", "d1", "li") == 1


def test_a_new_day_of_the_shop_counts_anew() -> None:
    clock.set(shanghai("2026-11-21 23:59"))
    assert distinct_today("device", "d1", "li") == 1
    assert distinct_today("device", "d1", "wang") == 2
    clock.advance(timedelta(minutes=2))
    assert distinct_today("device", "d1", "zhao") == 1


def test_a_crowd_is_counted_roughly_in_little_memory() -> None:
    for number in range(3000):
        count = distinct_today("address", "campus", f"person {number}")
        if number < 64:
            assert count == number + 1
    assert count is not None
    assert 2850 < count < 3150
    held = sum(
        redis_client().memory_usage(key) or 0 for key in redis_client().scan_iter("*campus*")
    )
    assert held < 20_000


def test_a_bucket_does_not_outlive_its_day() -> None:
    for number in range(70):
        distinct_today("address", "shop", f"person {number}")
    lives = [redis_client().ttl(key) for key in redis_client().scan_iter("*shop*")]
    assert len(lives) == 2
    assert all(25 * 3600 < life <= 26 * 3600 for life in lives)


class TestWithoutRedis:
    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"REDIS_URL": f"redis://127.0.0.1:{free_port()}"}

    def test_nobody_counts_and_that_is_said(self, app: Flask) -> None:
        assert distinct_today("device", "d1", "li") is None
