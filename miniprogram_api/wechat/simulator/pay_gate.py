"""What every call of WeChat Pay passes: signature, form, faults; and the signature of each answer."""

import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, g, request

from .faults import ANSWERS, effect
from .gate import refusal
from .pay_message import signer, spoil_headers, wire_time
from .pay_post import Post
from .pay_rules import Parts, complaint
from .pay_wire import authorization, is_signed, signed_headers
from .pay_world import PayWorld
from .requestlog import note_answer, note_arrival
from .world import world

blueprint = Blueprint("pay", __name__, url_prefix="/v3")

CLOCK_SECONDS = 300

# The statuses of WeChat Pay's codes; those in the second half are from memory.
STATUSES = {
    "PARAM_ERROR": 400,
    "INVALID_REQUEST": 400,
    "APPID_MCHID_NOT_MATCH": 400,
    "MCH_NOT_EXISTS": 400,
    "ORDER_CLOSED": 400,
    "NO_STATEMENT_EXIST": 400,
    "SIGN_ERROR": 401,
    "NO_AUTH": 403,
    "OUT_TRADE_NO_USED": 403,
    "NOT_ENOUGH": 403,
    "USER_ACCOUNT_ABNORMAL": 403,
    "RULE_LIMIT": 403,
    "ORDER_NOT_EXIST": 404,
    "RESOURCE_NOT_EXISTS": 404,
    "FREQUENCY_LIMITED": 429,
    "SYSTEM_ERROR": 500,
    "OPENID_MISMATCH": 500,
    "BANK_ERROR": 500,
}


class Declined(Exception):
    """WeChat Pay says no: a code, and words for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def pay() -> PayWorld:
    """The simulated WeChat Pay of the simulator that answers."""
    return world().pay


def post() -> Post:
    """Its post."""
    found: Post = current_app.extensions["post"]
    return found


def known_appid(appid: object) -> None:
    """Refuse a program that is not the merchant's."""
    if appid != world().config.appid:
        raise Declined("APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")


def answered(facts: Mapping[str, Any] | None, status: int = 200) -> Response:
    """An answer; none but a status where there are no facts."""
    if facts is None:
        return Response(status=204)
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, mimetype="application/json")


def declined(code: str, message: str) -> Response:
    """The answer that says no."""
    return answered({"code": code, "message": message}, STATUSES.get(code, 400))


def asked(rule: Parts) -> dict[str, Any]:
    """What is asked, after its rule.

    :raises Declined: it is no JSON object, or breaks the rule.
    """
    if request.mimetype != "application/json":
        raise Declined("PARAM_ERROR", "Content-Type 应为 application/json")
    try:
        found = json.loads(request.get_data())
    except (ValueError, UnicodeDecodeError):
        found = None
    if not isinstance(found, dict):
        raise Declined("PARAM_ERROR", "请求体不是合法的 JSON")
    if wrong := complaint(rule, found):
        raise Declined("PARAM_ERROR", wrong)
    return found


@blueprint.errorhandler(Declined)
def _decline(no: Declined) -> Response:
    return declined(no.code, str(no))


@blueprint.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def nowhere(rest: str) -> Response:
    """What WeChat Pay does not have, or the simulator not."""
    raise Declined("RESOURCE_NOT_EXISTS", f"没有这个接口 /v3/{rest}")


@blueprint.before_request
def _arrive() -> Response | None:
    note_arrival()
    fault = world().faults.take(request.path, after_acting=False)
    if fault is not None:
        g.fault = fault.kind
        if fault.kind == "pay_error":
            return declined(fault.code, "按需故障")
        struck = effect(fault, refusal)
        if struck is not None:
            g.unsigned = True
            return struck
    complaint = _complaint()
    return declined("SIGN_ERROR", complaint) if complaint else _key_mode()


def _complaint() -> str | None:
    """What is wrong with the signature of the request."""
    parts = authorization(request.headers.get("Authorization", ""))
    if parts is None:
        return "Http头缺少或错误的Authorization"
    keys, now = pay().keys, wire_time(pay())
    if parts["mchid"] != keys.mchid or parts["serial_no"] != keys.serial:
        return "商户证书序列号有误。请使用签名私钥匹配的证书序列号"
    if not parts["timestamp"].isdecimal() or abs(now - int(parts["timestamp"])) > CLOCK_SECONDS:
        return "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"
    lines = request.method, _request_target(), parts["timestamp"], parts["nonce_str"]
    text = request.get_data().decode("utf-8", "surrogateescape")
    public = keys.merchant_key.public_key()
    try:
        signed = is_signed(public, parts["signature"], *lines, text)
    except UnicodeEncodeError:
        signed = False
    if not signed:
        return "错误的签名，验签失败"
    return None if _is_new(parts["nonce_str"]) else "随机串重复使用"


def _request_target() -> str:
    """Path and query, as they stood in the request line."""
    return str(request.environ["RAW_URI"])


def _is_new(nonce: str) -> bool:
    with world().lock:
        nonces, now = pay().nonces, time.monotonic()
        while nonces and next(iter(nonces.values())) < now - 2 * CLOCK_SECONDS:
            del nonces[next(iter(nonces))]
        known = nonce in nonces
        nonces.setdefault(nonce, now)
        return not known


def _key_mode() -> Response | None:
    """A merchant that has only WeChat Pay's public key says so in each request."""
    wanted = request.headers.get("Wechatpay-Serial", "")
    if request.headers.get("Accept", "").partition(",")[0] not in {"application/json", "*/*"}:
        return declined("PARAM_ERROR", "Http头Accept 应为 application/json")
    if not request.headers.get("User-Agent"):
        return declined("PARAM_ERROR", "Http头缺少 User-Agent")
    if pay().mode == "public_key" and wanted != pay().keys.public_key_id:
        return declined("PARAM_ERROR", "Wechatpay-Serial 应为微信支付公钥ID")
    return None


@blueprint.after_request
def _leave(answer: Response) -> Response:
    if "entry" not in g:
        return answer  # turned away before it was ours
    fault = world().faults.take(request.path, after_acting=True)
    if fault is not None:
        g.fault = fault.kind
        if fault.kind == "pay_error":
            answer = declined(fault.code, "按需故障")
        else:
            struck = effect(fault, refusal)
            answer, g.unsigned = struck or answer, struck is not None
    world().changes += 1
    note_answer(answer)
    return answer if g.get("unsigned") else _signed(answer)


def _signed(answer: Response) -> Response:
    """The answer with WeChat Pay's signature, spoilt on demand."""
    fault = world().faults.take_one(ANSWERS, request.path)
    kind = fault.kind if fault else ""
    at = wire_time(pay()) - (6 * 3600 if kind == "answer_stale" else 0)
    with world().lock:
        key, serial = signer(pay(), request.headers.get("Wechatpay-Serial", ""))
    text = answer.get_data().decode("utf-8")
    headers = spoil_headers(signed_headers(key, serial, text, at), kind)
    answer.headers.update(headers | {"Request-ID": secrets.token_hex(16)})
    if fault is not None:
        g.entry["fault"] = kind
    return answer
