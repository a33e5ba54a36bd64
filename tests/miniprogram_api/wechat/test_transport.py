"""A bad road to WeChat: slow, cut, dripping, huge, nonsense; and nothing secret in what is said."""

import gzip
import logging
import socket
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from miniprogram_api.wechat.client import MiniClient
from miniprogram_api.wechat.errors import (
    LoginCodeInvalid,
    WeChatError,
    WeChatNonsense,
    WeChatUnavailable,
)
from miniprogram_api.wechat.redaction import redacted
from miniprogram_api.wechat.simulator.faults import NONSENSE
from tests.miniprogram_api.wechat.conftest import APPID, SECONDS, SECRET, MakeClient, Simulator

LOGIN, FETCH, LINK = "/sns/jscode2session", "/cgi-bin/stable_token", "/wxa/generate_urllink"


def chain(error: BaseException | None) -> list[BaseException]:
    """An error, and whatever hangs on it."""
    found: list[BaseException] = []
    while error is not None:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


@pytest.mark.parametrize("path", [LOGIN, FETCH, LINK])
def test_a_slow_answer_is_given_up(wx: MiniClient, simulator: Simulator, path: str) -> None:
    simulator.fault("slow", path=path, seconds=2.0)
    began = time.monotonic()
    with pytest.raises(WeChatUnavailable) as refused:
        wx.code_to_session(simulator.login_code("a")) if path == LOGIN else wx.url_link("p")
    assert SECONDS <= time.monotonic() - began < 2 * SECONDS
    assert refused.value.maybe_done


def test_a_dripping_answer_is_given_up(wx: MiniClient, simulator: Simulator) -> None:
    simulator.fault("drip", seconds=5.0)
    began = time.monotonic()
    with pytest.raises(WeChatUnavailable):
        wx.code_to_session(simulator.login_code("anna"))
    assert time.monotonic() - began < 3 * SECONDS


@pytest.mark.parametrize("after_acting", [False, True])
def test_a_cut_connection(wx: MiniClient, simulator: Simulator, *, after_acting: bool) -> None:
    code = simulator.login_code("anna")
    simulator.fault("reset", times=1, after_acting=after_acting)
    with pytest.raises(WeChatUnavailable) as refused:
        wx.code_to_session(code)
    assert refused.value.maybe_done
    assert simulator.world.grants[code].used is after_acting


def test_nobody_listens() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(WeChatUnavailable) as refused:
            MiniClient(APPID, SECRET, base_url=address).code_to_session("a-code")
    assert not refused.value.maybe_done


@pytest.mark.parametrize("status", [500, 502, 404, 302])
def test_an_http_error_is_no_answer(wx: MiniClient, simulator: Simulator, status: int) -> None:
    simulator.fault("http_error", status=status, times=1)
    with pytest.raises(WeChatUnavailable):
        wx.code_to_session(simulator.login_code("anna"))
    assert len(simulator.seen()) == 1


@pytest.mark.parametrize("what", sorted(NONSENSE))
@pytest.mark.parametrize(
    ("path", "ask"),
    [
        (LOGIN, lambda wx: wx.code_to_session("some-code")),
        ("/wxa/business/getuserphonenumber", lambda wx: wx.phone_number("some-code")),
        ("/wxa/getuserriskrank", lambda wx: wx.risk_rank("anna", "203.0.113.7")),
        ("/wxa/msg_sec_check", lambda wx: wx.check_text("anna", "x")),
        ("/wxa/getwxacodeunlimit", lambda wx: wx.mini_program_code("x")),
        (LINK, lambda wx: wx.url_link("pages/index")),
    ],
)
def test_nonsense_is_told_as_such(
    wx: MiniClient,
    simulator: Simulator,
    what: str,
    path: str,
    ask: Callable[[MiniClient], object],
) -> None:
    simulator.fault("nonsense", path=path, what=what)
    with pytest.raises(WeChatUnavailable) as refused:
        ask(wx)
    assert refused.value.maybe_done
    assert chain(refused.value) == [refused.value]


def test_a_picture_where_json_belongs(wx: MiniClient, simulator: Simulator) -> None:
    NONSENSE["picture"] = ("image/png", b"\x89PNG")
    simulator.fault("nonsense", path=LINK, what="picture")
    with pytest.raises(WeChatNonsense):
        wx.url_link("pages/index")
    del NONSENSE["picture"]


@pytest.mark.parametrize("kind", ["slow", "reset", "http_500", "busy", "token_invalid", "blocked"])
def test_an_error_tells_no_secret(wx: MiniClient, simulator: Simulator, kind: str) -> None:
    code = simulator.login_code("anna")
    wx.url_link("pages/index")
    [token] = simulator.world.tokens
    simulator.fault(kind, seconds=0.8)
    errors: list[WeChatError] = []
    for ask in (lambda: wx.code_to_session(code), lambda: wx.url_link("pages/index")):
        try:
            ask()
        except WeChatError as error:
            errors.append(error)
    assert errors
    for met in errors:
        told = "".join(traceback.format_exception(met)) + repr(vars(met))
        assert chain(met) == [met]
        for secret in (SECRET, token, code):
            assert secret not in told


def test_debug_logs_of_the_libraries_tell_no_secret(
    wx: MiniClient, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    code = simulator.login_code("anna")
    with caplog.at_level(logging.DEBUG):
        wx.code_to_session(code)
        wx.url_link("pages/index")
    [token] = simulator.world.tokens
    assert "/sns/jscode2session" in caplog.text
    for secret in (SECRET, token, code):
        assert secret not in caplog.text


def test_redaction() -> None:
    text = 'GET /x?appid=wx1&secret=abc&js_code=0e1&access_token=T_1\' {"session_key": "k=="} zz'
    assert redacted(text, "zz") == (
        'GET /x?appid=wx1&secret=***&js_code=***&access_token=***\' {"session_key": "***"} ***'
    )
    assert redacted("errcode=40029") == "errcode=40029"


def test_proxies_of_the_environment_are_not_asked(
    make_client: MakeClient, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = simulator.login_code("anna")
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert make_client().code_to_session(code).openid == "anna"


# ------------------------------------------------------------------ a server of HTTP/1.1


class Keeper(BaseHTTPRequestHandler):
    """Keeps connections open, as WeChat does, and counts them."""

    protocol_version = "HTTP/1.1"
    body, status, connections, asked = b"{}", 200, 0, 0
    headers_sent: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)

    def setup(self) -> None:
        type(self).connections += 1
        super().setup()

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(self.status)
        for name, value in (*self.headers_sent, ("Content-Length", str(len(self.body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def keeper(body: bytes, *headers: tuple[str, str]) -> Iterator[tuple[MiniClient, type[Keeper]]]:
    class Kept(Keeper):
        headers_sent = (*Keeper.headers_sent, *headers)
        connections = asked = 0

    Kept.body = body
    server = ThreadingHTTPServer(("127.0.0.1", 0), Kept)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    client = MiniClient(APPID, SECRET, base_url=f"http://127.0.0.1:{server.server_port}")
    try:
        yield client, Kept
    finally:
        client._http.close()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("body", [b'{"openid": "anna"}', b""])
def test_a_connection_is_used_again(body: bytes) -> None:
    with keeper(body) as (wx, handler):
        for _ in range(5):
            with suppress(WeChatNonsense):
                assert wx.code_to_session("some-code").openid == "anna"
        assert handler.connections == 1


def test_a_small_answer_that_unpacks_into_a_huge_one_is_not_unpacked() -> None:
    bomb = gzip.compress(b" " * (64 * 1024 * 1024))
    with keeper(bomb, ("Content-Encoding", "gzip")) as (wx, _):
        tracemalloc.start()
        with pytest.raises(WeChatUnavailable):
            wx.code_to_session("some-code")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert len(bomb) < 100_000
    assert peak < 16 * 1024 * 1024


def test_cookies_are_not_kept() -> None:
    with keeper(b'{"openid": "anna"}', ("Set-Cookie", "a=1; Path=/")) as (wx, _):
        wx.code_to_session("some-code")
        assert list(wx._http.cookies) == []


@pytest.mark.parametrize("errcode", [b'"40029"', b"40029"])
def test_an_errcode_may_be_a_text(errcode: bytes) -> None:
    with keeper(b'{"errcode": %s, "errmsg": "invalid code, rid: 1-2-3"}' % errcode) as (wx, _):
        with pytest.raises(LoginCodeInvalid) as refused:
            wx.code_to_session("some-code")
        assert (refused.value.errcode, refused.value.rid) == (40029, "1-2-3")


def test_a_redirect_is_not_followed() -> None:
    with keeper(b"", ("Location", "https://api.weixin.qq.com/elsewhere")) as (wx, handler):
        handler.status = 302
        with pytest.raises(WeChatUnavailable):
            wx.code_to_session("some-code")
        assert handler.asked == 1
