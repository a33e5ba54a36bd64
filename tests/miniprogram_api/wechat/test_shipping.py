"""Reports of shipping, over real HTTP to an open platform that only knows these two calls."""

import contextlib
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from miniprogram_api.wechat.client import MiniClient
from miniprogram_api.wechat.errors import WeChatNonsense, WeChatRefused
from miniprogram_api.wechat.shipping import Shipment

UPLOAD = "/wxa/sec/order/upload_shipping_info"
MANAGED = "/wxa/sec/order/is_trade_managed"
TOKEN = "/cgi-bin/stable_token"
AT = datetime(2026, 11, 21, 2, 0, 5, 120_000, tzinfo=UTC)


class OpenPlatform(BaseHTTPRequestHandler):
    """Answers as told, and notes what it was asked."""

    answers: dict[str, Any]
    asked: list[tuple[str, Any]]

    def do_POST(self) -> None:
        path = self.path.split("?")[0]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((path, body))
        answer = json.dumps(self.answers[path]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def platform() -> Iterator[type[OpenPlatform]]:
    answers = {TOKEN: {"access_token": "t1", "expires_in": 7200}}
    handler = type("Told", (OpenPlatform,), {"answers": answers, "asked": [], "port": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.port = server.server_port  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mini(platform: Any) -> MiniClient:
    return MiniClient("wx1", "s", base_url=f"http://127.0.0.1:{platform.port}")


def test_a_parcel_is_reported(platform: Any, mini: MiniClient) -> None:
    platform.answers[UPLOAD] = {"errcode": 0, "errmsg": "ok"}
    mini.upload_shipping_info(
        Shipment(
            transaction_id="4200000001",
            openid="oAnna",
            item="咖啡杯 ×1",
            logistics="express",
            shipped_at=AT,
            tracking_no="SF123",
            company="SF",
            contact="138****0000",
        )
    )
    assert platform.asked[-1] == (
        UPLOAD,
        {
            "order_key": {"order_number_type": 2, "transaction_id": "4200000001"},
            "logistics_type": 1,
            "delivery_mode": 1,
            "shipping_list": [
                {
                    "item_desc": "咖啡杯 ×1",
                    "tracking_no": "SF123",
                    "express_company": "SF",
                    "contact": {"receiver_contact": "138****0000"},
                }
            ],
            "upload_time": "2026-11-21T10:00:05.120+08:00",
            "payer": {"openid": "oAnna"},
        },
    )


def test_a_pick_up_needs_no_carrier(platform: Any, mini: MiniClient) -> None:
    platform.answers[UPLOAD] = {"errcode": 0, "errmsg": "ok"}
    mini.upload_shipping_info(
        Shipment(
            transaction_id="42", openid="oAnna", item="杯" * 200, logistics="pickup", shipped_at=AT
        )
    )
    (_, body) = platform.asked[-1]
    assert body["logistics_type"] == 4
    assert body["shipping_list"] == [{"item_desc": "杯" * 120}]


@pytest.mark.parametrize("errcode", [10060002, 10060023])
def test_a_report_may_be_repeated(platform: Any, mini: MiniClient, errcode: int) -> None:
    platform.answers[UPLOAD] = {"errcode": errcode, "errmsg": "again"}
    mini.upload_shipping_info(
        Shipment(transaction_id="42", openid="oAnna", item="杯", logistics="virtual", shipped_at=AT)
    )
    assert [path for path, _ in platform.asked] == [TOKEN, UPLOAD]


def test_an_unknown_payment_is_refused(platform: Any, mini: MiniClient) -> None:
    platform.answers[UPLOAD] = {"errcode": 10060001, "errmsg": "no such payment rid: a-b-c"}
    with pytest.raises(WeChatRefused) as refused:
        mini.upload_shipping_info(
            Shipment(
                transaction_id="42", openid="oAnna", item="杯", logistics="city", shipped_at=AT
            )
        )
    assert (refused.value.errcode, refused.value.rid) == (10060001, "a-b-c")


def test_whether_money_waits_for_shipping_is_asked(platform: Any, mini: MiniClient) -> None:
    platform.answers[MANAGED] = {"errcode": 0, "errmsg": "ok", "is_trade_managed": True}
    assert mini.is_trade_managed()
    assert platform.asked[-1] == (MANAGED, {"appid": "wx1"})
    platform.answers[MANAGED] = {"errcode": 0, "errmsg": "ok"}
    with pytest.raises(WeChatNonsense):
        mini.is_trade_managed()
