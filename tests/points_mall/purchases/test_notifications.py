"""The address at which WeChat Pay tells of payments: verified, stored, answered."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.db import db
from miniprogram_api.jobs.models import Job
from points_mall.purchases.models import PaymentNotice
from tests.services.wechat import Simulator

ADDRESS = "/wechat/pay/notifications"
PAID = {"out_trade_no": "P1", "transaction_id": "4200000001", "trade_state": "SUCCESS"}


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return simulator.pay_settings()


def stored() -> list[tuple[str, str, dict[str, Any], str]]:
    db.session.rollback()
    columns = (PaymentNotice.source, PaymentNotice.event_type, PaymentNotice.resource)
    return [tuple(row) for row in db.session.execute(sa.select(*columns, PaymentNotice.state))]


def nothing_stored() -> bool:
    jobs = db.session.scalar(sa.select(sa.func.count(Job.id)).filter_by(name="purchases.drain"))
    return stored() == [] and jobs == 0


def test_a_genuine_notification_is_stored_and_answered(
    app: Flask, client: FlaskClient, simulator: Simulator
) -> None:
    headers, body = simulator.notice_of("TRANSACTION.SUCCESS", PAID)

    answer = client.post(ADDRESS, data=body, headers=headers)

    assert (answer.status_code, answer.data) == (204, b"")
    assert stored() == [("wechat_pay", "TRANSACTION.SUCCESS", PAID, "stored")]


def test_ten_deliveries_are_stored_once(
    app: Flask, client: FlaskClient, simulator: Simulator
) -> None:
    headers, body = simulator.notice_of("TRANSACTION.SUCCESS", PAID)

    answers = [client.post(ADDRESS, data=body, headers=headers) for _ in range(10)]

    assert [answer.status_code for answer in answers] == [204] * 10
    assert len(stored()) == 1


def test_a_tampered_notification_is_refused_and_nothing_stored(
    app: Flask, client: FlaskClient, simulator: Simulator
) -> None:
    headers, body = simulator.notice_of("TRANSACTION.SUCCESS", PAID)
    tampered = json.dumps(json.loads(body) | {"event_type": "REFUND.SUCCESS"})

    answer = client.post(ADDRESS, data=tampered, headers=headers)

    assert answer.status_code == 401
    assert answer.json == {"code": "FAIL", "message": "通知验签失败"}
    assert nothing_stored()


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"{" * 5000])
def test_what_is_no_notification_is_refused(app: Flask, client: FlaskClient, body: bytes) -> None:
    assert client.post(ADDRESS, data=body).status_code == 401
    assert nothing_stored()


def test_ten_megabytes_are_refused_unread(
    app: Flask, client: FlaskClient, simulator: Simulator
) -> None:
    headers, _ = simulator.notice_of("TRANSACTION.SUCCESS", PAID)

    answer = client.post(ADDRESS, data=b"x" * 10_000_000, headers=headers)

    assert answer.status_code == 413
    assert nothing_stored()


class TestUnconfigured:
    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {}

    def test_a_shop_without_an_account_takes_no_notifications(
        self, app: Flask, client: FlaskClient
    ) -> None:
        answer = client.post(ADDRESS, data=b"{}")

        assert answer.status_code == 503
        assert (answer.json or {})["code"] == "payment_not_configured"
        assert nothing_stored()
