"""Where WeChat delivers its events: `/wechat/push`, in safe mode, as JSON or XML.

Nothing is believed before its signature is checked over the ciphertext, and nothing is answered
with `success` before every handler has stored what it needs.
"""

import hashlib
import hmac
import json
import struct
from collections.abc import Callable, Mapping
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict
from flask import Blueprint, Response, request
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import WeChatException

from miniprogram_api.core.db import transaction
from miniprogram_api.core.errors import Unauthorized
from miniprogram_api.core.log import log
from miniprogram_api.core.settings import settings

from .events import PushEvent, normalised, wechat_push_received

MAX_PUSH_BYTES = 64 * 1024

blueprint = Blueprint("wechat_push", __name__)
_log = log(__name__)


class PushCheckFailed(Unauthorized):
    """This did not come from WeChat, or not for us."""

    code = "push_check_failed"
    title_zh = "消息推送校验失败"
    title_en = "The push did not pass its check"


def signed_by_wechat(view: Callable[[], Response]) -> Callable[[], Response]:
    """Mark a view that checks WeChat's signature itself; `auth`, which stands above, reads it."""
    setattr(view, "guard", "wechat_signature")  # noqa: B010 - a function declares no attributes
    return view


@blueprint.get("/wechat/push")
@signed_by_wechat
def confirm_address() -> Response:
    """Answer WeChat's question whether this address is ours."""
    _check(request.args.get("signature", ""), _stamp())
    return Response(request.args.get("echostr", ""), mimetype="text/plain")


@blueprint.post("/wechat/push")
@signed_by_wechat
def receive_event() -> Response:
    """Take one event; WeChat sends it again unless it hears `success` within five seconds."""
    event = opened(request.get_data(cache=False), request.args)
    with transaction():
        wechat_push_received.emit(event=event)
    _log.info("wechat_push_received", name=event.name)
    return Response("success", mimetype="text/plain")


def opened(body: bytes, query: Mapping[str, str]) -> PushEvent:
    """The event in a push, its signature checked and its text decrypted.

    :raises PushCheckFailed: the signature, the ciphertext or the form is wrong.
    """
    if len(body) > MAX_PUSH_BYTES:
        raise PushCheckFailed("larger than any event")
    encrypted = _parsed(body).get("Encrypt")
    if not isinstance(encrypted, str) or not encrypted.isascii():
        raise PushCheckFailed("not in safe mode")
    stamp = (query.get("timestamp", ""), query.get("nonce", ""))
    _check(query.get("msg_signature", ""), (*stamp, encrypted))
    try:
        text = _crypto().decrypt_message(
            {"Encrypt": encrypted}, query.get("msg_signature", ""), *stamp
        )
        return normalised(_parsed(text.encode()))
    # What a wrong key leaves behind can break at any step of unpacking.
    except (WeChatException, ValueError, IndexError, OverflowError, struct.error) as error:
        reason = type(error).__name__
    raise PushCheckFailed(f"the event cannot be read: {reason}")


def _stamp() -> tuple[str, str]:
    return request.args.get("timestamp", ""), request.args.get("nonce", "")


def _check(signature: str, parts: tuple[str, ...]) -> None:
    """Compare in constant time, which wechatpy does not; without a token nobody passes."""
    configured = settings()
    if not configured.wx_push_token or not configured.wx_push_aes_key:
        raise PushCheckFailed("no message push is configured")
    expected = signature_of(configured.wx_push_token, *parts)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        raise PushCheckFailed("the signature is not WeChat's")


def signature_of(token: str, *parts: str) -> str:
    """SHA-1 over the sorted parts, as WeChat signs a push."""
    text = "".join(sorted((token, *parts)))
    return hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _crypto() -> Any:
    configured = settings()
    return WeChatCrypto(configured.wx_push_token, configured.wx_push_aes_key, configured.wx_appid)


def _parsed(body: bytes) -> Mapping[str, Any]:
    """The object in a JSON or XML body; an empty one if there is none."""
    try:
        if body.lstrip()[:1] == b"<":
            # expat expands no entity for xmltodict, so a small body stays small
            parsed = xmltodict.parse(body, disable_entities=True).get("xml")
        else:
            parsed = json.loads(body)
    except (ValueError, RecursionError, ExpatError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
