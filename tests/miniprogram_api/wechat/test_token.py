"""One access token for everybody, whatever happens to it."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
import redis

from miniprogram_api.core.redis import connect
from miniprogram_api.wechat.client import MiniClient
from miniprogram_api.wechat.errors import WeChatError, WeChatUnavailable
from tests.miniprogram_api.wechat.conftest import APPID, MakeClient, Simulator

KEY = f"wechat:{{{APPID}}}:access-token"
ASK, FETCH = "/wxa/generate_urllink", "/cgi-bin/stable_token"


def crowd(jobs: list[Callable[[], object]]) -> list[object]:
    """Run all at once; what each gave or raised."""
    results: list[object] = [None] * len(jobs)
    start = threading.Barrier(len(jobs))

    def run(number: int) -> None:
        start.wait()
        try:
            results[number] = jobs[number]()
        except WeChatError as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_the_token_is_fetched_once_and_kept(wx: MiniClient, simulator: Simulator) -> None:
    for _ in range(3):
        wx.url_link("pages/index")
    assert simulator.seen() == [FETCH, ASK, ASK, ASK]


def test_threads_with_an_empty_cache_fetch_one_token(wx: MiniClient, simulator: Simulator) -> None:
    links = crowd([lambda: wx.url_link("pages/index")] * 24)
    assert all(isinstance(link, str) for link in links)
    assert (len(simulator.seen(FETCH)), len(simulator.seen(ASK))) == (1, 24)


def test_processes_with_an_empty_cache_fetch_one_token(
    make_client: MakeClient, simulator: Simulator, shared_redis: "redis.Redis"
) -> None:
    simulator.fault("slow", path=FETCH, seconds=0.2)
    clients = [make_client(redis=lambda: shared_redis) for _ in range(8)]
    links = crowd([partial(client.url_link, "pages/index") for client in clients])
    assert all(isinstance(link, str) for link in links)
    assert len(simulator.seen(FETCH)) == 1


def test_the_shared_token_ends_five_minutes_early_and_leaves_no_lock(
    make_client: MakeClient, shared_redis: "redis.Redis"
) -> None:
    make_client(redis=lambda: shared_redis).url_link("pages/index")
    assert shared_redis.keys() == [KEY.encode()]
    assert 6890 <= int(shared_redis.ttl(KEY)) <= 6900


def test_a_second_process_takes_the_shared_token(
    make_client: MakeClient, simulator: Simulator, shared_redis: "redis.Redis"
) -> None:
    for _ in range(2):
        make_client(redis=lambda: shared_redis).url_link("pages/index")
    assert simulator.seen() == [FETCH, ASK, ASK]


@pytest.mark.parametrize("shared", [True, False])
def test_a_revoked_token_costs_one_refresh(
    make_client: MakeClient, simulator: Simulator, shared_redis: "redis.Redis", *, shared: bool
) -> None:
    wx = make_client(redis=lambda: shared_redis) if shared else make_client()
    wx.url_link("pages/index")
    simulator.fault("revoke_token")
    assert wx.url_link("pages/index")
    assert simulator.seen() == [FETCH, ASK, ASK, FETCH, ASK]


def test_an_expired_token_costs_one_refresh(wx: MiniClient, simulator: Simulator) -> None:
    wx.url_link("pages/index")
    simulator.control("clock", advance_seconds=7201)
    assert wx.url_link("pages/index")
    assert simulator.seen() == [FETCH, ASK, ASK, FETCH, ASK]


def test_a_crowd_that_meets_a_revoked_token_refreshes_once(
    wx: MiniClient, simulator: Simulator
) -> None:
    wx.url_link("pages/index")
    simulator.fault("revoke_token")
    links = crowd([lambda: wx.url_link("pages/index")] * 16)
    assert all(isinstance(link, str) for link in links)
    assert len(simulator.seen(FETCH)) == 2


def test_endless_refusals_of_the_token_end_after_five_requests(
    wx: MiniClient, simulator: Simulator
) -> None:
    simulator.fault("token_invalid")
    with pytest.raises(WeChatUnavailable):
        wx.url_link("pages/index")
    assert simulator.seen() == [FETCH, ASK, FETCH, FETCH, ASK]


def test_endless_refusals_do_not_use_up_the_forced_renewals(
    wx: MiniClient, simulator: Simulator
) -> None:
    simulator.fault("token_invalid")
    for _ in range(4):
        with pytest.raises(WeChatUnavailable):
            wx.url_link("pages/index")
    assert len(simulator.world.forced_at) == 1
    assert len(simulator.seen()) == 5 + 3 * 2


def test_a_failed_fetch_fails_everybody_who_waited_for_it(
    wx: MiniClient, simulator: Simulator
) -> None:
    simulator.fault("slow", path=FETCH, seconds=1.0)
    results = crowd([lambda: wx.url_link("pages/index")] * 12)
    assert all(isinstance(result, WeChatUnavailable) for result in results)
    assert len(simulator.seen()) == 1


def test_without_redis_each_process_keeps_a_token_of_its_own(
    make_client: MakeClient, simulator: Simulator
) -> None:
    away = connect("redis://127.0.0.1:9/0")
    for _ in range(2):
        wx = make_client(redis=lambda: away)
        wx.url_link("pages/index")
        wx.url_link("pages/index")
    assert simulator.seen() == [FETCH, ASK, ASK] * 2
    assert len(simulator.world.tokens) == 1
    away.close()


def test_a_lock_left_by_a_dead_process_delays_but_does_not_stop(
    make_client: MakeClient, simulator: Simulator, shared_redis: "redis.Redis"
) -> None:
    shared_redis.set(f"{KEY}-lock", "of the dead", px=15_000)
    assert make_client(redis=lambda: shared_redis).url_link("pages/index")
    assert shared_redis.get(f"{KEY}-lock") == b"of the dead"
    assert simulator.seen() == [FETCH, ASK]


@pytest.mark.parametrize("what", ["wrong_types", "object", "html", "list"])
def test_nonsense_instead_of_a_token_is_no_token(
    wx: MiniClient, simulator: Simulator, what: str
) -> None:
    simulator.fault("nonsense", path=FETCH, what=what, times=1)
    with pytest.raises(WeChatUnavailable):
        wx.url_link("pages/index")
    assert wx.url_link("pages/index")
