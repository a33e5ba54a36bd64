"""A simulated WeChat on a port of its own, and clients that speak to it over real HTTP."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import redis
import requests
from flask import Flask

from miniprogram_api.wechat.client import MiniClient
from miniprogram_api.wechat.simulator.server import create_simulator, listen
from miniprogram_api.wechat.simulator.world import Config, World

APPID, SECRET = "wx0000000000000001", "the-app-secret-of-the-tests"
PUSH_TOKEN, AES_KEY = "AAAAA", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
SECONDS = 0.5  # the clients' patience with a slow answer


@dataclass
class Simulator:
    """The other end of the wire, and its strings."""

    url: str
    app: Flask

    @property
    def world(self) -> World:
        found: World = self.app.extensions["world"]
        return found

    def control(self, path: str, /, **body: Any) -> Any:
        answer = requests.post(f"{self.url}/_sim/{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def seen(self, path: str = "") -> list[str]:
        """The paths that were asked, oldest first."""
        asked = requests.get(f"{self.url}/_sim/requests", timeout=10).json()["items"]
        return [entry["path"] for entry in asked[::-1] if path in entry["path"]]

    def login_code(self, openid: str, **more: Any) -> str:
        return str(self.control("codes", openid=openid, **more)["code"])

    def fault(self, kind: str, **more: Any) -> None:
        self.control("faults", kind=kind, **more)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    config = Config(APPID, SECRET, PUSH_TOKEN, AES_KEY, push_pause_seconds=0.05, mall="")
    app = create_simulator(config)
    server = listen(app, 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Simulator(f"http://127.0.0.1:{server.port}", app)
    server.shutdown()
    thread.join()
    server.server_close()


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
