"""Only what WeChat provably says is stored; everything else hears 401 and leaves no trace."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from miniprogram_api.core.db import db
from points_mall.purchases.draining import drain
from points_mall.purchases.models import PaymentNotice
from tests.builders import enrolled_member
from tests.miniprogram_api.wechat.pay_stub import PayStub
from tests.points_mall.business_circle.conftest import wired
from tests.points_mall.business_circle.mall import BOUGHT, bought
from tests.points_mall.purchases.shop import points_of

PATH = "/wechat/business-circle/notifications"
FAILED = {"code": "FAIL", "message": "通知验签失败"}


def tell(client: FlaskClient, headers: dict[str, str], body: bytes) -> TestResponse:
    return client.post(PATH, headers=headers, data=body, content_type="application/json")


def stored() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count(PaymentNotice.id))) or 0


def test_a_notification_is_stored_and_answered_and_then_applied(
    mall: Flask, client: FlaskClient, wechat_pay: PayStub
) -> None:
    anna = enrolled_member("oAnna")
    answer = tell(client, *wechat_pay.notification(BOUGHT, bought()))
    assert (answer.status_code, answer.data) == (204, b"")
    assert stored() == 1
    assert points_of(anna) == (0, 0, 0)
    drain()
    assert points_of(anna) == (88, 0, 0)


def test_the_same_notification_is_stored_once(
    mall: Flask, client: FlaskClient, wechat_pay: PayStub
) -> None:
    anna = enrolled_member("oAnna")
    headers, body = wechat_pay.notification(BOUGHT, bought())
    for _ in range(10):
        assert tell(client, headers, body).status_code == 204
    assert stored() == 1
    drain()
    assert points_of(anna) == (88, 0, 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"Wechatpay-Signature": "AAAA"},
        {"Wechatpay-Signature": "WECHATPAY/SIGNTEST/AAAA"},
        {"Wechatpay-Serial": "5B" * 20},
        {"Wechatpay-Serial": "no hex"},
        {"Wechatpay-Serial": ""},
        {"Wechatpay-Timestamp": "1700000000"},
        {"Wechatpay-Nonce": "another"},
    ],
)
def test_what_is_not_provably_wechats_leaves_no_trace(
    mall: Flask, client: FlaskClient, wechat_pay: PayStub, changed: dict[str, str]
) -> None:
    headers, body = wechat_pay.notification(BOUGHT, bought())
    answer = tell(client, headers | changed, body)
    assert (answer.status_code, answer.json) == (401, FAILED)
    assert stored() == 0


def test_nothing_at_all_is_not_believed(mall: Flask, client: FlaskClient) -> None:
    answer = client.post(PATH)
    assert (answer.status_code, answer.json) == (401, FAILED)
    assert stored() == 0


def test_ten_megabytes_are_not_read(mall: Flask, client: FlaskClient, wechat_pay: PayStub) -> None:
    headers, _ = wechat_pay.notification(BOUGHT, bought())
    assert tell(client, headers, b"x" * 10_000_000).status_code == 413
    assert stored() == 0


class TestAShopInNoCircle:
    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"BUSINESS_CIRCLE_ENABLED": False}

    def test_hears_nothing(self, app: Flask, client: FlaskClient, wechat_pay: PayStub) -> None:
        wired(app)
        told: Any = wechat_pay.notification(BOUGHT, bought())
        assert tell(client, *told).status_code == 404
        assert stored() == 0
