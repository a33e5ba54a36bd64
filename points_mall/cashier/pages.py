"""The till: one page for a tablet or a PC at the counter, which also works while the line is down.

The page itself says nothing about anybody, so that the browser may keep it; who is signed in and the
page's proof come from `/pos/session`, which nobody keeps.
"""

import json
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for

from miniprogram_api.auth.guards import public
from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.settings import settings
from miniprogram_api.http.language import TAGS, language
from miniprogram_api.pages.shell import Folder, asset
from miniprogram_api.pages.welcome import Link
from miniprogram_api.staff.guards import COOKIE, current_staff, for_staff
from miniprogram_api.staff.sessions import csrf_of, lock_when_idle

FILES = Folder(Path(__file__).parent / "static")
READER = ("vendor/zxing-wasm/reader.js", "vendor/zxing-wasm/zxing_reader.wasm")
# The reader of barcodes is WebAssembly. It runs in a worker whose own policy allows that; pages don't.
WORKER_POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"
_CAMERA_WORKER = "camera_worker.js"

LINK = Link(
    "/pos",
    "收银台",
    "The till",
    "扫码、输入金额、回车：会员、优惠券、积分抵现、退款与核销",
    "Scan, amount, Enter: members, coupons, points, refunds and pick-ups",
)

blp = Blueprint("till", __name__, template_folder="templates")


@blp.get("/pos")
@for_staff("cashier", while_locked=True)
def till() -> str:
    """The till's page."""
    return render_template("cashier/till.html", files=files, reader=[asset(n) for n in READER])


@blp.get("/pos/session")
@for_staff("cashier", while_locked=True)
def session() -> dict[str, Any]:
    """Who is signed in, the proof that calls of the page carry along, and when the page locks."""
    person = current_staff()
    lock_when_idle(person)
    return {
        "csrf_token": csrf_of(request.cookies.get(COOKIE, "")),
        "staff": {
            "username": person.username,
            "name": person.name,
            "role": person.role,
            "store": person.store,
        },
        "lock": {
            "is_locked": person.is_locked,
            "has_pin": person.has_pin,
            "after_seconds": settings().staff_till_idle_minutes * 60,
        },
        "shop": settings().shop_name,
        "language": TAGS[language()],
        "server_time": in_shop_time(now()).isoformat(),
    }


@blp.get("/pos/worker.js")
@public
def worker() -> Response:
    """The service worker, with the list of what it keeps for when the line is down."""
    kept = {"version": FILES.version, "files": [asset("icon.svg"), *map(files, FILES.files())]}
    script = (FILES.path / "offline_worker.js").read_text(encoding="utf-8")
    response = make_response(f"self.KEPT = {json.dumps(kept)};\n{script}")
    response.mimetype = "text/javascript"
    response.headers["Service-Worker-Allowed"] = "/pos"
    response.headers["Cache-Control"] = "no-cache"
    return response


@blp.get("/pos/assets/<version>/<path:name>")
@public
def assets(version: str, name: str) -> Response:
    """The till's modules, styles and words."""
    response = FILES.send(version, name)
    if name == _CAMERA_WORKER:
        response.headers["Content-Security-Policy"] = WORKER_POLICY
    return response


def files(name: str) -> str:
    """The address of one of the till's files."""
    return url_for("till.assets", version=FILES.version, name=name)
