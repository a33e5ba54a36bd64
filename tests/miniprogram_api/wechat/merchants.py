"""A merchant that speaks with the real library, and a mall that hears notices. No code of the mall's."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, request
from wechatpayv3.core import Core
from wechatpayv3.type import RequestType

from miniprogram_api.wechat.simulator.pay_keys import private_pem, public_pem
from tests.services.wechat import Simulator, pay_keys, serving

NOTIFY_URL = "https://mall.example/wechat/pay/notifications"
APPID = "wx0000000000000001"


@dataclass
class Merchant:
    """The library as it comes, sent to the simulator."""

    core: Any

    def ask(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """A signed request: GET, or POST where there is a body; status and answer."""
        method = RequestType.GET if body is None else RequestType.POST
        code, text = self.core.request(path, method=method, data=body)
        return code, json.loads(text) if text else {}

    def prepay(self, number: str = "P00000001", fen: int = 8800, **more: Any) -> tuple[int, Any]:
        return self.ask("/v3/pay/transactions/jsapi", prepay_body(number, fen, **more))

    def query(self, number: str) -> tuple[int, Any]:
        mchid = pay_keys().mchid
        return self.ask(f"/v3/pay/transactions/out-trade-no/{number}?mchid={mchid}")

    def close(self, number: str) -> tuple[int, Any]:
        path = f"/v3/pay/transactions/out-trade-no/{number}/close"
        return self.ask(path, {"mchid": pay_keys().mchid})

    def refund(
        self, number: str, refund_no: str, fen: int, total: int = 8800, **more: Any
    ) -> tuple[int, Any]:
        amount = {"refund": fen, "total": total, "currency": "CNY"}
        body = {"out_trade_no": number, "out_refund_no": refund_no, "amount": amount, **more}
        return self.ask("/v3/refund/domestic/refunds", body)


def prepay_body(number: str = "P00000001", fen: int = 8800, **more: Any) -> dict[str, Any]:
    body = {
        "appid": APPID,
        "mchid": pay_keys().mchid,
        "description": "一壶好茶",
        "out_trade_no": number,
        "notify_url": NOTIFY_URL,
        "amount": {"total": fen, "currency": "CNY"},
        "payer": {"openid": "anna"},
    }
    return {name: value for name, value in (body | more).items() if value is not None}


def merchant_of(simulator: Simulator) -> Merchant:
    """A merchant that knows WeChat Pay by its public key."""
    keys = pay_keys()
    simulator.login_code("anna")  # whoever is to pay has been in the program
    core = Core(
        mchid=keys.mchid,
        cert_serial_no=keys.serial,
        private_key=private_pem(keys.merchant_key),
        apiv3_key=keys.apiv3_key,
        timeout=(3, 10),
        public_key=public_pem(keys.own_key),
        public_key_id=keys.public_key_id,
    )
    core._gate_way = simulator.url
    return Merchant(core)


@dataclass
class Mall:
    """What a mall heard: headers and body of each notice, and how it answers."""

    url: str = ""
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 204
    paths: list[str] = field(default_factory=list)

    def kinds(self) -> list[str]:
        return [json.loads(body)["event_type"] for _, body in self.heard]


@contextlib.contextmanager
def a_mall(simulator: Simulator) -> Iterator[Mall]:
    app, mall, lock = Flask("tiny_mall"), Mall(), threading.Lock()

    @app.post("/<path:rest>")
    def hear(rest: str) -> Response:
        with lock:
            mall.paths.append(f"/{rest}")
            mall.heard.append((dict(request.headers), request.get_data()))
        return Response(status=mall.status)

    with serving(simulator, app) as mall.url:
        yield mall


def eventually(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
