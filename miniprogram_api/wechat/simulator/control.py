"""The strings behind the scene, `/_sim`: people, codes, subscriptions, faults, clock, records."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from . import rules, tokens
from .delivery import push
from .world import CROWD_PREFIX, Template, world

blueprint = Blueprint("control", __name__, url_prefix="/_sim")

PHONE_DIGITS = 11


class BadControl(Exception):
    """The control call itself is wrong; the text says how."""


@blueprint.errorhandler(BadControl)
def _tell(error: BadControl) -> tuple[Response, int]:
    return jsonify(error=str(error)), 400


@blueprint.after_request
def _count(answer: Response) -> Response:
    if request.method != "GET":
        world().changes += 1
    return answer


def json_body() -> dict[str, Any]:
    """What the control call wants."""
    # The content type must be JSON: a foreign web page cannot send that without being asked first.
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadControl("send a JSON object as application/json")
    return body


def text_of(body: dict[str, Any], name: str, longest: int = 64) -> str:
    """A text of it, by name."""
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise BadControl(f"{name} must be a text of 1 to {longest} characters")
    return value


def number_of(body: dict[str, Any], name: str) -> float:
    """A number of it, by name."""
    value = body.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadControl(f"{name} must be a number")
    return value


# People and their codes


@blueprint.get("/users")
def users() -> Response:
    """Everybody there is, but for a crowd that was invented."""
    with world().lock:
        people = [
            asdict(shopper) | {"unionid": shopper.unionid}
            for shopper in world().shoppers.values()
            if not shopper.openid.startswith(CROWD_PREFIX)
        ]
    return jsonify(items=people)


@blueprint.post("/users")
def put_user() -> tuple[Response, int]:
    """Make or change a user: `{"openid", "bound"?, "blocked"?, "risk_rank"?, "phone"?}`."""
    body = json_body()
    openid = text_of(body, "openid")
    for switch in ("bound", "blocked"):
        if not isinstance(body.get(switch, False), bool):
            raise BadControl(f"{switch} must be true or false")
    if body.get("risk_rank", 0) not in range(5):
        raise BadControl("risk_rank must be 0 to 4")
    with world().lock:
        shopper = world().shopper(openid)
        for name in ("bound", "blocked", "risk_rank", "phone"):
            if name in body:
                setattr(shopper, name, body[name])
        return jsonify(asdict(shopper) | {"unionid": shopper.unionid}), 201


@blueprint.post("/codes")
def login_code() -> tuple[Response, int]:
    """`wx.login`: `{"openid", "appid"?}` gives `{"code"}`."""
    body = json_body()
    openid, appid = text_of(body, "openid"), body.get("appid")
    with world().lock:
        return jsonify(code=world().login_code(openid, appid)), 201


@blueprint.post("/phone-codes")
def phone_code() -> tuple[Response, int]:
    """The shopper agrees to give a number: `{"openid", "phone", "appid"?}` gives `{"code"}`."""
    body = json_body()
    openid, phone = text_of(body, "openid"), text_of(body, "phone", 20)
    if not phone.isascii() or not phone.isdigit() or len(phone) < 5:
        raise BadControl("phone must be digits")
    with world().lock:
        return jsonify(code=world().phone_code(openid, phone, body.get("appid"))), 201


@blueprint.post("/visits")
def visit() -> tuple[Response, int]:
    """The shopper opens the mini-program without logging in: `{"openid"}`."""
    openid = text_of(json_body(), "openid")
    with world().lock:
        world().shopper(openid).visited_at = world().now()
    return jsonify(openid=openid), 201


# Messages


@blueprint.get("/templates")
def templates() -> Response:
    """The message templates of the mini-program."""
    with world().lock:
        return jsonify(items=[asdict(template) for template in world().templates.values()])


@blueprint.post("/templates")
def put_template() -> tuple[Response, int]:
    """Declare one: `{"template_id", "title", "fields": {"thing1": "label"}}`.

    As soon as one is declared, others are refused with 40037.
    """
    body = json_body()
    template_id, fields = text_of(body, "template_id"), body.get("fields", {})
    if not rules.TEMPLATE_ID.fullmatch(template_id) or not isinstance(fields, dict):
        raise BadControl("template_id: letters, digits, _ and -; fields: an object")
    template = Template(template_id, text_of(body, "title"), {k: str(v) for k, v in fields.items()})
    with world().lock:
        world().templates[template_id] = template
    return jsonify(asdict(template)), 201


@blueprint.post("/subscriptions")
def subscribe() -> tuple[Response, int]:
    """The shopper answers a prompt: `{"openid", "template_id", "accept"}`; the mall is told.

    With `"in_settings": true` the answer is changed in the settings instead.
    """
    body = json_body()
    openid, template_id = text_of(body, "openid"), text_of(body, "template_id")
    if not isinstance(body.get("accept"), bool):
        raise BadControl("accept must be true or false")
    with world().lock:
        world().shopper(openid)
        if body["accept"]:
            world().accept(openid, template_id)
        elif body.get("in_settings"):
            world().quota[openid, template_id] = 0
        left = world().quota[openid, template_id]
    answer = {
        "TemplateId": template_id,
        "SubscribeStatusString": "accept" if body["accept"] else "reject",
    }
    if body.get("in_settings"):
        record = push(world(), openid, "subscribe_msg_change_event", List=[answer])
    else:
        entry = answer | {"PopupScene": "0"}
        record = push(world(), openid, "subscribe_msg_popup_event", List=[entry])
    return jsonify(left=left, push={k: record[k] for k in ("delivered", "tries", "answers")}), 201


@blueprint.get("/messages")
def messages() -> Response:
    """What a user sees under 服务通知, newest first: `?openid=`."""
    openid = request.args.get("openid")
    with world().lock:
        found = [
            message for message in world().messages if openid is None or message["openid"] == openid
        ]
    return jsonify(items=found[::-1])


# Faults, clock, records


@blueprint.route("/faults", methods=["GET", "POST", "DELETE"])
def faults() -> tuple[Response, int]:
    """Switch a fault on, see what is on, switch all off.

    `{"kind", "path"?, "times"?, "seconds"?, "status"?, "errcode"?, "what"?, "after_acting"?}`;
    `{"kind": "revoke_token"}` acts at once.
    """
    board = world().faults
    if request.method == "DELETE":
        board.clear()
    if request.method != "POST":
        return jsonify(items=board.listed()), 200
    body = json_body()
    if body.get("kind") == "revoke_token":
        with world().lock:
            tokens.revoke_all(world())
        return jsonify(items=board.listed()), 201
    try:
        board.switch_on(body)
    except ValueError as error:
        raise BadControl(str(error)) from None
    return jsonify(items=board.listed()), 201


@blueprint.post("/limits")
def limits() -> tuple[Response, int]:
    """Set how many calls a minute a path takes: `{"path", "per_minute"}`."""
    body = json_body()
    path, per_minute = text_of(body, "path"), int(number_of(body, "per_minute"))
    with world().lock:
        world().limits[path] = per_minute
    return jsonify(limits=world().limits), 201


@blueprint.route("/clock", methods=["GET", "POST"])
def clock() -> Response:
    """WeChat's clock; `{"advance_seconds"}` or `{"at": unix seconds}` moves it."""
    if request.method == "POST":
        body = json_body()
        with world().lock:
            if "at" in body:
                world().clock_offset += number_of(body, "at") - world().now()
            else:
                world().clock_offset += number_of(body, "advance_seconds")
    moment = datetime.fromtimestamp(world().now(), UTC)
    return jsonify(now=moment.isoformat(timespec="seconds"), offset=round(world().clock_offset))


@blueprint.get("/requests")
def requests_seen() -> Response:
    """What the mall asked of WeChat, newest first: `?path=` narrows it."""
    path = request.args.get("path")
    with world().lock:
        found = [entry for entry in world().requests if path is None or entry["path"] == path]
        return jsonify(items=found[::-1])


@blueprint.get("/pushes")
def pushes() -> Response:
    """What WeChat told the mall, newest first."""
    with world().lock:
        return jsonify(items=list(world().pushes)[::-1])


@blueprint.post("/reset")
def reset() -> tuple[str, int]:
    """Forget everything."""
    with world().lock:
        world().clear()
    return "", 204
