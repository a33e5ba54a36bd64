"""The open platform, api.weixin.qq.com: what the mall's server asks.

HTTP 200 with an `errcode` for every refusal, and a `rid` in its text, as WeChat does it.
"""

import io
import secrets
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import requests
import segno
from flask import Blueprint, Response, g, jsonify, request

from . import rules, tokens
from .delivery import push, push_later
from .faults import effect
from .gate import Refused, check_owner, check_pace, good_grant, known, refusal, visitor, with_token
from .requestlog import note_answer, note_arrival
from .world import World, world

blueprint = Blueprint("open_platform", __name__)

MAX_MEDIA_BYTES = 10 * 1024 * 1024
MEDIA_CHECK_SECONDS = 0.5


@blueprint.errorhandler(Refused)
def _tell(refused: Refused) -> Response:
    return refusal(refused.errcode, str(refused))


@blueprint.before_request
def _arrive() -> Response | None:
    note_arrival()
    fault = world().faults.take(request.path, after_acting=False)
    if fault is None:
        return None
    g.fault = fault.kind
    return effect(fault, refusal)


@blueprint.after_request
def _leave(answer: Response) -> Response:
    if "entry" not in g:
        return answer  # turned away before it was ours
    fault = world().faults.take(request.path, after_acting=True)
    if fault is not None:
        g.fault = fault.kind
        answer = effect(fault, refusal) or answer
    world().changes += 1
    note_answer(answer)
    return answer


# Tokens


@blueprint.post("/cgi-bin/stable_token")
def stable_token() -> Response:
    """The token that everybody shares."""
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict) or body.get("grant_type") != "client_credential":
        raise Refused(40002, "invalid grant_type")
    check_owner(body)
    check_pace(request.path, 45009)
    try:
        with world().lock:
            token, seconds = tokens.stable_token(world(), force=body.get("force_refresh") is True)
    except tokens.ForcedTooOften:
        raise Refused(45009, "reach max api daily quota limit") from None
    return jsonify(access_token=token, expires_in=seconds)


@blueprint.get("/cgi-bin/token")
def classic_token() -> Response:
    """The older token, of which each makes the one before it invalid."""
    if request.args.get("grant_type") != "client_credential":
        raise Refused(40002, "invalid grant_type")
    check_owner(request.args)
    with world().lock:
        token, seconds = tokens.classic_token(world())
    return jsonify(access_token=token, expires_in=seconds)


# Who it is


@blueprint.get("/sns/jscode2session")
def code_to_session() -> Response:
    """Who logged in."""
    check_owner(request.args)
    code = request.args.get("js_code", "")
    if not code:
        raise Refused(41008, "missing code")
    with world().lock:
        grant = good_grant(code, used=40163)
        if grant.phone is not None:
            raise Refused(40029, "invalid code")
        shopper = world().shopper(grant.openid)
        if shopper.blocked:
            raise Refused(40226, "code blocked")
        check_pace(request.path, 45011, grant.openid)
        grant.used = True
        answer = {"openid": shopper.openid, "session_key": secrets.token_urlsafe(16) + "=="}
        if shopper.unionid:
            answer["unionid"] = shopper.unionid
    return jsonify(answer)


@blueprint.post("/wxa/business/getuserphonenumber")
@with_token
def phone_number(body: Mapping[str, Any]) -> Response:
    """The number that the shopper agreed to give."""
    grant = good_grant(str(body.get("code", "")), used=40029)
    if grant.phone is None:
        raise Refused(40029, "invalid code")
    grant.used = True
    number = world().faults.takes("country_code_number")
    return jsonify(
        errcode=0,
        errmsg="ok",
        phone_info={
            "phoneNumber": grant.phone,
            "purePhoneNumber": grant.phone,
            "countryCode": 86 if number else "86",
            "watermark": {"timestamp": int(world().now()), "appid": grant.appid},
        },
    )


@blueprint.post("/wxa/getuserriskrank")
@with_token
def risk_rank(body: Mapping[str, Any]) -> Response:
    """How risky WeChat thinks a shopper is, if it has seen them lately."""
    if body.get("appid") != world().config.appid:
        raise Refused(40013, "invalid appid")
    if not body.get("client_ip"):
        raise Refused(47001, "data format error")
    openid = visitor(body.get("openid"))
    rank = world().shopper(openid).risk_rank
    return jsonify(errcode=0, errmsg="getuserriskrank succ", risk_rank=rank, unoin_id=1)


# Messages


@blueprint.post("/cgi-bin/message/subscribe/send")
@with_token
def send_message(body: Mapping[str, Any]) -> Response:
    """Put one accepted message into the shopper's list."""
    openid, template_id = known(body.get("touser")), str(body.get("template_id", ""))
    template = world().templates.get(template_id)
    if not rules.TEMPLATE_ID.fullmatch(template_id) or (world().templates and template is None):
        raise Refused(40037, "invalid template_id")
    if body.get("page") and not rules.is_page(str(body["page"]).partition("?")[0]):
        raise Refused(41030, "invalid page")
    broken = rules.broken_field(body.get("data"), template)
    if broken is not None:
        raise Refused(47003, f"argument invalid! data.{broken}.value invalid")
    if world().quota[openid, template_id] < 1:
        raise Refused(43101, "user refuse to accept the msg")
    world().quota[openid, template_id] -= 1
    msgid = secrets.randbelow(10**15)
    labels = template.fields if template else {}
    world().messages.append(
        {
            "msgid": str(msgid),
            "openid": openid,
            "template_id": template_id,
            "title": template.title if template else template_id,
            "fields": {
                name: {"label": labels.get(name, name), "value": str(entry["value"])}
                for name, entry in body["data"].items()
            },
            "page": body.get("page"),
            "sent_at": int(world().now()),
        }
    )
    entry = {"TemplateId": template_id, "MsgID": str(msgid), "ErrorCode": "0"}
    push_later(
        world(),
        0.05,
        openid,
        "subscribe_msg_sent_event",
        List=[entry | {"ErrorStatus": "success"}],
    )
    return jsonify(errcode=0, errmsg="ok", msgid=msgid)


# Codes and links


@blueprint.post("/wxa/getwxacodeunlimit")
@with_token
def mini_program_code(body: Mapping[str, Any]) -> Response:
    """A picture that opens a page: here a plain QR code with the page and the scene."""
    if not rules.is_scene(body.get("scene")):
        raise Refused(40169, "invalid length for scene, or the data is not json string")
    page = body.get("page", "")
    if page and not rules.is_page(page):
        raise Refused(41030, "invalid page")
    width = body.get("width", 430)
    if not isinstance(width, int) or not 280 <= width <= 1280:
        raise Refused(40097, "invalid args")
    picture, code = (
        io.BytesIO(),
        segno.make(f"{page or 'index'}?scene={body['scene']}", micro=False),
    )
    code.save(picture, kind="png", scale=max(1, width // code.symbol_size()[0]))
    return Response(picture.getvalue(), mimetype="image/png")


@blueprint.post("/wxa/generate_urllink")
@with_token
def url_link(body: Mapping[str, Any]) -> Response:
    """A link that opens a page from outside."""
    if len(str(body.get("query", ""))) > 1024:
        raise Refused(40212, "invalid query")
    days = body.get("expire_interval", 30)
    if body.get("expire_type") == 1 and not (isinstance(days, int) and 1 <= days <= 30):
        raise Refused(85401, "invalid expire time")
    link = f"https://wxaurl.cn/{secrets.token_urlsafe(8)}"
    return jsonify(errcode=0, errmsg="ok", url_link=link)


# Content


@blueprint.post("/wxa/msg_sec_check")
@with_token
def check_text(body: Mapping[str, Any]) -> Response:
    """What a model would say of a text; here words decide."""
    content = body.get("content")
    if body.get("version") != 2 or not isinstance(content, str) or not content:
        raise Refused(47001, "data format error")
    if len(content) > 2500:
        raise Refused(45002, "content size out of limit")
    if body.get("scene") not in {1, 2, 3, 4}:
        raise Refused(40129, "invalid scene")
    visitor(body.get("openid"))
    suggest, label = rules.text_result(content)
    judged = {"suggest": suggest, "label": label}
    return jsonify(
        errcode=0,
        errmsg="ok",
        trace_id=secrets.token_hex(16),
        result=judged,
        detail=[{"strategy": "content_model", "errcode": 0, "prob": 90, **judged}],
    )


@blueprint.post("/wxa/media_check_async")
@with_token
def check_media(body: Mapping[str, Any]) -> Response:
    """Fetch a picture or sound, and push the verdict a little later."""
    if body.get("version") != 2 or body.get("media_type") not in {1, 2}:
        raise Refused(47001, "data format error")
    openid, trace_id = visitor(body.get("openid")), secrets.token_hex(16)
    url = str(body.get("media_url", ""))
    judge = threading.Timer(MEDIA_CHECK_SECONDS, _judge_media, (world(), openid, trace_id, url))
    judge.daemon = True
    judge.start()
    return jsonify(errcode=0, errmsg="ok", trace_id=trace_id)


def _judge_media(seen_by: World, openid: str, trace_id: str, url: str) -> None:
    """Fetch the file as WeChat would, and push what words in its name say."""
    suggest, label = rules.text_result(unquote(url))
    verdict: dict[str, Any] = {"errcode": 0, "result": {"suggest": suggest, "label": label}}
    if not _can_be_fetched(url):
        verdict = {"errcode": -1008, "errmsg": "download fail"}
    facts = {"appid": seen_by.config.appid, "trace_id": trace_id, "version": 2}
    push(seen_by, openid, "wxa_media_check", **facts, **verdict)


def _can_be_fetched(url: str) -> bool:
    """Whether the whole file can be had, and is small enough."""
    size = 0
    try:
        with requests.get(url, stream=True, timeout=5) as answer:
            for piece in answer.iter_content(65536):
                size += len(piece)
                if size > MAX_MEDIA_BYTES:
                    return False
            return answer.ok
    except requests.RequestException:
        return False
