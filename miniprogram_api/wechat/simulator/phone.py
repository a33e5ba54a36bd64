"""The shopper's phone: one page, and the `wx.request` that it sends through us to the mall."""

import io
import json
import time
from typing import Any
from urllib.parse import urlsplit

import requests
import segno
from flask import Blueprint, Response, current_app, jsonify, request

from . import code128
from .world import world

blueprint = Blueprint("phone", __name__)

METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})  # wx.request knows no PATCH
FORWARDED = frozenset({"idempotency-key", "accept-language", "content-type"})
ANSWER_SECONDS = 30.0
MAX_ANSWER_CHARACTERS = 2_000_000
MAX_PICTURE_BYTES = 2 * 1024 * 1024
MAX_BARCODE_DIGITS = 48
MAX_QR_CHARACTERS = 128
PICTURES = frozenset({"image/svg+xml", "image/png", "image/jpeg", "image/webp", "image/gif"})


@blueprint.get("/")
def page() -> Response:
    """The page that plays the phone."""
    return current_app.send_static_file("phone.html")


@blueprint.get("/_sim/phone/about")
def about() -> Response:
    """What the page shows about this installation."""
    config = world().config
    return jsonify(mall=config.mall, appid=config.appid)


@blueprint.post("/_sim/phone/request")
def wx_request() -> tuple[Response, int]:
    """`wx.request`: `{"method", "path", "token"?, "body"?, "headers"?}` to the mall only."""
    wanted = request.get_json(silent=True)
    if not isinstance(wanted, dict) or wanted.get("method") not in METHODS:
        return jsonify(error="method must be GET, POST, PUT or DELETE"), 400
    url = _mall_url(wanted.get("path"))
    if url is None:
        return jsonify(error="path must be a path of the mall"), 400
    began = time.monotonic()
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                wanted["method"],
                url,
                headers=_headers(wanted),
                data=json.dumps(wanted["body"]).encode()
                if wanted.get("body") is not None
                else None,
                timeout=ANSWER_SECONDS,
                allow_redirects=False,
            )
    except requests.RequestException as error:
        return jsonify(error=f"{type(error).__name__}: {world().config.mall}"), 502
    return jsonify(_told(answer) | {"milliseconds": round((time.monotonic() - began) * 1000)}), 200


@blueprint.get("/_sim/phone/picture")
def picture() -> tuple[Response, int]:
    """A picture of the mall's, `?path=`: the page itself loads nothing from elsewhere."""
    url = _mall_url(request.args.get("path"))
    if url is None:
        return jsonify(error="path must be a path of the mall"), 400
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(url, timeout=ANSWER_SECONDS, allow_redirects=False, stream=True)
            data = answer.raw.read(MAX_PICTURE_BYTES + 1, decode_content=True)
    except (requests.RequestException, OSError) as error:
        return jsonify(error=type(error).__name__), 502
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    if answer.status_code != 200 or kind not in PICTURES or len(data) > MAX_PICTURE_BYTES:
        return jsonify(error="not a picture"), 404
    shown = Response(data, mimetype=kind)
    shown.headers["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    )
    shown.headers["Cache-Control"] = "private, max-age=300"
    return shown, 200


@blueprint.get("/_sim/phone/qr")
def qr() -> tuple[Response, int]:
    """A text as a QR picture, `?text=`: what the counter scans from the phone."""
    text = request.args.get("text", "")
    if not 0 < len(text) <= MAX_QR_CHARACTERS or not text.isprintable():
        return jsonify(error=f"text must have 1 to {MAX_QR_CHARACTERS} characters"), 400
    drawn = io.BytesIO()
    segno.make(text, micro=False, error="m").save(drawn, kind="svg", border=2, scale=8)
    return Response(drawn.getvalue(), mimetype="image/svg+xml"), 200


@blueprint.get("/_sim/phone/barcode")
def barcode() -> tuple[Response, int]:
    """Digits as Code 128, `?text=`: what a scanner gun reads from the phone."""
    try:
        drawn = code128.svg(request.args.get("text", "")[:MAX_BARCODE_DIGITS])
    except ValueError as error:
        return jsonify(error=str(error)), 400
    return Response(drawn, mimetype="image/svg+xml"), 200


def _mall_url(path: object) -> str | None:
    """The address of `path` at the mall, if it stays there."""
    if not isinstance(path, str) or not path.startswith("/") or not path.isprintable():
        return None
    mall = world().config.mall.rstrip("/")
    return mall + path if urlsplit(mall + path).netloc == urlsplit(mall).netloc else None


def _headers(wanted: dict[str, Any]) -> dict[str, str]:
    given = wanted.get("headers") or {}
    headers = {name: str(value) for name, value in given.items() if name.lower() in FORWARDED}
    if wanted.get("body") is not None:
        headers.setdefault("Content-Type", "application/json")
    if wanted.get("token"):
        headers["Authorization"] = f"Bearer {wanted['token']}"
    return headers


def _told(answer: requests.Response) -> dict[str, Any]:
    text = answer.content.decode("utf-8", "replace")[:MAX_ANSWER_CHARACTERS]
    try:
        body = json.loads(text) if text else None
    except ValueError:
        body = text
    return {"status": answer.status_code, "headers": dict(answer.headers), "body": body}
