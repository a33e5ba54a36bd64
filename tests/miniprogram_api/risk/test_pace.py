import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
import redis
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app import create_app
from miniprogram_api.core.errors import SlowDown
from miniprogram_api.core.redis import redis_client
from miniprogram_api.risk import limits, pace
from miniprogram_api.risk.limits import Limit
from miniprogram_api.risk.pace import AlonePace
from tests.conftest import TEST_SETTINGS
from tests.services.valkey import free_port

ONE_IN_100_S = Limit(calls=1, seconds=100, burst=5)


def _app(redis_url: str, **settings: object) -> Flask:
    urls = {"DATABASE_URL": "sqlite://", "REDIS_URL": redis_url}
    return create_app({**TEST_SETTINGS, **urls, **settings})


@pytest.fixture
def with_redis(redis_server: str) -> Iterator[Flask]:
    app = _app(redis_server)
    with app.app_context():
        yield app
        redis_client().flushall()
        redis_client().close()


@pytest.fixture
def without_redis() -> Iterator[Flask]:
    app = _app(f"redis://127.0.0.1:{free_port()}", WEB_WORKERS=2)
    with app.app_context():
        yield app
        redis_client().close()


@pytest.fixture(autouse=True)
def _an_action(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits._LIMITS, "spin", lambda _settings: ONE_IN_100_S)


def _passes(app: Flask, caller: str = "m:7") -> bool:
    with app.app_context():
        try:
            pace.check("spin", caller)
        except SlowDown:
            return False
        return True


def _crowd(app: Flask, size: int) -> int:
    together = threading.Barrier(size)

    def arrive(_number: int) -> bool:
        together.wait()
        return _passes(app)

    with ThreadPoolExecutor(size) as crowd:
        return sum(crowd.map(arrive, range(size)))


def test_a_crowd_passes_as_far_as_the_burst(with_redis: Flask) -> None:
    assert _crowd(with_redis, 40) == 5


def test_without_redis_a_process_lets_its_share_through(without_redis: Flask) -> None:
    assert _crowd(without_redis, 40) == 2


def test_a_refusal_tells_when_a_repeat_has_a_chance(with_redis: Flask) -> None:
    for _call in range(5):
        pace.check("spin", "m:7")
    with pytest.raises(SlowDown) as refusal:
        pace.check("spin", "m:7")
    assert 99 <= refusal.value.retry_after_seconds <= 100


def test_without_redis_a_refusal_tells_the_longer_wait(without_redis: Flask) -> None:
    for _call in range(2):
        pace.check("spin", "m:7")
    with pytest.raises(SlowDown) as refusal:
        pace.check("spin", "m:7")
    assert 199 <= refusal.value.retry_after_seconds <= 200


def test_callers_do_not_slow_one_another(with_redis: Flask) -> None:
    assert [_passes(with_redis, f"m:{number}") for number in range(20)] == [True] * 20


def test_refused_calls_do_not_lengthen_the_wait(with_redis: Flask) -> None:
    assert _crowd(with_redis, 30) == 5
    with pytest.raises(SlowDown) as refusal:
        pace.check("spin", "m:7")
    assert refusal.value.retry_after_seconds <= 100


def test_a_caller_who_waits_may_go_on(with_redis: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits._LIMITS, "spin", lambda _settings: Limit(20, 1, 2))
    assert [_passes(with_redis) for _call in range(3)] == [True, True, False]
    time.sleep(0.06)
    assert _passes(with_redis)


def test_a_rate_of_nothing_means_no_limit(
    with_redis: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits._LIMITS, "spin", lambda _settings: Limit(0, 1, 0))
    assert all(_passes(with_redis) for _call in range(50))
    assert redis_client().dbsize() == 0


def test_a_bucket_holds_whole_microseconds_and_leaves_by_itself(with_redis: Flask) -> None:
    pace.check("spin", "m:7")
    [key] = redis_client().keys()
    assert key == b"{m:7}:pace:spin"
    stored = redis_client().get(key)
    assert stored is not None
    assert stored.isdigit()
    assert len(stored) == 16
    assert 99_000 < redis_client().pttl(key) <= 100_000


def test_the_pace_goes_on_after_the_script_was_forgotten(with_redis: Flask) -> None:
    pace.check("spin", "m:7")
    redis_client().script_flush()
    assert [_passes(with_redis) for _call in range(5)] == [True] * 4 + [False]


def test_redis_away_is_asked_once_a_second(without_redis: Flask) -> None:
    asked = Mock(side_effect=redis.ConnectionError)
    without_redis.extensions["redis_client"].register_script = Mock(return_value=asked)
    pace._gcra._registered.clear()
    for number in range(50):
        pace.check("spin", f"m:{number}")
    assert asked.call_count == 1


def test_one_pace_for_all_processes(redis_server: str, with_redis: Flask) -> None:
    other = _app(redis_server)
    assert [_passes(app) for app in (with_redis, other) * 3] == [True] * 5 + [False]
    other.extensions["redis_client"].close()


class _Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_memory_stays_bounded_while_redis_is_away() -> None:
    alone = AlonePace(_Clock())
    for number in range(pace.BUCKETS_KEPT + 500):
        assert alone.wait_us(f"{{m:{number}}}:pace:spin", ONE_IN_100_S) == 0
    assert len(alone._caught_up_us) <= pace.BUCKETS_KEPT


@given(
    steps=st.lists(st.integers(0, 3_000_000), max_size=60),
    calls=st.integers(1, 20),
    seconds=st.integers(1, 10),
    burst=st.integers(1, 5),
)
def test_never_more_than_the_burst_and_the_rate(
    steps: list[int], calls: int, seconds: int, burst: int
) -> None:
    clock = _Clock()
    alone, limit = AlonePace(clock), Limit(calls, seconds, burst)
    passed: list[float] = []
    for step_us in steps:
        clock.seconds += step_us / 1_000_000
        if alone.wait_us("k", limit) == 0:
            passed.append(clock.seconds)
    for first, start in enumerate(passed):
        for last in range(first, len(passed)):
            allowed = burst + (passed[last] - start) * 1_000_000 / limit.interval_us
            assert last - first + 1 <= allowed + 1e-3
