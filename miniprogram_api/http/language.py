"""The caller's language: Chinese unless told otherwise."""

from typing import Literal

from flask import has_request_context, request

Language = Literal["zh", "en"]
COOKIE = "lang"
TAGS: dict[str, str] = {"zh": "zh-CN", "en": "en"}


def language() -> Language:
    """What the caller reads: the switch of our pages (`?lang=en`, then its cookie) comes first."""
    if not has_request_context():
        return "zh"
    chosen = request.args.get("lang") or request.cookies.get(COOKIE)
    if chosen not in TAGS:
        chosen = request.accept_languages.best_match(list(TAGS), default="zh")
    return "en" if chosen == "en" else "zh"
