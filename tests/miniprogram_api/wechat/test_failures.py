"""Failures of calls to WeChat: counted where they become errors, and never in anybody's way."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import redis
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.redis import RedisAway, connect, redis_client
from miniprogram_api.wechat.errors import WeChatError, WeChatUnavailable
from miniprogram_api.wechat.extension import wechat
from miniprogram_api.wechat.failures import HOUR, KEPT, Failure, Tally, recent
from tests.miniprogram_api.wechat.conftest import APPID, SECRET, MakePay, Simulator
from tests.miniprogram_api.wechat.pay_stub import PayStub
from tests.services.valkey import free_port

START = datetime(2026, 11, 21, 2, 30, 40, tzinfo=UTC)
QUERY, REFUNDS = "/v3/pay/transactions/out-trade-no/P1", "/v3/refund/domestic/refunds"


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {"WX_OPEN_BASE": simulator.url, "WX_APPID": APPID, "WX_SECRET": SECRET}


def failing(call: Callable[[], object], times: int = 1) -> None:
    for _ in range(times):
        with suppress(WeChatError):
            call()


def test_failures_are_counted_by_call_and_code(app: Flask, simulator: Simulator) -> None:
    failing(lambda: wechat().code_to_session("unknown"), times=3)
    simulator.fault("errcode", errcode=47003, path="/wxa/generate_urllink", times=2)
    failing(lambda: wechat().url_link("pages/index"), times=2)
    simulator.fault("http_500", path="/wxa/generate_urllink", times=1)
    failing(lambda: wechat().url_link("pages/index"))
    assert wechat().url_link("pages/index")
    assert recent(HOUR) == [
        Failure("code2Session", "40029", "LoginCodeInvalid", 3),
        Failure("generateUrlLink", "47003", "WeChatRefused", 2),
        Failure("generateUrlLink", "", "WeChatUnavailable", 1),
    ]


def test_a_token_that_is_not_given_is_counted_once_for_all_who_waited(
    app: Flask, simulator: Simulator
) -> None:
    simulator.fault("errcode", errcode=40164, path="/cgi-bin/stable_token", times=1)
    failing(lambda: wechat().url_link("pages/index"))
    assert recent(HOUR) == [Failure("getStableAccessToken", "40164", "WeChatMisconfigured", 1)]


def test_failures_of_payments_are_counted(app: Flask, make_pay: MakePay, pay_stub: PayStub) -> None:
    client = make_pay(redis=redis_client)
    pay_stub.refuse(REFUNDS, 403, "NOT_ENOUGH")

    def refund() -> object:
        return client.refund(
            out_trade_no="P1",
            out_refund_no="R1",
            refund_fen=1,
            total_fen=1,
            reason="",
            notify_url="https://mall.example/refunds",
        )

    failing(refund, times=2)
    assert recent(HOUR) == [Failure("pay.refund", "NOT_ENOUGH", "WeChatMisconfigured", 2)]


def test_what_is_an_answer_is_no_failure(
    app: Flask, simulator: Simulator, make_pay: MakePay, pay_stub: PayStub
) -> None:
    client = make_pay(redis=redis_client)
    pay_stub.refuse(QUERY, 404, "ORDER_NOT_EXIST")
    failing(lambda: client.query("P1"))
    simulator.fault("errcode", errcode=43101, path="/cgi-bin/message/subscribe/send", times=1)
    failing(lambda: wechat().send_subscribe_message("anna", "t", {"thing1": "x"}))
    simulator.fault("errcode", errcode=61010, path="/wxa/getuserriskrank", times=1)
    assert wechat().risk_rank("anna", "127.0.0.1") is None
    assert recent(HOUR) == []


def test_only_the_span_asked_for_counts_to_the_minute(app: Flask) -> None:
    tally = Tally(redis_client)
    for at in (
        START - HOUR - timedelta(minutes=1),
        START - HOUR,
        START - timedelta(minutes=31),
        START,
    ):
        clock.set(at)
        tally.note("/sns/jscode2session", WeChatUnavailable("away"))
    assert [one.times for one in recent(HOUR)] == [3]
    assert [one.times for one in recent()] == [4]
    clock.set(START + KEPT)
    assert [one.times for one in recent()] == [1]
    clock.set(START + KEPT + timedelta(minutes=1))
    assert recent() == []


def test_counts_end_by_themselves(app: Flask) -> None:
    clock.set(START)
    Tally(redis_client).note("/sns/jscode2session", WeChatUnavailable("away"))
    left = redis_client().ttl("wechat:failures:2026-11-21T02")
    assert 24 * 3600 < left <= 25 * 3600


def test_what_wechat_sends_as_a_code_cannot_break_the_count(app: Flask) -> None:
    odd = WeChatUnavailable("odd").from_wechat_pay("A|B C\n" + "x" * 80, None)
    Tally(redis_client).note("pay.query", odd)
    [found] = recent(HOUR)
    assert (found.api, found.code, found.times) == ("pay.query", "ABC" + "x" * 26, 1)


@pytest.fixture
def away() -> "redis.Redis":
    """A Redis that is not there."""
    return connect(f"redis://127.0.0.1:{free_port()}")


def test_a_call_fails_as_it_would_while_redis_is_away(
    app: Flask, simulator: Simulator, away: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "redis_client", away)
    simulator.fault("errcode", errcode=40029, path="/sns/jscode2session", times=1)
    began = time.monotonic()
    with pytest.raises(WeChatError) as refused:
        wechat().code_to_session("unknown")
    assert refused.value.errcode == 40029
    assert time.monotonic() - began < 5
    with pytest.raises(RedisAway):
        recent(HOUR)


def test_a_client_without_redis_or_application_counts_nothing() -> None:
    Tally(lambda: None).note("pay.query", WeChatUnavailable("away"))
    Tally(redis_client).note("pay.query", WeChatUnavailable("away"))
