"""The frame around every page: template, language, assets with a fingerprint in their address."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, render_template, request, url_for

from miniprogram_api.core.settings import settings
from miniprogram_api.http.language import COOKIE, TAGS, language
from miniprogram_api.http.problems import Problem, render_pages_with

STATIC = Path(__file__).parent / "static"
YEAR_SECONDS = 365 * 24 * 3600

blp = Blueprint(
    "pages",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)


def init_pages(app: Flask) -> None:
    """Give an application our pages."""
    app.register_blueprint(blp)
    app.context_processor(_frame)
    render_pages_with(app, _problem_page)


def asset(name: str) -> str:
    """The address of a file under static/; it changes with the content, so it is kept for a year."""
    return url_for("pages.static", filename=name, v=_fingerprint(name))


def say(zh: str, en: str) -> str:
    """The one of two sentences that the reader understands."""
    return en if language() == "en" else zh


def _frame() -> dict[str, Any]:
    return {
        "asset": asset,
        "say": say,
        "lang_tag": TAGS[language()],
        "shop_name": settings().shop_name,
        "other_language": "zh" if language() == "en" else "en",
    }


def _problem_page(problem: Problem) -> str:
    return render_template("pages/problem.html", problem=problem)


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


@blp.after_request
def _keep(response: Response) -> Response:
    """Let browsers keep files whose address changes with their content."""
    if request.endpoint == "pages.static" and response.status_code == 200 and "v" in request.args:
        response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return response


@blp.after_app_request
def _remember(response: Response) -> Response:
    """Remember the language that a page was switched to."""
    if response.mimetype == "text/html" and (chosen := request.args.get("lang")) in TAGS:
        response.set_cookie(
            COOKIE, chosen or "", max_age=YEAR_SECONDS, httponly=True, samesite="Lax"
        )
    return response
