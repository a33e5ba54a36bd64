"""WeChat's events: believed only when signed, read in either form, tried three times."""

import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from flask import Flask
from wechatpy.utils import check_signature
from werkzeug.serving import make_server

from miniprogram_api.core.settings import Settings
from miniprogram_api.wechat import push
from miniprogram_api.wechat.events import PushEvent, normalised, wechat_push_received
from miniprogram_api.wechat.push import PushCheckFailed, opened, signature_of
from miniprogram_api.wechat.simulator import delivery
from miniprogram_api.wechat.simulator.server import create_simulator
from miniprogram_api.wechat.simulator.world import Config, World
from tests.miniprogram_api.wechat.conftest import AES_KEY, APPID, PUSH_TOKEN, Simulator

ENTRY = {"TemplateId": "TPL_points", "SubscribeStatusString": "accept", "PopupScene": "0"}
EVENT = {
    "ToUserName": "gh_1",
    "FromUserName": "anna",
    "CreateTime": 1766000000,
    "MsgType": "event",
    "Event": "subscribe_msg_popup_event",
    "List": [ENTRY],
}


@pytest.fixture
def mall() -> Iterator[Flask]:
    """As much of an application as reading an event takes."""
    app = Flask("mall")
    app.extensions["settings"] = Settings(
        wx_appid=APPID, wx_push_token=PUSH_TOKEN, wx_push_aes_key=AES_KEY
    )
    with app.app_context():
        yield app


def sealed(text: bytes, appid: str = APPID, key: str = AES_KEY) -> tuple[bytes, dict[str, str]]:
    """A push as WeChat sends it, body and query."""
    encrypted = delivery.encrypted(text, appid, key)
    query = {"timestamp": "1766000001", "nonce": "n1"}
    query["msg_signature"] = delivery.signature(PUSH_TOKEN, "1766000001", "n1", encrypted)
    return json.dumps({"ToUserName": "gh_1", "Encrypt": encrypted}).encode(), query


def test_the_signature_of_wechats_own_example() -> None:
    stamp = ("1714036504", "1514711492")
    expected = "f464b24fc39322e44b38aa78f5edd27bd1441696"
    assert signature_of("AAAAA", *stamp) == delivery.signature("AAAAA", *stamp) == expected
    check_signature("AAAAA", expected, *stamp)


@pytest.mark.usefixtures("mall")
@pytest.mark.parametrize("form", ["json", "xml"])
def test_an_event_reads_the_same_in_either_form(form: str) -> None:
    event = opened(*sealed(delivery.event_text(EVENT, form)))
    assert (event.name, event.openid) == ("subscribe_msg_popup_event", "anna")
    assert event.items == [ENTRY]
    assert event.dedupe_key == "anna:1766000000:subscribe_msg_popup_event"


@pytest.mark.usefixtures("mall")
def test_an_xml_envelope_is_read_too() -> None:
    body, query = sealed(delivery.event_text(EVENT, "xml"))
    encrypted = json.loads(body)["Encrypt"]
    assert opened(f"<xml><Encrypt>{encrypted}</Encrypt></xml>".encode(), query).openid == "anna"


def test_a_lone_entry_becomes_a_list_of_one() -> None:
    assert normalised(EVENT | {"List": ENTRY}).items == [ENTRY]
    assert normalised(EVENT | {"List": [ENTRY, ENTRY]}).items == [ENTRY, ENTRY]
    assert normalised({**EVENT, "List": "?"}).items == []


def test_a_trace_id_tells_two_checks_of_one_second_apart() -> None:
    check = {**EVENT, "Event": "wxa_media_check", "trace_id": "t1"}
    assert normalised(check).dedupe_key == "anna:1766000000:wxa_media_check:t1"


def damaged() -> dict[str, tuple[bytes, dict[str, str]]]:
    body, query = sealed(delivery.event_text(EVENT, "json"))
    other_key = base64.b64encode(b"k" * 32).decode().rstrip("=")
    encrypted = json.loads(body)["Encrypt"]
    return {
        "no signature": (body, {k: v for k, v in query.items() if k != "msg_signature"}),
        "another signature": (body, query | {"msg_signature": "0" * 40}),
        "a signature of no ASCII": (body, query | {"msg_signature": "签" * 40}),
        "a lone surrogate": (body, query | {"msg_signature": "\ud800"}),
        "another time": (body, query | {"timestamp": "1766000002"}),
        "another ciphertext": (body.replace(encrypted[:4].encode(), b"AAAA"), query),
        "not encrypted": (json.dumps(EVENT).encode(), query),
        "no object": (b"[]", query),
        "no JSON": (b"{", query),
        "no XML": (b"<xml><Encrypt>", query),
        "an entity": (b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>', query),
        "nothing": (b"", query),
        "too large": (b" " * 70_000 + body, query),
        "another key": sealed(delivery.event_text(EVENT, "json"), key=other_key),
        "another program's": sealed(delivery.event_text(EVENT, "json"), appid="wx_other"),
        "no event": sealed(b"hello"),
        "nobody's": sealed(json.dumps({**EVENT, "FromUserName": ""}).encode()),
        "of no time": sealed(json.dumps({**EVENT, "CreateTime": "soon"}).encode()),
        "of the far future": sealed(json.dumps({**EVENT, "CreateTime": 10**40}).encode()),
    }


@pytest.mark.usefixtures("mall")
@pytest.mark.parametrize("how", sorted(damaged()))
def test_a_damaged_push_is_refused(how: str) -> None:
    with pytest.raises(PushCheckFailed) as refused:
        opened(*damaged()[how])
    assert PUSH_TOKEN not in str(refused.value)


@pytest.mark.parametrize("missing", ["wx_push_token", "wx_push_aes_key"])
def test_without_its_secrets_nothing_is_believed(mall: Flask, missing: str) -> None:
    known: dict[str, Any] = {
        "wx_appid": APPID,
        "wx_push_token": PUSH_TOKEN,
        "wx_push_aes_key": AES_KEY,
    }
    mall.extensions["settings"] = Settings(**{**known, missing: ""})
    body, query = sealed(delivery.event_text(EVENT, "json"))
    encrypted = json.loads(body)["Encrypt"]
    query["msg_signature"] = signature_of("", "1766000001", "n1", encrypted)
    with pytest.raises(PushCheckFailed, match="no message push is configured"):
        opened(body, query)


# ------------------------------------------------------------------ over the wire


@pytest.fixture
def app_settings() -> dict[str, object]:
    return {"WX_APPID": APPID, "WX_PUSH_TOKEN": PUSH_TOKEN, "WX_PUSH_AES_KEY": AES_KEY}


@pytest.fixture
def heard() -> Iterator[list[PushEvent]]:
    """What a feature above would hear."""
    events: list[PushEvent] = []

    def listen(event: PushEvent) -> None:
        events.append(event)

    wechat_push_received.connect(listen)
    yield events
    wechat_push_received._handlers.remove(listen)


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The application, listening."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def phone_of(mall: str, push_format: str = "json") -> World:
    config = Config(
        APPID, "", PUSH_TOKEN, AES_KEY, push_format=push_format, push_pause_seconds=0.02, mall=mall
    )
    world: World = create_simulator(config).extensions["world"]
    return world


@pytest.mark.parametrize("push_format", ["json", "xml"])
def test_a_subscription_arrives(address: str, heard: list[PushEvent], push_format: str) -> None:
    record = delivery.push(
        phone_of(address, push_format), "小明", "subscribe_msg_popup_event", List=[ENTRY]
    )
    assert (record["delivered"], record["tries"]) == (True, 1)
    [event] = heard
    assert (event.openid, event.items) == ("小明", [ENTRY])


def test_the_address_is_confirmed(address: str) -> None:
    signed = {"timestamp": "1714036504", "nonce": "1514711492", "echostr": "4375120948345356249"}
    signature = signature_of(PUSH_TOKEN, signed["timestamp"], signed["nonce"])
    answer = requests.get(
        f"{address}/wechat/push", params={**signed, "signature": signature}, timeout=10
    )
    assert (answer.status_code, answer.text) == (200, "4375120948345356249")
    forged = requests.get(
        f"{address}/wechat/push", params={**signed, "signature": "0" * 40}, timeout=10
    )
    assert (forged.status_code, forged.json()["code"]) == (401, "push_check_failed")


def test_a_forged_push_is_a_problem_and_reaches_nobody(
    address: str, heard: list[PushEvent]
) -> None:
    body, query = sealed(delivery.event_text(EVENT, "json"))
    answer = requests.post(
        f"{address}/wechat/push", params=query | {"nonce": "n2"}, data=body, timeout=10
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "push_check_failed")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert heard == []


def test_an_event_that_nobody_could_store_is_sent_again(
    address: str, heard: list[PushEvent]
) -> None:
    failures = [ConnectionError("the database is away"), ConnectionError("still")]

    def store(event: PushEvent) -> None:
        if failures:
            raise failures.pop()

    wechat_push_received.connect(store)
    record = delivery.push(phone_of(address), "anna", "subscribe_msg_popup_event", List=[ENTRY])
    wechat_push_received._handlers.remove(store)
    assert (record["delivered"], record["tries"]) == (True, 3)
    assert {event.dedupe_key for event in heard} == {heard[0].dedupe_key}


def test_a_mall_that_is_away_gets_three_tries(simulator: Simulator) -> None:
    told: dict[str, Any] = simulator.control(
        "subscriptions", openid="anna", template_id="TPL_points", accept=True
    )
    assert told["left"] == 1
    assert (told["push"]["delivered"], told["push"]["tries"]) == (False, 3)


def test_nothing_stays_behind_of_the_blueprint() -> None:
    assert {view.guard for view in (push.confirm_address, push.receive_event)} == {  # type: ignore[attr-defined]
        "wechat_signature"
    }
