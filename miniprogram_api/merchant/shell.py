"""The frame around the merchant's pages: navigation, who is signed in, proof against foreign forms, files.

Templates extend `merchant/base.html` and draw with the macros of `merchant/kit.html`.
"""

from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, g, request, url_for
from markupsafe import Markup

from miniprogram_api.auth.guards import public
from miniprogram_api.core.clock import in_shop_time, today
from miniprogram_api.pages.shell import Folder, asset
from miniprogram_api.staff.errors import SessionLocked
from miniprogram_api.staff.guards import COOKIE
from miniprogram_api.staff.roles import may, role_of
from miniprogram_api.staff.sessions import csrf_of

from .navigation import doors_for, is_here

FILES = Folder(Path(__file__).parent / "static")

TELLINGS = {
    "saved": ("已保存", "Saved"),
    "draft": ("草稿已保存，尚未生效", "The draft is saved; nothing has changed yet"),
    "published": ("已发布", "Published"),
    "scheduled": ("已排定，到时生效", "Scheduled: it comes into force at its moment"),
    "withdrawn": ("已撤回，不会生效", "Withdrawn: it never comes into force"),
    "discarded": ("草稿已丢弃", "The draft is gone"),
    "done": ("已完成", "Done"),
    "asked": ("已提交，等待另一位负责人审批", "Submitted: somebody else has to approve it"),
}
"""What a page says after an act that led to it: `?told=saved`."""

LARGEST_FORM_BYTES = 3 * 1024 * 1024
"""The largest form of the merchant's pages: a file of rows, a picture, long rules."""

blp = Blueprint("merchant", __name__, template_folder="templates")


def init_merchant(app: Flask) -> None:
    """Teach an application's templates what the merchant's pages need."""
    app.jinja_env.filters.update(
        number=number, yuan=yuan, percent=percent, moment=moment, day=day, signed=signed
    )


@blp.get("/admin/assets/<version>/<path:name>")
@public
def assets(version: str, name: str) -> Response:
    """Styles and modules of the merchant's pages."""
    return FILES.send(version, name)


@blp.app_context_processor
def _frame() -> dict[str, Any]:
    return {
        "navigation": _navigation,
        "page_proof": _proof,
        "tellings": TELLINGS,
        "icon": icon,
        "merchant_file": merchant_file,
        "may": lambda role: "staff" in g and may(g.staff.role, role),
        "role_name": role_of,
        "today": today,
    }


@blp.before_app_request
def _take_large_forms() -> None:
    """Forms of the merchant's pages may be larger than calls of shoppers; their guard reads none before
    it knows whose they are.
    """
    if request.path.startswith("/admin/"):
        request.max_content_length = LARGEST_FORM_BYTES


@blp.after_app_request
def _lead_to_sign_in(response: Response) -> Response:
    """A fragment asked for after the session's end: the whole page goes to the sign-in, and comes back.

    Where the session has locked itself the page is asked for anew, and the PIN asked in its place.
    """
    if "HX-Request" not in request.headers:
        return response
    if response.status_code == 401:
        response.headers["HX-Redirect"] = url_for("staff_pages.ask_to_sign_in", next=_page_asking())
    elif g.get("problem_code") == SessionLocked.code:
        response.headers["HX-Refresh"] = "true"
    return response


def _page_asking() -> str:
    """The address of ours that the browser shows while it asks for a fragment."""
    shown = request.headers.get("HX-Current-URL", "")
    return "/" + shown.split("/", 3)[3] if shown.count("/") >= 3 else "/admin"


def _navigation() -> dict[str, Any]:
    return {
        "groups": doors_for(g.staff.role),
        "is_here": lambda door: is_here(door, request.path),
        "person": g.staff,
        "role": role_of(g.staff.role),
    }


def _proof() -> str:
    """What every writing call of a page carries along."""
    return csrf_of(request.cookies.get(COOKIE, ""))


def merchant_file(name: str) -> str:
    """The address of one of our files."""
    return url_for("merchant.assets", version=FILES.version, name=name)


def icon(name: str) -> Markup:
    """One of the sprite's pictures, for the eye only."""
    sprite = asset("vendor/tabler-icons/sprite.svg")
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        sprite, name
    )


def number(value: int | None) -> str:
    """Thousands apart: 12,486; a dash for what is not known."""
    return "—" if value is None else f"{value:,}"


def signed(value: int) -> str:
    """With its sign: +30, −5."""
    return f"+{value:,}" if value > 0 else f"{value:,}".replace("-", "−")


def yuan(fen: int | None) -> str:
    """Money in fen as yuan: ¥38,204.60."""
    if fen is None:
        return "—"
    sign = "−" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def percent(rate_bp: int | None) -> str:
    """Basis points as per cent: 7140 is 71.4%."""
    if rate_bp is None:
        return "—"
    return f"{rate_bp / 100:.2f}".rstrip("0").rstrip(".") + "%"


def moment(at: Any, *, seconds: bool = False) -> str:
    """A moment in the shop's time: 2026-11-21 18:04."""
    pattern = "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"
    return "—" if at is None else in_shop_time(at).strftime(pattern)


def day(at: Any) -> str:
    """The shop's day of a moment."""
    return "—" if at is None else in_shop_time(at).strftime("%Y-%m-%d")
