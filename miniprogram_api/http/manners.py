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
    ours = _ours()
    ours.request_id = request_id(request.headers.get("X-Request-Id", ""))
    ours.started = perf_counter()
    ours.pop("problem_code", None)  # the context may outlive the request that it told of


def _finish(response: Response) -> Response:
    ours = _ours()
    asked = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - see _ours
    _set_headers(response, ours.get("request_id", ""))
    rule = asked.url_rule.rule if asked.url_rule else "(none)"
    note(rule, asked.method, response.status_code, ours.get("problem_code"), ours.get("started"))
    return response


def note(route: str, method: str, status: int, problem: str | None, started: float | None) -> None:
    """Count an answer, and log it; `started` is what `perf_counter` showed when it was asked for."""
    moment = perf_counter()
    seconds = moment - (moment if started is None else started)
    metrics.observe(route, method, status, seconds, problem)
    if route not in QUIET or status >= 400:
        _write_line(method, route, status, problem, seconds)


def request_id(given: str) -> str:
    """The caller's name for a request, where it has a decent form; else one of ours."""
    return given if _REQUEST_ID.fullmatch(given) else ids.request_id()


def _ours() -> Any:
    """`g` itself: its stand-in looks it up anew for each attribute, which adds up."""
    return g._get_current_object()  # noqa: SLF001


def _write_line(method: str, rule: str, status: int, problem: str | None, seconds: float) -> None:
    """One line about one request: the route, never the path, which may hold what is private.

    Written without structlog, which would take most of the time that we spend on a request; the
    form is the same.
    """
    ours = _ours()
    facts: dict[str, Any] = {
        "id": ours.get("request_id"),
        "method": method,
        "route": rule,
        "status": status,
        "problem": problem,
        "ms": round(seconds * 1000, 1),
        "member_id": ours.get("member_id"),
    }
    if settings().log_format == "console":
        _log.info("request", **facts)
        return
    facts |= {"event": "request", "logger": "request", "level": "info", "timestamp": _now()}
    sys.stderr.write(json.dumps(facts) + "\n")


def _now() -> str:
    return now().isoformat(timespec="microseconds").replace("+00:00", "Z")


def api_headers(name: str) -> list[tuple[str, str]]:
    """The headers of every answer to a program.

    :param name: the request's id.
    """
    return [
        ("X-Request-Id", name),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
    ]


def _set_headers(response: Response, name: str) -> None:
    headers = response.headers
    headers["X-Request-Id"] = name
    headers["X-Content-Type-Options"] = "nosniff"
    if response.mimetype == "text/html":
        headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        headers.setdefault("Referrer-Policy", "same-origin")
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
