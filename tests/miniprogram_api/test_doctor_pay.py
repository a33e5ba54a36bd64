"""The doctor asks WeChat Pay whether it knows us."""

import json

import pytest
from flask import Flask

from tests.services.wechat import Simulator

NAME = "微信支付 · WeChat Pay"


def examined(app: Flask) -> tuple[bool, str, str]:
    """What the doctor says of WeChat Pay: well, the finding, the remedy."""
    answer = app.test_cli_runner().invoke(args=["doctor", "--json"])
    found = {one["name"]: one for one in json.loads(answer.output.splitlines()[-1])}[NAME]
    return found["is_well"], found["finding"], found["remedy"]


class TestAShopWithoutAnAccount:
    @pytest.fixture
    def app_settings(self, simulator: Simulator) -> dict[str, object]:
        return {"WX_OPEN_BASE": simulator.url}

    def test_needs_none(self, app: Flask) -> None:
        assert examined(app) == (True, "not used: WXPAY_MCHID is empty", "")


class TestAShopWithAnAccount:
    @pytest.fixture
    def app_settings(self, simulator: Simulator) -> dict[str, object]:
        return {**simulator.pay_settings(), "WX_OPEN_BASE": simulator.url}

    def test_is_known(self, app: Flask) -> None:
        told = "the simulator accepts the merchant's number, certificate and signature"
        assert examined(app) == (True, told, "")


class TestAShopWithAWrongSerial:
    @pytest.fixture
    def app_settings(self, simulator: Simulator) -> dict[str, object]:
        wrong = {"WXPAY_SERIAL": "5B" * 20}
        return {**simulator.pay_settings(), "WX_OPEN_BASE": simulator.url, **wrong}

    def test_is_told_what_to_compare(self, app: Flask) -> None:
        remedy = "compare WXPAY_MCHID, WXPAY_SERIAL and WXPAY_KEY_FILE with the merchant platform"
        assert examined(app) == (False, "WeChat Pay refuses us: SIGN_ERROR", remedy)
