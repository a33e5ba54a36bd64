"""Everything that goes wrong, told as RFC 9457 problem details; here and nowhere else.

Programs read `code`, which is stable; people read `title`, a toast in their language. API paths get
`application/problem+json`, browsers elsewhere a small page.
"""

import errno
import http
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, cast

import redis
import sqlalchemy as sa
from flask import Flask, Response, current_app, g, json, request
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge

from miniprogram_api.core import errors
from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.errors import DomainError, Unavailable
from miniprogram_api.core.log import log

from .language import TAGS, language
from .standard_problems import BY_STATUS, HttpProblem

MEDIA_TYPE = "application/problem+json"
API_PREFIXES = ("/api/", "/wechat/")

STATUSES: Mapping[type[DomainError], int] = {
    errors.BadRequest: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.Unprocessable: 422,
    errors.SlowDown: 429,
    errors.Unavailable: 503,
    DomainError: 422,
}

Problem = dict[str, Any]
PageRenderer = Callable[[Problem], str]

_log = log(__name__)


def init_problems(app: Flask) -> None:
    """Let every error of the application end here."""
    app.register_error_handler(DomainError, _tell_domain_error)
    app.register_error_handler(HTTPException, _tell_http_exception)
    app.register_error_handler(InternalServerError, _tell_unexpected)
    app.log_exception = _leave_to_us  # type: ignore[method-assign,assignment]
    away: tuple[type[Exception], ...] = (
        sa.exc.DBAPIError,
        sa.exc.TimeoutError,
        redis.ConnectionError,
        redis.TimeoutError,
        OSError,
    )
    for kind in away:
        app.register_error_handler(kind, _tell_away)


def render_pages_with(app: Flask, renderer: PageRenderer) -> None:
    """Show problems to browsers with `renderer`, which makes HTML of one."""
    app.extensions["problem_page"] = renderer


def status_of(kind: type[DomainError]) -> int:
    """The HTTP status of a kind of error: that of its nearest known ancestor."""
    return next(STATUSES[ancestor] for ancestor in kind.__mro__ if ancestor in STATUSES)


def problem_of(error: DomainError) -> Problem:
    """An error of the shop as a problem, in the caller's language."""
    status = status_of(type(error))
    title = error.title_en if language() == "en" else error.title_zh
    detail = "" if status >= 500 else str(error)  # what is broken inside is for our log
    return _problem(status, error.code, title, detail, error.numbers)


def told(error: DomainError) -> tuple[Problem, dict[str, str]]:
    """An error of the shop as a problem, and the headers that go with it; what is ours is logged."""
    problem, headers = problem_of(error), {}
    retry_after = getattr(error, "retry_after_seconds", None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if problem["status"] == 401:
        headers["WWW-Authenticate"] = f'Bearer error="{error.code}"'
    if problem["status"] >= 500:
        _log.warning("unavailable", problem=error.code, id=g.get("request_id"), why=str(error))
    return problem, headers


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Tell a problem in the form that the caller reads."""
    status = problem["status"]
    g.problem_code = problem["code"]
    if _wants_page():
        renderer = cast(PageRenderer, current_app.extensions["problem_page"])
        response = Response(renderer(problem), status, mimetype="text/html")
    else:
        response = Response(json.dumps(problem), status, content_type=MEDIA_TYPE)
    response.headers["Content-Language"] = TAGS[language()]
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def is_api_path(path: str) -> bool:
    """Whether programs call this path."""
    return path.startswith(API_PREFIXES)


def _problem(
    status: int, code: str, title: str, detail: str, numbers: Mapping[str, object]
) -> Problem:
    problem: Problem = {
        "type": f"/docs/problems#{code}",
        "title": title,
        "status": status,
        "code": code,
    }
    if detail:
        problem["detail"] = detail
    problem["request_id"] = g.get("request_id", "")
    for name, number in numbers.items():
        problem.setdefault(name, plain(number))
    return problem


def plain(value: object) -> object:
    """A fact as JSON shows it: moments in shop time, days as dates, the rest as it is."""
    if isinstance(value, datetime):
        return in_shop_time(value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _tell_domain_error(error: DomainError) -> Response:
    return answer(*told(error))


def _tell_http_exception(error: HTTPException) -> Response | HTTPException:
    status = error.code
    if status is None or status < 400:
        return error  # a redirect is no problem
    known = BY_STATUS.get(status) or _unknown(status)
    title = known.title_en if language() == "en" else known.title_zh
    response = answer(_problem(status, known.code, title, "", {}))
    # werkzeug knows which headers the status needs: Allow, Retry-After, WWW-Authenticate
    response.headers.extend(
        (name, value) for name, value in error.get_headers() if name != "Content-Type"
    )
    if isinstance(error, RequestEntityTooLarge):
        response.headers["Connection"] = "close"  # the rest of the body is not worth reading
    return response


def _unknown(status: int) -> HttpProblem:
    phrase = http.HTTPStatus(status)
    return HttpProblem(status, phrase.name.lower(), phrase.phrase, phrase.phrase, "")


def _tell_away(error: Exception) -> Response:
    """What we need cannot be reached, or cannot write: nothing moved, waiting helps."""
    if not _is_away(error):
        raise error
    return _tell_domain_error(Unavailable(f"{type(error).__name__}: {_reason(error)}"))


def _is_away(error: Exception) -> bool:
    if isinstance(error, (sa.exc.OperationalError, sa.exc.InterfaceError)):
        return True
    if isinstance(error, sa.exc.DBAPIError):
        return bool(error.connection_invalidated)
    if isinstance(error, (redis.RedisError, sa.exc.TimeoutError)):
        return True
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


def _reason(error: Exception) -> str:
    """The driver's words alone: the statement and its parameters stay out of the log."""
    return str(getattr(error, "orig", error)).partition("\n")[0]


def _tell_unexpected(error: InternalServerError) -> Response:
    """The last resort: a mistake of ours. The stack goes to the log, never to the caller."""
    known = BY_STATUS[500]
    title = known.title_en if language() == "en" else known.title_zh
    cause = error.original_exception
    if cause is not None:
        kind = type(cause).__name__
        _log.error("unexpected", kind=kind, id=g.get("request_id"), exc_info=cause)
    return answer(_problem(500, known.code, title, "", {}))


def _leave_to_us(_exc_info: object) -> None:
    """Flask would log the address, which may hold personal data; `_tell_unexpected` does not."""


def _wants_page() -> bool:
    if "problem_page" not in current_app.extensions or is_api_path(request.path):
        return False
    return "text/html" in request.headers.get("Accept", "")
