"""WeChat's stand-in for tests: on a loopback port of its own, over real HTTP."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests
from flask import Flask

from miniprogram_api.wechat.simulator.server import create_simulator, listen
from miniprogram_api.wechat.simulator.world import Config, World

PUSH_TOKEN, AES_KEY = "AAAAA", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


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

    def phone_code(self, openid: str, phone: str, **more: Any) -> str:
        return str(self.control("phone-codes", openid=openid, phone=phone, **more)["code"])

    def fault(self, kind: str, **more: Any) -> None:
        self.control("faults", kind=kind, **more)

    def mend(self) -> None:
        """Switch every fault off."""
        requests.delete(f"{self.url}/_sim/faults", timeout=10)


@contextlib.contextmanager
def running(appid: str, secret: str) -> Iterator[Simulator]:
    """A fresh WeChat in which this mini-program is registered."""
    config = Config(appid, secret, PUSH_TOKEN, AES_KEY, push_pause_seconds=0.05, mall="")
    app = create_simulator(config)
    server = listen(app, 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Simulator(f"http://127.0.0.1:{server.port}", app)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
