"""WeChat Pay is configured whole, or not at all; the start of the shop asks WeChat nothing."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.core.settings import Settings, SettingsError
from miniprogram_api.wechat.errors import PaymentNotConfigured
from miniprogram_api.wechat.extension import init_wechat, pay, takes_wechat_pay
from tests.miniprogram_api.wechat.pay_stub import APIV3_KEY, MCHID, PUBLIC_KEY_ID, Keys


@pytest.fixture
def whole(tmp_path: Path, pay_keys: Keys) -> dict[str, str]:
    """Every setting of WeChat Pay, with its key files."""
    (tmp_path / "apiclient_key.pem").write_text(pay_keys.merchant_pem)
    (tmp_path / "pub_key.pem").write_text(pay_keys.public_pem)
    return {
        "wxpay_mchid": MCHID,
        "wxpay_serial": pay_keys.merchant_serial,
        "wxpay_key_file": str(tmp_path / "apiclient_key.pem"),
        "wxpay_apiv3_key": APIV3_KEY,
        "wxpay_pubkey_id": PUBLIC_KEY_ID,
        "wxpay_pubkey_file": str(tmp_path / "pub_key.pem"),
        "wxpay_base": "https://api.mch.weixin.qq.com",
        "wxpay_notify_url": "https://mall.example",
    }


def built(folder: Path, **given: Any) -> Flask:
    app = Flask("mall", instance_path=str(folder))
    app.extensions["settings"] = settings = Settings(wx_appid="wx1", wx_secret="s", **given)
    init_wechat(app, settings)
    return app


def test_a_shop_without_an_account_takes_no_payments(tmp_path: Path) -> None:
    with built(tmp_path).app_context():
        assert not takes_wechat_pay()
        with pytest.raises(PaymentNotConfigured) as refused:
            pay()
    assert refused.value.code == "payment_not_configured"


def test_a_shop_with_an_account_has_one_client(tmp_path: Path, whole: dict[str, str]) -> None:
    with built(tmp_path, environment="production", **whole).app_context():
        assert takes_wechat_pay()
        assert pay() is pay()
        assert (pay().mchid, pay().appid) == (MCHID, "wx1")
        assert pay().notify_url("/x") == "https://mall.example/x"


def test_an_old_merchant_has_no_public_key(tmp_path: Path, whole: dict[str, str]) -> None:
    old = {**whole, "wxpay_pubkey_id": "", "wxpay_pubkey_file": ""}
    with built(tmp_path, **old).app_context():
        assert takes_wechat_pay()  # and nothing was downloaded: the network is closed


def test_files_are_looked_for_in_the_instance_folder(tmp_path: Path, whole: dict[str, str]) -> None:
    relative = {"wxpay_key_file": "apiclient_key.pem", "wxpay_pubkey_file": "pub_key.pem"}
    with built(tmp_path, **{**whole, **relative}).app_context():
        assert takes_wechat_pay()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wxpay_mchid", "19 00"),
        ("wxpay_serial", ""),
        ("wxpay_serial", "no serial"),
        ("wxpay_key_file", ""),
        ("wxpay_key_file", "missing.pem"),
        ("wxpay_key_file", "pub_key.pem"),
        ("wxpay_apiv3_key", ""),
        ("wxpay_apiv3_key", "x" * 31),
        ("wxpay_pubkey_id", ""),
        ("wxpay_pubkey_id", "5B" * 20),
        ("wxpay_pubkey_file", ""),
        ("wxpay_pubkey_file", "missing.pem"),
        ("wxpay_pubkey_file", "apiclient_key.pem"),
        ("wxpay_notify_url", ""),
        ("wxpay_notify_url", "mall.example"),
        ("wxpay_notify_url", "https://mall.example/?a=1"),
        ("wxpay_notify_url", "ftp://mall.example"),
    ],
)
def test_an_account_configured_by_half_is_found_at_the_start(
    tmp_path: Path, whole: dict[str, str], name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match="WXPAY_") as refused:
        built(tmp_path, **{**whole, name: value})
    assert "PRIVATE KEY" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wxpay_base", "http://127.0.0.1:9001"),
        ("wxpay_base", "http://api.mch.weixin.qq.com"),
        ("wxpay_base", "https://api.mch.weixin.qq.com.evil.example"),
        ("wxpay_base", ""),
        ("wxpay_notify_url", "http://mall.example"),
    ],
)
def test_production_speaks_to_wechat_pay_only_and_over_tls(
    tmp_path: Path, whole: dict[str, str], name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=name.upper()):
        built(tmp_path, environment="production", **{**whole, name: value})


def test_a_laptop_may_speak_to_a_simulator(tmp_path: Path, whole: dict[str, str]) -> None:
    near = {"wxpay_base": "http://127.0.0.1:9001", "wxpay_notify_url": "http://127.0.0.1:5000/"}
    with built(tmp_path, **{**whole, **near}).app_context():
        assert pay().notify_url("/x") == "http://127.0.0.1:5000/x"
