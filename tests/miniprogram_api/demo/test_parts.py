"""Ports and folders are claimed, secrets made once, Valkey keeps what it was given, seeds run."""

import io
import json
import os
import re
import socket
from pathlib import Path

import pytest
import redis
from flask import Flask
from rich.console import Console

from miniprogram_api.core import settings as core_settings
from miniprogram_api.core.settings import Settings
from miniprogram_api.demo import panel, ports, secrets, seeds, valkey
from miniprogram_api.demo.ports import Taken
from miniprogram_api.demo.seeds import Seeding, SignIn
from miniprogram_api.demo.supervisor import Demo, NotReady, Plan
from miniprogram_api.demo.valkey import ValkeyUnavailable
from tests.services.valkey import free_port

ROOT = Path(__file__).resolve().parents[3]


def test_a_taken_port_is_told_in_one_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Taken, match=f"Port {port} is taken.*MALL_PORT"):
            ports.claim_port("MALL_PORT", port)
    ports.claim_port("MALL_PORT", port)


def test_one_demo_at_a_time_in_a_folder(tmp_path: Path) -> None:
    lock = ports.claim_instance(tmp_path)
    with pytest.raises(Taken, match="already runs"):
        ports.claim_instance(tmp_path)
    os.close(lock)
    os.close(ports.claim_instance(tmp_path))


def test_nobody_answers_at_a_free_port() -> None:
    assert ports.answers(f"http://127.0.0.1:{free_port()}/readyz") is False


def test_waiting_ends_when_it_cannot_happen_any_more() -> None:
    assert ports.wait_until(lambda: True, lambda: True, 1) is True
    assert ports.wait_until(lambda: False, lambda: False, 60) is False
    assert ports.wait_until(lambda: False, lambda: True, 0) is False


def loaded(instance: Path) -> Settings:
    app = Flask("demo", instance_path=str(instance), instance_relative_config=True)
    return core_settings.load(app)


def test_secrets_are_made_once_for_the_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WX_SECRET", raising=False)
    made = secrets.complete(tmp_path, loaded(tmp_path))
    assert {"secret_keys", "field_keys", "index_key", "wx_appid", "wx_secret"} <= set(made)
    config = tmp_path / "config.py"
    assert config.stat().st_mode & 0o777 == 0o600
    first = loaded(tmp_path)
    assert len(first.secret_keys) >= 32
    assert re.fullmatch(r"wx[0-9a-f]{16}", first.wx_appid)
    assert re.fullmatch(r"[A-Za-z0-9+/]{43}", first.wx_push_aes_key)
    assert secrets.complete(tmp_path, first) == []
    assert loaded(tmp_path) == first


def test_secrets_that_somebody_has_set_stay(tmp_path: Path) -> None:
    config = tmp_path / "config.py"
    config.write_text('SHOP_NAME = "茶铺"\nWX_SECRET = "mine"\n')
    config.chmod(0o644)
    assert "wx_secret" not in secrets.complete(tmp_path, loaded(tmp_path))
    after = loaded(tmp_path)
    assert (after.shop_name, after.wx_secret) == ("茶铺", "mine")
    assert after.secret_keys
    assert config.stat().st_mode & 0o777 == 0o600


ADDRESSES = {"wxpay_base": "http://127.0.0.1:8001", "wxpay_notify_url": "http://127.0.0.1:8000"}


def a_merchant_in(folder: Path) -> None:
    folder.mkdir()
    facts = {"mchid": "1900000001", "serial": "5A" * 20, "apiv3_key": "k" * 32}
    told = json.dumps(facts | {"public_key_id": "PUB_KEY_ID_01"})
    (folder / "merchant.json").write_text(told)


def test_the_shop_becomes_a_merchant_of_the_simulated_wechat_pay(tmp_path: Path) -> None:
    made = secrets.complete_pay(tmp_path, loaded(tmp_path), ADDRESSES, a_merchant_in)
    assert len(made) == 10
    after = loaded(tmp_path)
    assert (after.wxpay_mchid, after.wxpay_pubkey_id) == ("1900000001", "PUB_KEY_ID_01")
    assert (after.business_circle_enabled, after.business_circle_brand_id) == (True, 1000)
    assert after.wxpay_key_file == "wechatpay/apiclient_key.pem"
    assert after.wxpay_pubkey_file == "wechatpay/pub_key.pem"
    assert (after.wxpay_base, after.wxpay_notify_url) == (
        "http://127.0.0.1:8001",
        "http://127.0.0.1:8000",
    )
    assert (tmp_path / "config.py").stat().st_mode & 0o777 == 0o600
    assert secrets.complete_pay(tmp_path, after, ADDRESSES, a_merchant_in) == []
    assert loaded(tmp_path) == after


def test_the_simulator_makes_the_keys_where_the_shop_looks_for_them(tmp_path: Path) -> None:
    plan = Plan(ROOT, tmp_path, 8000, 8001)
    demo = Demo(plan, lambda: Flask("demo"), Console(file=io.StringIO()))
    secrets.complete_pay(tmp_path, loaded(tmp_path), ADDRESSES, demo._make_keys)
    after = loaded(tmp_path)
    assert re.fullmatch(r"19\d{8}", after.wxpay_mchid)
    assert re.fullmatch(r"[0-9A-F]{40}", after.wxpay_serial)
    assert re.fullmatch(r"[0-9a-f]{32}", after.wxpay_apiv3_key)
    assert after.wxpay_pubkey_id.startswith(f"PUB_KEY_ID_01{after.wxpay_mchid}")
    private, public = (tmp_path / path for path in (after.wxpay_key_file, after.wxpay_pubkey_file))
    assert private.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert public.read_text().startswith("-----BEGIN PUBLIC KEY-----")
    assert {path.stat().st_mode & 0o777 for path in (private, public)} == {0o600}


def test_keys_that_cannot_be_made_are_told(tmp_path: Path) -> None:
    (tmp_path / "wechatpay").write_text("not a folder")
    plan = Plan(ROOT, tmp_path, 8000, 8001)
    demo = Demo(plan, lambda: Flask("demo"), Console(file=io.StringIO()))
    with pytest.raises(NotReady, match="WeChat Pay's keys could not be made"):
        demo._make_keys(tmp_path / "wechatpay")


def test_a_shop_that_is_a_merchant_stays_the_same_one(tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text('WXPAY_MCHID = "1900000002"\n')
    assert secrets.complete_pay(tmp_path, loaded(tmp_path), ADDRESSES, a_merchant_in) == []
    assert not (tmp_path / "wechatpay").exists()
    assert loaded(tmp_path).wxpay_base == "https://api.mch.weixin.qq.com"


def test_valkey_finds_again_what_it_was_given(tmp_path: Path) -> None:
    socket_path = valkey.socket_in(tmp_path)
    first = valkey.start(tmp_path, socket=socket_path)
    with first.client() as client:
        client.set("kept", "yes")
    first.stop()
    second = valkey.start(tmp_path, socket=socket_path)
    with second.client() as client:
        assert client.get("kept") == b"yes"
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
    assert socket_path.stat().st_mode & 0o077 == 0
    second.kill()
    with pytest.raises(redis.ConnectionError):
        second.client().ping()


def test_a_valkey_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALKEY_SERVER", "no-such-server")
    with pytest.raises(ValkeyUnavailable, match="no-such-server"):
        valkey.start(tmp_path, socket=tmp_path / "s")


def test_a_valkey_that_cannot_start_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(ValkeyUnavailable, match="Bad directive"):
        valkey.start(tmp_path, socket=tmp_path / "s", options=("--no-such-option", "1"))


def test_a_valkey_at_the_address_that_is_not_ours_is_no_success(tmp_path: Path) -> None:
    ours = valkey.start(tmp_path, port=free_port())
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(ValkeyUnavailable, match=r"(?i)address already in use|did not start"):
        valkey.start(other, port=int(ours.url.rsplit(":", 1)[1]))
    ours.kill()


def test_a_path_too_long_for_a_socket_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValkeyUnavailable, match="too long"):
        valkey.socket_in(tmp_path / ("x" * 120))


def test_seeds_run_in_order_and_tell_who_can_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeds, "_seeds", {})
    ran = []

    def rewards(seeding: Seeding) -> None:
        seeding.expect(2)
        ran.extend(["reward"] * 2)
        seeding.advance(2)

    def staff(seeding: Seeding) -> None:
        ran.append("staff")
        seeding.sign_in("owner", "a demo password", "owner")

    seeds.register("rewards", rewards)
    seeds.register("staff", staff)
    seeds.register("rewards", rewards)
    with Path(os.devnull).open("w") as nowhere:
        sign_ins = seeds.run(Console(file=nowhere))
    assert ran == ["reward", "reward", "staff"]
    assert sign_ins == [SignIn("owner", "a demo password", "owner")]


def test_people_are_introduced_to_the_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeds, "_people", {})
    seeds.introduce({"a": "小明"})
    seeds.introduce({"b": "李雷"})
    assert seeds.people() == {"a": "小明", "b": "李雷"}


def test_the_panel_names_every_place_and_every_sign_in(tmp_path: Path) -> None:
    written = io.StringIO()
    sign_ins = [SignIn("owner", "a demo password", "owner")]
    opened = panel.Opened("http://127.0.0.1:8000", "http://127.0.0.1:8001", tmp_path, 4.2, sign_ins)
    panel.show(Console(file=written, width=100), opened)
    text = written.getvalue()
    for part in ("4.2", "8001/", "8000/docs", "8000/readyz", "8000/metrics", "a demo password"):
        assert part in text
