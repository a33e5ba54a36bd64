"""The door of the claims routes: whoever finds a pool sold out hears so before Flask is woken.

In front of what is sold out stands the largest crowd there is, and the ordinary way costs several times
what the answer does. Only the plain case is answered here, from what this process knows: a well-formed
claim, with a good token, of a pool that is known to be empty. Everything else, and everything doubtful,
takes the ordinary way, which says what is true; tests hold the two answers against each other.
"""

import io
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from flask import Flask, g
from sqlalchemy.exc import SQLAlchemyError

from miniprogram_api.auth import revocation, tokens
from miniprogram_api.core.errors import DomainError
from miniprogram_api.http import manners, metrics
from miniprogram_api.http.idempotency import KEY_PATTERN
from miniprogram_api.http.language import TAGS, Language, accepted
from miniprogram_api.http.problems import MEDIA_TYPE, problem_of

from . import sold_out
from .errors import SoldOut

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LONGEST_BODY = 64
_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")
_KEY = re.compile(KEY_PATTERN.strip("^$"))
_MAY_MATTER = ("HTTP_COOKIE", "QUERY_STRING", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT")


@dataclass(frozen=True)
class Entrance:
    """A claims route.

    :param rule: its name in figures and in the log.
    :param path: its path; the numbers in it, and then those in `body`, are handed to `pool_of`.
    :param pool_of: the pool that a plain claim is about; None: such a claim is not plain.
    """

    rule: str
    path: re.Pattern[str]
    body: re.Pattern[bytes]
    pool_of: Callable[..., int | None]


def keep(app: Flask, entrance: Entrance) -> None:
    """Stand in front of an application, at one of its entrances."""
    app.wsgi_app = Door(app, app.wsgi_app, entrance)  # type: ignore[method-assign]


class Door:
    """Answers the plain sold-out claim; opens for everything else."""

    def __init__(self, app: Flask, inside: "WSGIApplication", entrance: Entrance) -> None:
        self._app = app
        self._inside = inside
        self._entrance = entrance

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """A WSGI application."""
        path = self._entrance.path.fullmatch(environ["PATH_INFO"])
        if path is not None and _is_plain(environ):
            started = perf_counter()
            with self._app.app_context():
                if _is_gone(environ, self._entrance, path.groups()):
                    return _refuse(environ, start_response, self._entrance.rule, started)
        return self._inside(environ, start_response)


def _is_plain(environ: "WSGIEnvironment") -> bool:
    """Whether nothing about the request asks for more than the usual answer."""
    is_empty = environ.get("CONTENT_LENGTH", "") in {"", "0"}
    return (
        environ["REQUEST_METHOD"] == "POST"
        and (is_empty or environ.get("CONTENT_TYPE", "").startswith("application/json"))
        and _KEY.fullmatch(environ.get("HTTP_IDEMPOTENCY_KEY", "")) is not None
        and environ.get("HTTP_AUTHORIZATION", "").startswith("Bearer ")
        and not any(environ.get(name) for name in _MAY_MATTER)
    )


def _is_gone(environ: "WSGIEnvironment", entrance: Entrance, named: tuple[str, ...]) -> bool:
    """Whether the claim is of a pool that this process knows to be empty for this member."""
    if not sold_out.anything_is_known():
        return False
    body = entrance.body.fullmatch(_body(environ))
    if body is None:
        return False
    try:
        token = tokens.verify(environ["HTTP_AUTHORIZATION"].removeprefix("Bearer "))
        pool_id = entrance.pool_of(*map(int, (*named, *body.groups())))
        is_ended = revocation.is_revoked(token.session_id)
    except (DomainError, SQLAlchemyError):  # told by the ordinary way, as a problem
        return False
    g.member_id = token.member_id
    return not is_ended and pool_id is not None and sold_out.is_known(pool_id, token.member_id)


def _body(environ: "WSGIEnvironment") -> bytes:
    """What was sent; where it must be read with more care, what no claim looks like."""
    length = environ.get("CONTENT_LENGTH", "") or "0"
    if not _LENGTH.fullmatch(length) or int(length) > LONGEST_BODY:
        return b"?"
    body: bytes = environ["wsgi.input"].read(int(length)) if int(length) else b""
    if body:
        environ["wsgi.input"] = io.BytesIO(body)  # for whoever reads it again
    return body


def _refuse(
    environ: "WSGIEnvironment", start_response: "StartResponse", rule: str, started: float
) -> Iterable[bytes]:
    """The same problem, the same headers, the same line in the log as the ordinary way gives."""
    language: Language = accepted(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
    g.request_id = manners.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
    problem = problem_of(SoldOut(), language)
    body = json.dumps(problem, ensure_ascii=False).encode()
    seconds = perf_counter() - started
    metrics.observe(rule, "POST", problem["status"], seconds, SoldOut.code)
    manners.write_line("POST", rule, problem["status"], SoldOut.code, seconds)
    headers = [
        ("Content-Type", MEDIA_TYPE),
        ("Content-Length", str(len(body))),
        ("Content-Language", TAGS[language]),
        *manners.api_headers(g.request_id),
    ]
    start_response("409 CONFLICT", headers)
    return [body]
