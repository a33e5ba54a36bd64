"""A simulated WeChat on a port of its own, and clients that speak to it over real HTTP."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from miniprogram_api.wechat.client import MiniClient
from miniprogram_api.wechat.pay import PayClient
from miniprogram_api.wechat.pay_core import PayKeys
from tests.miniprogram_api.wechat.pay_stub import (
    APIV3_KEY,
    MCHID,
    PUBLIC_KEY_ID,
    Keys,
    PayStub,
    serving,
)
from tests.services.wechat import AES_KEY, PUSH_TOKEN, Simulator, running

__all__ = ["AES_KEY", "PUSH_TOKEN", "Simulator"]

APPID, SECRET = "wx0000000000000001", "the-app-secret-of-the-tests"
SECONDS = 0.5  # the clients' patience with a slow answer


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with running(APPID, SECRET) as simulator:
        yield simulator


MakeClient = Callable[..., MiniClient]


@pytest.fixture
def make_client(simulator: Simulator) -> MakeClient:
    def make(**options: Any) -> MiniClient:
        return MiniClient(
            APPID, SECRET, base_url=simulator.url, **{"timeout": (SECONDS, SECONDS), **options}
        )

    return make


@pytest.fixture
def wx(make_client: MakeClient) -> MiniClient:
    """A client with a token of its own."""
    return make_client()


@pytest.fixture
def shared_redis(redis_server: str) -> Iterator["redis.Redis"]:
    """A Redis that several clients share, empty before and after."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
        yield client
        client.flushall()


# ------------------------------------------------------------------ WeChat Pay


@pytest.fixture(scope="session")
def pay_keys() -> Keys:
    """Keys take a while to make; one set does for all tests."""
    return Keys.new()


@pytest.fixture
def pay_stub(pay_keys: Keys) -> Iterator[PayStub]:
    """WeChat Pay by its documentation, on a port of its own."""
    with serving(pay_keys) as stub:
        yield stub


MakePay = Callable[..., PayClient]


@pytest.fixture
def make_pay(pay_stub: PayStub) -> MakePay:
    """A client of the stub; `with_public_key=False` for a merchant who has certificates only."""

    def make(*, with_public_key: bool = True, **options: Any) -> PayClient:
        keys = PayKeys(
            mchid=MCHID,
            serial=pay_stub.keys.merchant_serial,
            private_key=pay_stub.keys.merchant_pem,
            apiv3_key=APIV3_KEY,
            public_key_id=PUBLIC_KEY_ID if with_public_key else None,
            public_key=pay_stub.keys.public_pem if with_public_key else None,
        )
        usual = {
            "base_url": pay_stub.url,
            "timeout": (SECONDS, SECONDS),
            "notify_base": "https://mall.example/",
        }
        return PayClient(APPID, keys, **{**usual, **options})

    return make


@pytest.fixture
def wxpay(make_pay: MakePay) -> PayClient:
    """A client whose merchant has WeChat Pay's public key."""
    return make_pay()
