"""The door of the routes on which crowds storm: a member's plain request is carried out before Flask
is woken.

Flask's ordinary way costs a request more than the work that it asks for. Only the plain case is handled
here: a well-formed request with a good token, in the usual form. Everything else, and everything that
goes wrong unforeseen, takes the ordinary way under the same key; tests hold the two ways against each
other.
"""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import Flask, g, json

from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.log import log
from miniprogram_api.http import json_body, manners, problems
from miniprogram_api.http.idempotency import KEY, REPLAYED
from miniprogram_api.http.language import TAGS, accepted
from miniprogram_api.repeats.records import Claim, Told, fingerprint

from . import revocation, tokens

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LONGEST_BODY = 128
JSON = "application/json"
_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")
_USUAL_TYPES = frozenset({JSON, f"{JSON};charset=utf-8"})
_MAY_MATTER = (
    "HTTP_COOKIE",
    "QUERY_STRING",
    "HTTP_TRANSFER_ENCODING",
    "HTTP_CONTENT_ENCODING",
    "HTTP_EXPECT",
)
_PHRASES = {one.value: f"{one.value} {one.phrase.upper()}" for one in HTTPStatus}
_log = log(__name__)


@dataclass(frozen=True)
class Plain:
    """A plain request: who asks, under which key, and what.

    :param numbers: those in the path.
    :param asked: the JSON object that was sent; None: nothing was.
    """

    member_id: int
    claim: Claim
    numbers: tuple[int, ...]
    asked: dict[str, Any] | None

    def asks_nothing(self) -> bool:
        """Whether the path says it all."""
        return not self.asked


@dataclass(frozen=True)
class Entrance:
    """A route with a door.

    :param rule: its name in figures and in the log.
    :param path: its path, with a group around each number.
    :param carry_out: does what the route does, and keeps its pace; None: the request needs the
        ordinary way, and nothing was done.
    """

    rule: str
    path: re.Pattern[str]
    carry_out: Callable[[Plain], Told | None]


def keep(app: Flask, entrances: Sequence[Entrance]) -> None:
    """Stand in front of an application, at these entrances."""
    app.wsgi_app = Door(app, app.wsgi_app, entrances)  # type: ignore[method-assign]


class Door:
    """Carries plain requests out; opens for everything else."""

    def __init__(
        self, app: Flask, inside: "WSGIApplication", entrances: Sequence[Entrance]
    ) -> None:
        self._app = app
        self._inside = inside
        self._entrances = entrances

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> "Sequence[bytes]":
        """A WSGI application."""
        if environ["REQUEST_METHOD"] == "POST" and _is_plain(environ):
            for entrance in self._entrances:
                if path := entrance.path.fullmatch(environ["PATH_INFO"]):
                    answer = self._answer(entrance, path.groups(), environ)
                    if answer is not None:
                        start_response(_PHRASES[answer.status], answer.headers)
                        return [answer.body]
        return self._inside(environ, start_response)  # type: ignore[return-value]

    def _answer(
        self, entrance: Entrance, named: tuple[str, ...], environ: "WSGIEnvironment"
    ) -> "_Answer | None":
        """The answer to a plain request; None: the ordinary way is to find it."""
        started = perf_counter()
        with self._app.app_context():
            plain = _read(named, environ)
            if plain is None:
                return None
            g.request_id = manners.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
            g.language = accepted(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
            try:
                told = entrance.carry_out(plain)
            except DomainError as refusal:
                answer = _refused(refusal)
            except Exception as error:  # noqa: BLE001 - the ordinary way meets it again, and tells it
                _log.warning("left_to_the_ordinary_way", kind=type(error).__name__, id=g.request_id)
                return None
            else:
                if told is None:
                    return None
                answer = _carried_out(told)
            manners.note(entrance.rule, "POST", answer.status, answer.problem, started)
            return answer


@dataclass(frozen=True)
class _Answer:
    """What goes over the wire; `problem`: the code of the problem that it tells."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    problem: str | None = None


def _is_plain(environ: "WSGIEnvironment") -> bool:
    """Whether nothing about the request asks for more than the usual answer."""
    return (
        environ.get("HTTP_AUTHORIZATION", "").startswith("Bearer ")
        and KEY.fullmatch(environ.get("HTTP_IDEMPOTENCY_KEY", "")) is not None
        and (_is_empty(environ) or _type_of(environ) in _USUAL_TYPES)
        and not any(environ.get(name) for name in _MAY_MATTER)
    )


def _is_empty(environ: "WSGIEnvironment") -> bool:
    return environ.get("CONTENT_LENGTH", "") in {"", "0"}


def _type_of(environ: "WSGIEnvironment") -> str:
    return str(environ.get("CONTENT_TYPE", "")).lower().replace(" ", "")


def _read(named: tuple[str, ...], environ: "WSGIEnvironment") -> Plain | None:
    """What is asked, and by whom; None: it must be read with more care, or is to be refused."""
    length = environ.get("CONTENT_LENGTH", "") or "0"
    if not _LENGTH.fullmatch(length) or int(length) > LONGEST_BODY:
        return None
    raw: bytes = environ["wsgi.input"].read(int(length)) if int(length) else b""
    if raw:
        environ["wsgi.input"] = io.BytesIO(raw)  # for whoever reads it again
    try:
        asked = json_body.loads(raw) if raw else None
        token = tokens.verify(environ["HTTP_AUTHORIZATION"].removeprefix("Bearer "))
        if revocation.is_revoked(token.session_id):
            return None
    except Exception:  # noqa: BLE001 - the ordinary way tells what is wrong
        return None
    g.member_id, g.session_id = token.member_id, token.session_id
    claim = Claim(
        f"member:{token.member_id}",
        environ["HTTP_IDEMPOTENCY_KEY"],
        fingerprint("POST", environ["PATH_INFO"], asked),
    )
    return Plain(token.member_id, claim, tuple(map(int, named)), asked)


def _carried_out(told: Told) -> _Answer:
    body = json.dumps(told.answer.body, separators=(",", ":")).encode() + b"\n"
    headers = _headers(JSON, body, {REPLAYED: "true"} if told.is_repeat else {})
    return _Answer(told.answer.status, headers, body)


def _refused(refusal: DomainError) -> _Answer:
    problem, more = problems.told(refusal)
    body = json.dumps(problem).encode()
    headers = _headers(problems.MEDIA_TYPE, body, {"Content-Language": TAGS[g.language], **more})
    return _Answer(problem["status"], headers, body, refusal.code)


def _headers(kind: str, body: bytes, more: dict[str, str]) -> list[tuple[str, str]]:
    return [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        *more.items(),
        *manners.api_headers(g.request_id),
    ]
