"""The simulator keeps WeChat's rules, and keeps to this machine."""

import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
import requests
import segno

from miniprogram_api.wechat.client import MiniClient
from miniprogram_api.wechat.errors import WeChatRefused, WeChatUnavailable
from miniprogram_api.wechat.simulator import rules, tokens
from miniprogram_api.wechat.simulator.server import create_simulator, load, save
from miniprogram_api.wechat.simulator.world import Config, Template, World
from tests.miniprogram_api.wechat.conftest import APPID, SECONDS, SECRET, MakeClient, Simulator

ROOT = Path(__file__).resolve().parents[3]


def a_world() -> World:
    return World(Config(APPID, SECRET))


# Tokens


def test_the_stable_token_is_the_same_until_five_minutes_before_its_end() -> None:
    world = a_world()
    first, seconds = tokens.stable_token(world, force=False)
    world.clock_offset += 6800
    assert tokens.stable_token(world, force=False)[0] == first
    world.clock_offset += 150
    second, _ = tokens.stable_token(world, force=False)
    assert (seconds, second != first) == (7200, True)
    assert world.tokens[first] > world.now()  # both are valid for a while


def test_a_forced_renewal_kills_the_old_token_and_is_rationed() -> None:
    world = a_world()
    first, _ = tokens.stable_token(world, force=False)
    for _ in range(20):
        forced, _ = tokens.stable_token(world, force=True)
        with pytest.raises(tokens.ForcedTooOften):
            tokens.stable_token(world, force=True)
        world.clock_offset += 31
    assert first not in world.tokens
    assert forced in world.tokens
    with pytest.raises(tokens.ForcedTooOften):
        tokens.stable_token(world, force=True)


def test_the_older_token_leaves_the_stable_one_alone() -> None:
    world = a_world()
    stable, _ = tokens.stable_token(world, force=False)
    older, _ = tokens.classic_token(world)
    tokens.classic_token(world)
    world.clock_offset += 301
    assert world.tokens[stable] > world.now() > world.tokens[older]


# Rules


@pytest.mark.parametrize(
    ("name", "value", "keeps"),
    [
        ("thing1", "二十个字的内容正好可以放进去一点不多", True),
        ("thing1", "x" * 20, True),
        ("thing1", "x" * 21, False),
        ("thing", "x", False),
        ("number2", "-12.50", True),
        ("number2", "1" * 33, False),
        ("time3", "2026年11月21日 09:30", True),
        ("time3", "2026-11-21 09:30:00~2026-11-22 09:30", True),
        ("date4", "2026-11-21", True),
        ("date4", "21.11.2026", False),
        ("amount5", "¥88.00", True),
        ("amount5", "88元", True),
        ("amount5", "12345678901", False),
        ("phrase6", "已完成", True),
        ("phrase6", "已经全部完成", False),
        ("name7", "王小明", True),
        ("character_string8", "A-1_2", True),
        ("character_string8", "编号", False),
        ("thing1", None, False),
    ],
)
def test_field_rules(name: str, value: object, *, keeps: bool) -> None:
    broken = rules.broken_field({name: {"value": value}}, None)
    assert broken == (None if keeps else name)


def test_a_declared_template_wants_exactly_its_fields() -> None:
    template = Template("TPL", "积分变动", {"thing1": "说明", "number2": "积分"})
    data = {"thing1": {"value": "签到"}}
    assert rules.broken_field(data, template) == "number2"
    assert rules.broken_field(data | {"number2": {"value": 5}}, template) is None


@pytest.mark.parametrize(
    ("scene", "allowed"),
    [("a" * 32, True), ("a" * 33, False), ("", False), ("a%20b", False), ("中", False)]
    + [(mark, True) for mark in "!#$&'()*+,/:;=?@-._~"],
)
def test_the_scene_of_a_code(
    wx: MiniClient, simulator: Simulator, scene: str, *, allowed: bool
) -> None:
    if allowed:
        assert wx.mini_program_code(scene).startswith(b"\x89PNG")
        return
    with pytest.raises(WeChatRefused) as refused:
        wx.mini_program_code(scene)
    assert refused.value.errcode == 40169


def modules_of(png: bytes) -> list[list[int]]:
    """The dark and light modules of a QR code in a one-bit PNG, quiet zone included."""
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (depth, colour) == (1, 0)
    at, packed = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        packed += png[at + 8 : at + 8 + length] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += 12 + length
    rows = zlib.decompress(packed)
    stride = 1 + (width + 7) // 8
    bits = [
        [1 - (rows[y * stride + 1 + x // 8] >> (7 - x % 8) & 1) for x in range(width)]
        for y in range(height)
    ]
    scale = next(y for y in range(height) if any(bits[y])) // 4  # the quiet zone is 4 modules
    return [row[::scale] for row in bits[::scale]]


def test_the_picture_is_a_qr_code_of_page_and_scene(wx: MiniClient) -> None:
    expected = segno.make("pages/invite/index?scene=i-8f3a", micro=False)
    picture = wx.mini_program_code("i-8f3a", "pages/invite/index", width=280)
    assert modules_of(picture) == [list(row) for row in expected.matrix_iter(border=4)]


# The wire


def test_every_refusal_carries_a_rid_and_status_200(simulator: Simulator) -> None:
    answer = requests.get(f"{simulator.url}/sns/jscode2session", timeout=10)
    assert (answer.status_code, answer.json()["errcode"]) == (200, 40013)
    assert " rid: " in answer.json()["errmsg"]


@pytest.mark.parametrize(
    ("query", "body", "errcode"),
    [
        ("", b"{}", 41001),
        ("?access_token=forged", b"{}", 40001),
        ("?access_token={token}", b"", 44002),
        ("?access_token={token}", b"[]", 47001),
        ("?access_token={token}", b"{", 47001),
    ],
)
def test_malformed_calls(
    wx: MiniClient, simulator: Simulator, query: str, body: bytes, errcode: int
) -> None:
    url = f"{simulator.url}/wxa/generate_urllink" + query.format(token=wx.access_token)
    assert requests.post(url, data=body, timeout=10).json()["errcode"] == errcode


def test_a_fault_strikes_as_often_as_told_and_where_told(
    make_client: MakeClient, simulator: Simulator
) -> None:
    simulator.fault("http_500", path="/wxa/generate_urllink", times=2)
    wx = make_client()
    assert wx.code_to_session(simulator.login_code("anna")).openid == "anna"
    for _ in range(2):
        with pytest.raises(WeChatUnavailable):
            wx.url_link("pages/index")
    assert wx.url_link("pages/index")


@pytest.mark.parametrize(
    "fault", [{"kind": "earthquake"}, {"kind": "nonsense", "what": "?"}, {"kind": "slow", "x": 1}]
)
def test_an_unknown_fault_is_refused(simulator: Simulator, fault: dict[str, Any]) -> None:
    assert requests.post(f"{simulator.url}/_sim/faults", json=fault, timeout=10).status_code == 400
    assert simulator.world.faults.listed() == []


def test_faults_are_switched_off_together(wx: MiniClient, simulator: Simulator) -> None:
    simulator.fault("busy")
    assert requests.delete(f"{simulator.url}/_sim/faults", timeout=10).json() == {"items": []}
    assert wx.url_link("pages/index")


@pytest.mark.parametrize("how", ["reset", "clock"])
def test_the_world_can_be_set(simulator: Simulator, how: str) -> None:
    simulator.login_code("anna")
    if how == "reset":
        simulator.control("reset")
        assert requests.get(f"{simulator.url}/_sim/users", timeout=10).json() == {"items": []}
    else:
        told = simulator.control("clock", at=1_800_000_000)
        assert told["now"] == "2027-01-15T08:00:00+00:00"


def test_a_media_check_reports_later(wx: MiniClient, simulator: Simulator) -> None:
    simulator.login_code("anna")
    for url in (f"{simulator.url}/static/phone.css?赌博", "http://127.0.0.1:9/none.png"):
        body = {"version": 2, "openid": "anna", "scene": 1, "media_type": 2, "media_url": url}
        wx.post("https://api.weixin.qq.com/wxa/media_check_async", data=body)
    deadline = time.monotonic() + 5
    while len(simulator.world.pushes) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    events = [push["event"] for push in simulator.world.pushes]
    assert {event["Event"] for event in events} == {"wxa_media_check"}
    assert sorted(event["errcode"] for event in events) == [-1008, 0]


def test_the_log_shows_no_secret(wx: MiniClient, simulator: Simulator) -> None:
    wx.code_to_session(simulator.login_code("anna"))
    wx.url_link("pages/index")
    text = requests.get(f"{simulator.url}/_sim/requests", timeout=10).text
    assert SECRET not in text
    assert wx.access_token not in text


# The phone


@pytest.mark.parametrize(
    "path",
    ["https://evil.example/", "//evil.example/", "@evil.example/", "/\r\nHost: x", "x", None, 5],
)
def test_the_phone_reaches_the_mall_only(simulator: Simulator, path: object) -> None:
    asked = {"method": "GET", "path": path}
    answer = requests.post(f"{simulator.url}/_sim/phone/request", json=asked, timeout=10)
    assert answer.status_code == 400


def test_the_phone_forwards_token_body_and_key(simulator: Simulator) -> None:
    """The simulator plays its own mall: its log shows what arrives there."""
    object.__setattr__(simulator.world.config, "mall", simulator.url)
    asked = {
        "method": "POST",
        "path": "/_sim/codes",
        "token": "t-1",
        "body": {"openid": "anna"},
        "headers": {"Idempotency-Key": "k-1", "Host": "evil.example"},
    }
    told = requests.post(f"{simulator.url}/_sim/phone/request", json=asked, timeout=10).json()
    assert told["status"] == 201
    assert told["body"]["code"] in simulator.world.grants


def test_a_mall_that_is_away_is_told(simulator: Simulator) -> None:
    object.__setattr__(simulator.world.config, "mall", "http://127.0.0.1:9")
    asked = {"method": "GET", "path": "/api/v1/points"}
    answer = requests.post(f"{simulator.url}/_sim/phone/request", json=asked, timeout=10)
    assert answer.status_code == 502


def test_the_page_and_its_parts_are_local_and_strict(simulator: Simulator) -> None:
    page = requests.get(f"{simulator.url}/", timeout=10)
    assert page.headers["Content-Security-Policy"] == "default-src 'self'"
    assert "http://" not in page.text.replace("http://www.w3.org/", "")
    assert "https://" not in page.text
    for part in ("phone.css", "phone.js"):
        assert part in page.text
        assert requests.get(f"{simulator.url}/static/{part}", timeout=10).status_code == 200


def test_a_foreign_name_for_this_machine_is_refused(simulator: Simulator) -> None:
    answer = requests.get(simulator.url, headers={"Host": "evil.example"}, timeout=10)
    assert answer.status_code == 403


def test_a_foreign_web_page_cannot_pull_the_strings(simulator: Simulator) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = requests.post(
            f"{simulator.url}/_sim/codes",
            data='{"openid":"anna"}',
            headers={"Content-Type": kind},
            timeout=10,
        )
        assert answer.status_code == 400


# A process of its own


def test_the_state_outlives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "wechat.json"
    before, after = (create_simulator(Config(APPID, SECRET)) for _ in range(2))
    world: World = before.extensions["world"]
    world.shopper("小明").bound = True
    world.accept("小明", "TPL")
    token, _ = tokens.stable_token(world, force=False)
    save(before, file)
    load(after, file)
    again: World = after.extensions["world"]
    assert again.shopper("小明").bound
    assert again.quota["小明", "TPL"] == 1
    assert tokens.stable_token(again, force=False)[0] == token
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_program_starts_serves_and_stops(tmp_path: Path) -> None:
    state = tmp_path / "wechat.json"
    command = [sys.executable, "-W", "error", "-m", "miniprogram_api.wechat.simulator"]
    command += ["--port", "0", "--state", str(state)]
    environment = {**os.environ, "WX_APPID": APPID, "WX_SECRET": SECRET, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        url = program.stdout.readline().split()[-1].rstrip("/")
        code = requests.post(f"{url}/_sim/codes", json={"openid": "any name"}, timeout=10).json()
        wx = MiniClient(APPID, SECRET, base_url=url, timeout=(SECONDS, 5))
        assert wx.code_to_session(code["code"]).openid == "any name"
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=10) == 0
    assert "any name" in state.read_text()
