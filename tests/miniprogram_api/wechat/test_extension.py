"""The client of an application, and the headers of WeChat Cloud Run."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import Headers

from miniprogram_api.core.settings import Settings, SettingsError
from miniprogram_api.wechat.answers import WeChatSession
from miniprogram_api.wechat.cloud_run import cloud_run_identity
from miniprogram_api.wechat.extension import init_wechat, wechat

HEADERS = {"x-wx-openid": "oAnna_1", "x-wx-appid": "wx1", "x-wx-unionid": "o6_Anna"}


def built(**given: Any) -> Flask:
    app = Flask("mall")
    app.extensions["settings"] = settings = Settings(wx_appid="wx1", wx_secret="s", **given)
    init_wechat(app, settings)
    return app


def identity(headers: dict[str, str], mode: str = "cloud_run") -> WeChatSession | None:
    with built(wechat_identity=mode).app_context():
        return cloud_run_identity(Headers(headers))


def test_the_application_has_one_client() -> None:
    with built().app_context():
        assert wechat() is wechat()
        assert wechat().appid == "wx1"


@pytest.mark.parametrize(
    "base",
    [
        "http://127.0.0.1:8001",
        "http://api.weixin.qq.com",
        "https://api.weixin.qq.com.evil.example",
        "https://evil.example/https://api.weixin.qq.com",
        "",
    ],
)
def test_production_speaks_to_wechat_only(base: str) -> None:
    with pytest.raises(SettingsError, match="WX_OPEN_BASE"):
        built(environment="production", wx_open_base=base)


def test_production_takes_wechats_own_address() -> None:
    app = built(environment="production", wx_open_base="https://api.weixin.qq.com/")
    assert "wechat" in app.extensions


@pytest.mark.parametrize("key", ["short", "x" * 42, "!" * 43])
def test_a_malformed_push_key_is_found_at_the_start(key: str) -> None:
    with pytest.raises(SettingsError, match="WX_PUSH_AES_KEY"):
        built(wx_push_aes_key=key)


def test_cloud_run_tells_who_is_asking() -> None:
    assert identity(HEADERS) == WeChatSession("oAnna_1", "o6_Anna")
    without = {name: value for name, value in HEADERS.items() if name != "x-wx-unionid"}
    assert identity(without) == WeChatSession("oAnna_1", None)


def test_the_headers_mean_nothing_in_the_other_mode() -> None:
    assert identity(HEADERS, mode="code") is None


@pytest.mark.parametrize(
    "changed",
    [
        {"x-wx-appid": "wx2"},
        {"x-wx-appid": ""},
        {"x-wx-openid": ""},
        {"x-wx-openid": "oAnna,oEve"},
        {"x-wx-openid": "o" * 129},
        {"x-wx-openid": "o Anna"},
    ],
)
def test_odd_headers_name_nobody(changed: dict[str, str]) -> None:
    assert identity(HEADERS | changed) is None


def test_without_an_appid_nobody_is_named() -> None:
    app = Flask("mall")
    app.extensions["settings"] = Settings(wechat_identity="cloud_run")
    with app.app_context():
        assert cloud_run_identity(HEADERS | {"X-WX-APPID": ""}) is None
