"""The door of the claims route: whoever finds an item sold out hears so before Flask is woken.

In front of a sold-out item stands the largest crowd there is, and the ordinary way costs several times
what the answer does. Only the plain case is answered here, from what this process knows: a well-formed
claim, with a good token, of an item that is known to be gone. Everything else, and everything doubtful,
takes the ordinary way, which says what is true; a test holds the two answers against each other.
"""

import io
import json
import re
from collections.abc import Iterable
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
from points_mall.stock import sold_out
from points_mall.stock.errors import SoldOut

from .sales import sale_of
from .terms import PICKUP

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RULE = "/api/v1/flash-sales/<id:sale_id>/claims"
LONGEST_BODY = 64
_PATH = re.compile(r"/api/v1/flash-sales/([1-9][0-9]{0,17})/claims")
_BODY = re.compile(rb'\s*\{\s*"item_id"\s*:\s*"([1-9][0-9]{0,17})"\s*\}\s*')
_LENGTH = re.compile(r"[1-9][0-9]{0,2}")
_KEY = re.compile(KEY_PATTERN.strip("^$"))
_MAY_MATTER = ("HTTP_COOKIE", "QUERY_STRING", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT")


def keep(app: Flask) -> None:
    """Stand in front of an application."""
    app.wsgi_app = Door(app, app.wsgi_app)  # type: ignore[method-assign]


class Door:
    """Answers the plain sold-out claim; opens for everything else."""

    def __init__(self, app: Flask, inside: "WSGIApplication") -> None:
        self._app = app
        self._inside = inside

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """A WSGI application."""
        path = _PATH.fullmatch(environ["PATH_INFO"])
        if path is not None and _is_plain(environ):
            started = perf_counter()
            with self._app.app_context():
                if _is_gone(environ, int(path[1])):
                    return _refuse(environ, start_response, started)
        return self._inside(environ, start_response)


def _is_plain(environ: "WSGIEnvironment") -> bool:
    """Whether nothing about the request asks for more than the usual answer."""
    return (
        environ["REQUEST_METHOD"] == "POST"
        and environ.get("CONTENT_TYPE", "").startswith("application/json")
        and _KEY.fullmatch(environ.get("HTTP_IDEMPOTENCY_KEY", "")) is not None
        and environ.get("HTTP_AUTHORIZATION", "").startswith("Bearer ")
        and not any(environ.get(name) for name in _MAY_MATTER)
    )


def _is_gone(environ: "WSGIEnvironment", sale_id: int) -> bool:
    """Whether the claim is of an item that this process knows to be sold out for this member."""
    if not sold_out.anything_is_known():
        return False
    item_id = _item_id(environ)
    try:
        token = tokens.verify(environ["HTTP_AUTHORIZATION"].removeprefix("Bearer "))
        item = sale_of(sale_id).item(item_id)
        is_ended = revocation.is_revoked(token.session_id)
    except (DomainError, SQLAlchemyError):  # told by the ordinary way, as a problem
        return False
    g.member_id = token.member_id
    return (
        not is_ended
        and item.min_tier_rank == 0
        and item.fulfilment == PICKUP
        and sold_out.is_known(item.pool_id, token.member_id)
    )


def _item_id(environ: "WSGIEnvironment") -> int:
    """The item that the body names and nothing else; 0 where it must be read with more care."""
    length = environ.get("CONTENT_LENGTH", "")
    if not _LENGTH.fullmatch(length) or int(length) > LONGEST_BODY:
        return 0
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)  # for whoever reads it again
    found = _BODY.fullmatch(body)
    return int(found[1]) if found else 0


def _refuse(
    environ: "WSGIEnvironment", start_response: "StartResponse", started: float
) -> Iterable[bytes]:
    """The same problem, the same headers, the same line in the log as the ordinary way gives."""
    language: Language = accepted(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
    g.request_id = manners.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
    problem = problem_of(SoldOut(), language)
    body = json.dumps(problem, ensure_ascii=False).encode()
    seconds = perf_counter() - started
    metrics.observe(RULE, "POST", problem["status"], seconds, SoldOut.code)
    manners.write_line("POST", RULE, problem["status"], SoldOut.code, seconds)
    headers = [
        ("Content-Type", MEDIA_TYPE),
        ("Content-Length", str(len(body))),
        ("Content-Language", TAGS[language]),
        *manners.api_headers(g.request_id),
    ]
    start_response("409 CONFLICT", headers)
    return [body]
