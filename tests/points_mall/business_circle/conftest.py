"""A mall in a business circle, a WeChat Pay that tells it of purchases, and short names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.members.events import member_closing, member_enrolled
from points_mall.business_circle import jobs as _jobs  # noqa: F401 - registers its work
from points_mall.business_circle import notifications, parked, personal, routes
from points_mall.business_circle.cli import circle_cli
from points_mall.purchases import jobs as _purchase_jobs  # noqa: F401 - registers its work
from tests.miniprogram_api.wechat.pay_stub import (
    APIV3_KEY,
    MCHID,
    PUBLIC_KEY_ID,
    Keys,
    PayStub,
    serving,
)
from tests.points_mall.business_circle.mall import POINTS
from tests.points_mall.purchases.shop import NOON, open_shop


@pytest.fixture(scope="session")
def pay_keys() -> Keys:
    """Keys take a while to make; one set does for all tests."""
    return Keys.new()


@pytest.fixture
def wechat_pay(pay_keys: Keys) -> Iterator[PayStub]:
    """WeChat Pay by its documentation, which takes what it is told of points."""
    with serving(pay_keys) as stub:
        stub.answer(POINTS, None, 204)
        yield stub


@pytest.fixture
def app_settings(wechat_pay: PayStub, tmp_path: Path) -> dict[str, object]:
    (tmp_path / "key.pem").write_text(wechat_pay.keys.merchant_pem)
    (tmp_path / "public.pem").write_text(wechat_pay.keys.public_pem)
    return {
        "BUSINESS_CIRCLE_ENABLED": True,
        "BUSINESS_CIRCLE_BRAND_ID": 1000,
        "WXPAY_MCHID": MCHID,
        "WXPAY_SERIAL": wechat_pay.keys.merchant_serial,
        "WXPAY_KEY_FILE": str(tmp_path / "key.pem"),
        "WXPAY_APIV3_KEY": APIV3_KEY,
        "WXPAY_PUBKEY_ID": PUBLIC_KEY_ID,
        "WXPAY_PUBKEY_FILE": str(tmp_path / "public.pem"),
        "WXPAY_BASE": wechat_pay.url,
        "WXPAY_NOTIFY_URL": "https://mall.example",
    }


@pytest.fixture
def mall(app: Flask) -> Iterator[Flask]:
    """A mall whose purchases earn one point a yuan, at noon."""
    wired(app)
    clock.set(NOON)
    open_shop()
    yield app
    clock.reset()


def wired(app: Flask) -> None:
    if "business_circle" not in app.blueprints:
        apis: dict[str, Any] = app.extensions["flask-smorest"]["apis"]
        next(iter(apis.values()))["ext_obj"].register_blueprint(routes.blp)
        app.register_blueprint(notifications.blueprint)
        app.cli.add_command(circle_cli)
    member_enrolled.connect(parked.await_identity)
    member_closing.connect(personal.forget_member)
