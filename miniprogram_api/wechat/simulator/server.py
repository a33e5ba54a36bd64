"""Putting the simulator together, and serving it on this machine only."""

import json
import threading
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from . import (
    control,
    crowd,
    open_platform,
    pay_bills,
    pay_circle,
    pay_control,
    pay_gate,
    pay_orders,
    pay_refunds,
    phone,
    shipping,
)
from .pay_post import Post
from .world import Config, World

HOST = "127.0.0.1"
SAVE_EVERY_SECONDS = 2.0
PARTS = (
    *(open_platform, shipping, control, pay_control, crowd, phone),
    *(pay_gate, pay_orders, pay_refunds, pay_circle, pay_bills),
)
_OUR_NAMES = frozenset({"127.0.0.1", "localhost"})


def create_simulator(config: Config) -> Flask:
    """A simulator with a fresh world."""
    app = Flask(__name__, static_folder="static", static_url_path="/static")
    app.extensions["world"] = world = World(config)
    app.extensions["post"] = Post(world)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # of the default provider
    app.config["MAX_CONTENT_LENGTH"] = 4 * 1024 * 1024
    for part in PARTS:
        if part.blueprint.name not in app.blueprints:  # several parts write on one
            app.register_blueprint(part.blueprint)
    app.before_request(_only_from_here)
    app.after_request(_strict)
    return app


def _only_from_here() -> tuple[str, int] | None:
    """Refuse a foreign name that points at this machine: a web page elsewhere may hold one."""
    name = urlsplit(f"//{request.host}").hostname
    return None if name in _OUR_NAMES else ("this is WeChat's stand-in on 127.0.0.1", 403)


def _strict(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", "default-src 'self'")
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer


class _QuietHandler(WSGIRequestHandler):
    """No line a request: they hold secrets, and `/_sim/requests` shows them without."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's
        """Say nothing."""


def listen(app: Flask, port: int) -> BaseWSGIServer:
    """A server on the loopback address; port 0 takes a free one."""
    return make_server(HOST, port, app, threaded=True, request_handler=_QuietHandler)


def load(app: Flask, path: Path) -> None:
    """Go on from a saved state, if there is one."""
    if path.exists():
        world: World = app.extensions["world"]
        world.restore(json.loads(path.read_text(encoding="utf-8")))
        app.extensions["post"].resume()
        pay_refunds.resume(world, app.extensions["post"])


def save(app: Flask, path: Path) -> None:
    """Write the state, whole or not at all."""
    world: World = app.extensions["world"]
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(world.snapshot(), ensure_ascii=False), encoding="utf-8")
    draft.replace(path)


def keep_saving(app: Flask, path: Path, stopped: threading.Event) -> None:
    """Save whenever something has changed, until `stopped`, and once more then."""
    saved = -1
    while True:
        over = stopped.wait(SAVE_EVERY_SECONDS)
        changes = app.extensions["world"].changes
        if changes != saved:
            save(app, path)
            saved = changes
        if over:
            return
