"""The steps before there is an owner: what they keep, what they refuse, how they are gone through again."""

import stat
from pathlib import Path

import pytest

from miniprogram_api.setup import config_file
from miniprogram_api.staff import accounts
from miniprogram_api.staff.guards import COOKIE
from tests.office import acts_count, acts_of
from tests.services.wechat import Simulator

from .conftest import OWNER, PASSWORD, SECRET, Newcomer, errors_in

APPID = "wx0000000000000001"
PROGRAM = {"wx_appid": APPID, "wx_secret": SECRET}


def test_the_link_leads_to_the_first_step_that_is_missing(newcomer: Newcomer) -> None:
    def leads_to() -> str:
        return newcomer.get().headers["Location"].rsplit("/", 1)[1]

    assert leads_to() == "shop"
    newcomer.post("shop", shop_name="乐购", shop_time_zone="Asia/Shanghai")
    assert leads_to() == "wechat"
    newcomer.post("wechat", **PROGRAM)
    assert leads_to() == "owner"


def test_the_shop_is_written_once_for_its_owner_only(newcomer: Newcomer, config: Path) -> None:
    answer = newcomer.post("shop", shop_name="乐购 'a\"b", shop_time_zone="Asia/Tokyo")
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("/wechat")
    assert config_file.values(config.parent) == {
        "SHOP_NAME": "乐购 'a\"b",
        "SHOP_TIME_ZONE": "Asia/Tokyo",
    }
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert acts_of("setup.settings") == [
        (
            "setup",
            "settings:shop",
            {"SHOP_NAME": None, "SHOP_TIME_ZONE": None},
            {"SHOP_NAME": "乐购 'a\"b", "SHOP_TIME_ZONE": "Asia/Tokyo"},
            None,
        )
    ]


def test_the_same_again_changes_nothing(newcomer: Newcomer, config: Path) -> None:
    fields = {"shop_name": "乐购", "shop_time_zone": "Asia/Shanghai"}
    newcomer.post("shop", **fields)
    written, acts = config.stat().st_mtime_ns, acts_count()
    assert newcomer.post("shop", **fields).status_code == 303
    assert (config.stat().st_mtime_ns, acts_count()) == (written, acts)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"shop_name": "", "shop_time_zone": "Asia/Shanghai"}, ["请填写"]),
        ({"shop_name": "乐" * 33, "shop_time_zone": "Asia/Shanghai"}, ["最长 32 字"]),
        (
            {"shop_name": "乐购", "shop_time_zone": "Asia/Nowhere"},
            ["不认识的时区，如 Asia/Shanghai"],
        ),
        ({"shop_name": "乐购", "shop_time_zone": "../etc"}, ["不认识的时区，如 Asia/Shanghai"]),
        ({"shop_name": "乐\x00购", "shop_time_zone": "Asia/Shanghai"}, ["含有不能使用的字符"]),
    ],
)
def test_what_the_shop_cannot_be_is_told_at_its_field(
    newcomer: Newcomer, config: Path, fields: dict[str, str], wrong: list[str]
) -> None:
    answer = newcomer.post("shop", **fields)
    assert answer.status_code == 422
    assert errors_in(answer.text) == wrong
    assert not config.exists()
    assert acts_count() == 0


def test_a_name_of_32_characters_is_taken(newcomer: Newcomer) -> None:
    answer = newcomer.post("shop", shop_name="乐" * 32, shop_time_zone="Asia/Shanghai")
    assert answer.status_code == 303


def test_what_the_environment_gives_is_shown_and_not_asked(
    newcomer: Newcomer, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_NAME", "环境")
    page = newcomer.get("shop").text
    assert "由环境变量给出" in page
    assert 'name="shop_name"' not in page
    newcomer.post("shop", shop_name="另一个", shop_time_zone="Asia/Tokyo")
    assert config_file.values(config.parent) == {"SHOP_TIME_ZONE": "Asia/Tokyo"}


def test_credentials_are_kept_when_wechat_takes_them(newcomer: Newcomer, config: Path) -> None:
    answer = newcomer.post("wechat", **PROGRAM)
    assert answer.status_code == 303, errors_in(answer.text)
    assert config_file.values(config.parent) == {"WX_APPID": APPID, "WX_SECRET": SECRET}
    (act,) = acts_of("setup.settings")
    assert act[3] == {"WX_APPID": APPID, "WX_SECRET": True}
    assert SECRET not in newcomer.get("wechat").text


def test_a_secret_that_is_given_may_be_left_empty(newcomer: Newcomer, config: Path) -> None:
    newcomer.post("wechat", **PROGRAM)
    answer = newcomer.post("wechat", wx_appid=APPID, wx_secret="")
    assert answer.status_code == 303
    assert config_file.values(config.parent)["WX_SECRET"] == SECRET


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"wx_appid": "wx0000000000000009", "wx_secret": SECRET}, "微信不认识这个 AppID"),
        ({"wx_appid": APPID, "wx_secret": "another secret"}, "AppSecret 不对"),
        ({"wx_appid": "12345", "wx_secret": SECRET}, "格式不对"),
        ({"wx_appid": APPID, "wx_secret": "short"}, "格式不对"),
        ({"wx_appid": APPID, "wx_secret": ""}, "请填写"),
    ],
)
def test_credentials_that_wechat_refuses_are_not_kept(
    newcomer: Newcomer, config: Path, fields: dict[str, str], told: str
) -> None:
    answer = newcomer.post("wechat", **fields)
    assert answer.status_code == 422
    assert told in errors_in(answer.text)[0]
    assert fields["wx_appid"] in answer.text
    assert not config.exists()


def test_a_wechat_that_is_away_is_told_and_can_be_skipped(
    newcomer: Newcomer, config: Path, simulator: Simulator
) -> None:
    simulator.fault("reset")
    answer = newcomer.post("wechat", **PROGRAM)
    assert answer.status_code == 422
    assert "暂时连不上微信" in answer.text
    assert f"/setup/{newcomer.token}/owner" in answer.text
    assert not config.exists()


class TestWeChatPay:
    @pytest.fixture
    def fields(self, simulator: Simulator) -> dict[str, str]:
        given = {name: str(value) for name, value in simulator.pay_settings().items()}
        return {
            **PROGRAM,
            "wxpay_mchid": given["WXPAY_MCHID"],
            "wxpay_serial": given["WXPAY_SERIAL"],
            "wxpay_apiv3_key": given["WXPAY_APIV3_KEY"],
            "wxpay_key": Path(given["WXPAY_KEY_FILE"]).read_text(),
            "wxpay_pubkey_id": given["WXPAY_PUBKEY_ID"],
            "wxpay_pubkey": Path(given["WXPAY_PUBKEY_FILE"]).read_text(),
            "wxpay_notify_url": "https://shop.example",
        }

    @pytest.fixture
    def app_settings(self, simulator: Simulator) -> dict[str, object]:
        base = {"WX_OPEN_BASE": simulator.url, "WXPAY_BASE": simulator.url}
        return {**base, "WX_APPID": "", "WX_SECRET": ""}

    def test_a_merchant_that_is_believed_is_kept_with_its_keys(
        self, newcomer: Newcomer, config: Path, fields: dict[str, str]
    ) -> None:
        sent = {**fields, "wxpay_key": fields["wxpay_key"].replace("\n", "\r\n")}
        answer = newcomer.post("wechat", **sent)
        assert answer.status_code == 303, errors_in(answer.text)
        held = config_file.values(config.parent)
        assert held["WXPAY_MCHID"] == fields["wxpay_mchid"]
        assert held["WXPAY_KEY_FILE"] == "wechatpay/apiclient_key.pem"
        key = config.parent / "wechatpay" / "apiclient_key.pem"
        assert key.read_text() == fields["wxpay_key"].strip()
        assert stat.S_IMODE(key.stat().st_mode) == 0o600

    @pytest.mark.parametrize(
        ("field", "value", "told"),
        [
            ("wxpay_serial", "5B" * 20, "对照商户平台核对"),
            ("wxpay_key", "-----BEGIN PRIVATE KEY-----\nx", "读不出这个私钥"),
            ("wxpay_apiv3_key", "too short", "格式不对"),
            ("wxpay_mchid", "", "请填写"),
            ("wxpay_notify_url", "shop.example", "格式不对"),
        ],
    )
    def test_one_that_is_not_is_told_at_its_field_and_nothing_is_kept(
        self, newcomer: Newcomer, config: Path, fields: dict[str, str], field: str, value: str,
        told: str,
    ) -> None:  # fmt: skip
        answer = newcomer.post("wechat", **{**fields, field: value})
        assert answer.status_code == 422
        assert told in errors_in(answer.text)[0]
        assert not config.exists()
        assert not (config.parent / "wechatpay").exists()


def test_the_owner_is_made_signed_in_and_the_link_is_over(newcomer: Newcomer) -> None:
    answer = newcomer.post("owner", **OWNER)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/admin/setup"
    assert newcomer.client.get_cookie(COOKIE) is not None
    assert newcomer.client.get("/admin/setup").status_code == 200
    assert [(one.username, one.role, one.name) for one in accounts.people()] == [
        ("wang", "owner", "王老板")
    ]
    assert newcomer.get("shop").status_code == 404
    assert newcomer.post("owner", **{**OWNER, "username": "second"}).status_code == 404
    assert len(accounts.people()) == 1
    assert [act[0] for act in acts_of("setup.owner")] == ["setup"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"name": ""}, "请填写"),
        ({"username": ""}, "请填写"),
        ({"username": "W ang"}, "2 到 32 位"),
        ({"username": "w"}, "2 到 32 位"),
        ({"password": "short", "again": "short"}, "至少 10 个字"),
        ({"password": "wang-wang-wang", "again": "wang-wang-wang"}, "至少 10 个字"),
        ({"again": "three red umbrellas"}, "两次输入的密码不一样"),
    ],
)
def test_an_owner_who_cannot_be_is_told_at_the_field(
    newcomer: Newcomer, changed: dict[str, str], told: str
) -> None:
    answer = newcomer.post("owner", **{**OWNER, **changed})
    assert answer.status_code == 422
    assert told in errors_in(answer.text)[0]
    assert PASSWORD not in answer.text
    assert accounts.people() == []
    assert newcomer.get("owner").status_code == 200
    assert acts_count() == 0


def test_every_step_speaks_english_too(newcomer: Newcomer) -> None:
    for step, words in (("shop", "Your shop"), ("wechat", "mini-program"), ("owner", "The owner")):
        assert words in newcomer.get(step, lang="en").text
