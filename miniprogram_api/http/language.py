"""The caller's language: Chinese unless told otherwise."""

from functools import lru_cache
from typing import Literal

from flask import g, has_app_context, has_request_context, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

Language = Literal["zh", "en"]
COOKIE = "lang"
TAGS: dict[str, str] = {"zh": "zh-CN", "en": "en"}


def language() -> Language:
    """What the caller reads: the switch of our pages (`?lang=en`, then its cookie) comes first."""
    if not has_request_context():
        return g.get("language", "zh") if has_app_context() else "zh"
    chosen = request.args.get("lang") or request.cookies.get(COOKIE)
    if chosen not in TAGS:
        return accepted(request.headers.get("Accept-Language", ""))
    return "en" if chosen == "en" else "zh"


@lru_cache(maxsize=256)
def accepted(header: str) -> Language:
    """The language that an `Accept-Language` header asks for."""
    wanted = parse_accept_header(header, LanguageAccept)
    return "en" if wanted.best_match(list(TAGS), default="zh") == "en" else "zh"
