"""What every request and every answer has: an id, safe headers, one log line, its figures.

On the way of every call, so it is kept short.
"""

import json
import re
import sys
from time import perf_counter
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from miniprogram_api.core import ids
from miniprogram_api.core.clock import now
from miniprogram_api.core.log import log
from miniprogram_api.core.settings import Settings, settings

from . import metrics
from .problems import init_problems

PAGE_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    " object-src 'none'"
)
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: logged only when something is wrong."""

_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_log = log("request")


def init_http(app: Flask, loaded: Settings) -> None:
    """Teach an application our manners."""
    app.config["MAX_CONTENT_LENGTH"] = loaded.max_body_bytes
    app.url_map.merge_slashes = False  # `//` is another path, not a redirect by the caller's Host
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    if loaded.trusted_proxies:
        hops = loaded.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_prefix=0
        )
    app.before_request(_begin)
    app.after_request(_finish)
    init_problems(app)


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    ours = _ours()
    ours.request_id = given if _REQUEST_ID.fullmatch(given) else ids.request_id()
    ours.started = perf_counter()
    ours.pop(
        "problem_code", None
    )  # a context that outlives a request must not tell of the last one


def _finish(response: Response) -> Response:
    ours = _ours()
    seconds = perf_counter() - ours.get("started", perf_counter())
    asked = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - see _ours
    _set_headers(response, ours.get("request_id", ""))
    rule = asked.url_rule.rule if asked.url_rule else "(none)"
    problem = ours.get("problem_code")
    metrics.observe(rule, asked.method, response.status_code, seconds, problem)
    if rule not in QUIET or response.status_code >= 400:
        facts = {
            "id": ours.get("request_id"),
            "method": asked.method,
            "route": rule,
            "status": response.status_code,
            "problem": problem,
            "ms": round(seconds * 1000, 1),
            "member_id": ours.get("member_id"),
        }
        _write_line(facts)
    return response


def _ours() -> Any:
    """`g` itself: its stand-in looks it up anew for each attribute, which adds up."""
    return g._get_current_object()  # noqa: SLF001


def _write_line(facts: dict[str, Any]) -> None:
    """One line about one request: the route, never the path, which may hold what is private.

    Written without structlog, which would take most of the time that we spend on a request; the
    form is the same.
    """
    if settings().log_format == "console":
        _log.info("request", **facts)
        return
    facts |= {"event": "request", "logger": "request", "level": "info", "timestamp": _now()}
    sys.stderr.write(json.dumps(facts) + "\n")


def _now() -> str:
    return now().isoformat(timespec="microseconds").replace("+00:00", "Z")


def _set_headers(response: Response, request_id: str) -> None:
    headers = response.headers
    headers["X-Request-Id"] = request_id
    headers["X-Content-Type-Options"] = "nosniff"
    if response.mimetype == "text/html":
        headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        headers.setdefault("Referrer-Policy", "same-origin")
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
