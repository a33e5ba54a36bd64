"""WeChat's stand-in for tests: on a loopback port of its own, over real HTTP."""

import atexit
import contextlib
import functools
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
from flask import Flask
from werkzeug.serving import make_server

from miniprogram_api.wechat.simulator.pay_keys import MERCHANT_KEY, PUBLIC_KEY, PayKeys, kept_in
from miniprogram_api.wechat.simulator.pay_message import message
from miniprogram_api.wechat.simulator.pay_world import Notice, digits
from miniprogram_api.wechat.simulator.server import create_simulator, listen
from miniprogram_api.wechat.simulator.world import Config, World

PUSH_TOKEN, AES_KEY = "AAAAA", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
NOTICE_PACE = 300.0  # the first repeat of a notice comes after 0.05 s
REFUND_SECONDS = 0.05


@functools.cache
def key_folder() -> Path:
    """Keys of WeChat Pay for all tests of this process, in the files that a merchant keeps."""
    folder = Path(tempfile.mkdtemp(prefix="wechatpay-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    kept_in(folder)
    return folder


@functools.cache
def pay_keys() -> PayKeys:
    return kept_in(key_folder())


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
        answer = requests.post(f"{self.url}/_sim/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def look(self, path: str, /, **query: str) -> list[Any]:
        """The items of a list of the control interface."""
        answer = requests.get(f"{self.url}/_sim/{path}", params=query, timeout=10)
        assert answer.ok, answer.text
        return list(answer.json()["items"])

    def seen(self, path: str = "") -> list[str]:
        """The paths that were asked, oldest first."""
        asked = self.look("requests")
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

    def set_clock(self, moment: datetime) -> None:
        """Let WeChat's clock show this; that of signatures stays true."""
        self.control("clock", at=moment.timestamp())

    # ------------------------------------------------------------------ WeChat Pay

    def pay_settings(self, notify_url: str = "http://127.0.0.1:9") -> dict[str, object]:
        """What a merchant of this WeChat Pay writes into its settings. Payers must be `known`.

        :param notify_url: only its path counts: notices go to the mall that `opens` named.
        """
        folder, keys = key_folder(), pay_keys()
        return {
            "WXPAY_MCHID": keys.mchid,
            "WXPAY_SERIAL": keys.serial,
            "WXPAY_KEY_FILE": str(folder / MERCHANT_KEY),
            "WXPAY_APIV3_KEY": keys.apiv3_key,
            "WXPAY_PUBKEY_ID": keys.public_key_id,
            "WXPAY_PUBKEY_FILE": str(folder / PUBLIC_KEY),
            "WXPAY_BASE": self.url,
            "WXPAY_NOTIFY_URL": notify_url,
        }

    def known(self, *openids: str) -> None:
        """Let these people have been in the program: nobody else can be asked to pay."""
        with self.world.lock:
            for openid in openids:
                self.world.shopper(openid)

    def opens(self, mall: str) -> None:
        """Tell where the mall listens; until then every notice is held."""
        self.world.config = replace(self.world.config, mall=mall.rstrip("/"))

    def pay(self, number: str, **more: Any) -> dict[str, Any]:
        """The shopper pays, by prepay_id or the merchant's number; the notice is sent or held."""
        name = "prepay_id" if number in self._prepay_ids() else "out_trade_no"
        return dict(self.control("payments", **{name: number}, **more))

    def _prepay_ids(self) -> set[str]:
        with self.world.lock:
            return {known for order in self.world.pay.orders.values() for known in order.prepay_ids}

    def hold(self, *, on: bool = True) -> None:
        """Hold notices back from now on, or no more."""
        self.control("notices/hold", hold=on)

    def held(self) -> list[str]:
        """The ids of the notices that are held, oldest first."""
        return [notice["notice_id"] for notice in self.look("notices", state="held")]

    def release(self, ids: Sequence[str] | None = None) -> list[Any]:
        """Send these held notices, or all, in that order; what became of each."""
        return list(
            self.control("notices/release", **({} if ids is None else {"ids": list(ids)}))["items"]
        )

    def notice(self, notice_id: str, spoilt: str = "") -> tuple[dict[str, str], bytes]:
        """A notice as it would be sent now: headers and raw body.

        :param spoilt: a fault that it is to have, such as `notice_stale`.
        """
        with self.world.lock:
            return message(self.world.pay, self.world.pay.notices[notice_id], spoilt)

    def notice_of(
        self, event_type: str, resource: dict[str, Any], original_type: str = "", spoilt: str = ""
    ) -> tuple[dict[str, str], bytes]:
        """Any notice that WeChat Pay might send, be it of nothing that happened: headers and body."""
        kind = original_type or event_type.partition(".")[0].lower()
        with self.world.lock:
            made = Notice(digits("", 32), event_type, kind, "通知", resource, "/", self.world.now())
            return message(self.world.pay, made, spoilt)


@contextlib.contextmanager
def running(appid: str, secret: str) -> Iterator[Simulator]:
    """A fresh WeChat in which this mini-program is registered."""
    config = Config(
        appid,
        secret,
        PUSH_TOKEN,
        AES_KEY,
        push_pause_seconds=0.05,
        mall="",
        pay_keys=pay_keys,
        notice_pace=NOTICE_PACE,
    )
    app = create_simulator(config)
    app.extensions["world"].pay.refund_seconds = REFUND_SECONDS
    server = listen(app, 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Simulator(f"http://127.0.0.1:{server.port}", app)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.extensions["post"].close()


@contextlib.contextmanager
def serving(simulator: Simulator, mall: Flask) -> Iterator[str]:
    """The mall on a loopback port of its own, known to WeChat as the one to notify; its URL."""
    server = make_server("127.0.0.1", 0, mall, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    url = f"http://127.0.0.1:{server.port}"
    simulator.opens(url)
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
