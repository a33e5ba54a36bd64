"""WeChat's events on their way to the mall: encrypted, signed, tried three times.

Written from WeChat's description of the format, not with the library that the mall reads it with.
"""

import base64
import hashlib
import json
import secrets
import struct
import threading
import time
from typing import Any

import requests
import xmltodict
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from .world import World

TRIES, ANSWER_SECONDS = 3, 5.0
OWNER = "gh_000000000001"  # the mini-program's own name
_WRAPPERS = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}


def signature(token: str, *parts: str) -> str:
    """SHA-1 over the sorted parts."""
    text = "".join(sorted([token, *parts]))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def encrypted(text: bytes, appid: str, aes_key: str) -> str:
    """AES-256-CBC over 16 random bytes, the length, the text and the appid; base64."""
    key = base64.b64decode(aes_key + "=")
    padder = PKCS7(256).padder()
    plain = secrets.token_bytes(16) + struct.pack(">I", len(text)) + text + appid.encode()
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    padded = padder.update(plain) + padder.finalize()
    return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()


def event_text(event: dict[str, Any], push_format: str, *, list_as_object: bool = False) -> bytes:
    """The event as WeChat writes it. A lone entry of `List` may come as an object in JSON."""
    if push_format == "xml":
        wrapper = _WRAPPERS.get(event["Event"])
        if wrapper:
            entries = event["List"]
            event = {k: v for k, v in event.items() if k != "List"} | {wrapper: {"List": entries}}
        return str(xmltodict.unparse({"xml": event}, full_document=False)).encode()
    if list_as_object and len(event.get("List", [])) == 1:
        event = event | {"List": event["List"][0]}
    return json.dumps(event, ensure_ascii=False).encode()


def push(world: World, openid: str, name: str, **facts: Any) -> dict[str, Any]:
    """Deliver an event, in up to three tries; the record of how it went."""
    event = {
        "ToUserName": OWNER,
        "FromUserName": openid,
        "CreateTime": int(world.now()),
        "MsgType": "event",
        "Event": name,
        **facts,
    }
    record: dict[str, Any] = {"event": event, "tries": 0, "delivered": False, "answers": []}
    with world.lock:
        world.pushes.append(record)
        odd = world.faults.takes("list_as_object")
    if not world.config.push_token or not world.config.push_aes_key:
        record["answers"].append("no message push is configured")
        return record
    text = event_text(event, world.config.push_format, list_as_object=odd)
    while not record["delivered"] and record["tries"] < TRIES:
        if record["tries"]:
            time.sleep(world.config.push_pause_seconds)
        record["tries"] += 1
        record["delivered"] = _deliver(world, openid, text, record["answers"])
    return record


def push_later(world: World, delay: float, openid: str, name: str, **facts: Any) -> None:
    """Deliver an event after the present request has been answered."""
    timer = threading.Timer(delay, push, (world, openid, name), facts)
    timer.daemon = True
    timer.start()


def _deliver(world: World, openid: str, text: bytes, answers: list[str]) -> bool:
    """One try; an answer of `success`, or an empty one, means that it has arrived."""
    config = world.config
    sealed = encrypted(text, config.appid, config.push_aes_key)
    stamp, nonce = str(int(world.now())), secrets.token_hex(8)
    query = {
        "signature": signature(config.push_token, stamp, nonce),
        "timestamp": stamp,
        "nonce": nonce,
        "openid": openid,
        "encrypt_type": "aes",
        "msg_signature": signature(config.push_token, stamp, nonce, sealed),
    }
    envelope = {"ToUserName": OWNER, "Encrypt": sealed}
    if config.push_format == "xml":
        body = str(xmltodict.unparse({"xml": envelope}, full_document=False)).encode()
        content_type = "text/xml"
    else:
        body, content_type = json.dumps(envelope).encode(), "application/json"
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                config.mall.rstrip("/") + "/wechat/push",
                params=query,
                data=body,
                headers={"Content-Type": content_type},
                timeout=ANSWER_SECONDS,
                allow_redirects=False,
            )
    except requests.RequestException as error:
        answers.append(type(error).__name__)
        return False
    answers.append(f"{answer.status_code} {answer.text[:80]}")
    return answer.status_code == 200 and answer.text in {"success", ""}
