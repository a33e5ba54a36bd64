"""The frame around every page: template, language, assets with a fingerprint in their address.

A feature with modules of its own serves them from a `Folder`; one that knows better what to show in
place of a problem says so with `show_instead_of`.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    render_template,
    request,
    send_from_directory,
    url_for,
)

from miniprogram_api.core.settings import settings
from miniprogram_api.http.language import COOKIE, TAGS, language
from miniprogram_api.http.problems import PageRenderer, Problem, render_pages_with

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
    app.extensions["pages_instead"] = {}
    render_pages_with(app, _problem_page)


def show_instead_of(app: Flask, renderer: PageRenderer, *codes: str) -> None:
    """Show what `renderer` makes, with the status that it has, in place of these problems' pages."""
    app.extensions["pages_instead"].update(dict.fromkeys(codes, renderer))


@dataclass(frozen=True)
class Folder:
    """A feature's files under one address that changes with any of them.

    So the modules in it import each other by relative names, and all are kept for a year.
    """

    path: Path

    @property
    def version(self) -> str:
        """A fingerprint of everything in the folder."""
        return _fingerprint_of_all(self.path)

    def files(self) -> list[str]:
        """Every file's name within the folder."""
        return _names(self.path)

    def send(self, version: str, name: str) -> Response:
        """A file; only under the address of today is it kept, so that none is kept wrongly."""
        response = send_from_directory(self.path, name)
        if version == self.version:
            response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
        return response


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
    instead: PageRenderer | None = current_app.extensions["pages_instead"].get(problem["code"])
    if instead is not None:
        return instead(problem)
    return render_template("pages/problem.html", problem=problem)


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


@cache
def _names(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


@cache
def _fingerprint_of_all(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in _names(folder):
        digest.update(f"{name}\0".encode() + (folder / name).read_bytes())
    return digest.hexdigest()[:12]


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
