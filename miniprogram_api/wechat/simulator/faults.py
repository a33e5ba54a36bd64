"""Faults on demand: what a network and a busy platform do to a caller.

A fault waits for requests on its path, or on any, and is used up after `times` of them. Some
strike before WeChat acts, some after, so that the caller cannot know whether it has.
"""

import itertools
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from flask import Response, request

TOKENLESS = frozenset({"/sns/jscode2session", "/cgi-bin/stable_token", "/cgi-bin/token"})
TOKEN_ERRCODES = {40001, 40014, 42001}

ERRCODES = {
    "busy": -1,
    "token_invalid": 40001,
    "token_expired": 42001,
    "blocked": 40226,
    "quota": 45009,
    "rate_limited": 45011,
}
NONSENSE: dict[str, tuple[str, bytes]] = {
    "html": ("text/html", b"<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "list": ("application/json", b"[1, 2, 3]"),
    "text": ("text/plain", b"ok"),
    "empty": ("application/json", b""),
    "object": ("application/json", b"{}"),
    "cut": ("application/json", b'{"errcode":0,"openid":"o'),
    "wrong_types": (
        "application/json",
        json.dumps(
            {"openid": 5, "access_token": ["x"], "expires_in": "long", "errcode": "none"}
        ).encode(),
    ),
    "not_utf8": ("application/json", b'{"errmsg":"\xff\xfe"}'),
    "huge": ("application/json", b'{"errmsg":"' + b"x" * (8 * 1024 * 1024) + b'"}'),
}
# These change one detail of an answer; the endpoint or the delivery asks for them.
DETAILS = frozenset({"country_code_number", "list_as_object"})
# These spoil the signature of an answer of WeChat Pay, ...
ANSWERS = frozenset(
    {"answer_signtest", "answer_bad_signature", "answer_unsigned", "answer_unknown_serial"}
    | {"answer_stale"}
)
# ... these a payment notice on its way (`path` is then its event type), ...
NOTICES = frozenset(
    {"notice_duplicate", "notice_delayed", "notice_lost", "notice_signtest", "notice_stale"}
    | {"notice_tampered", "notice_unknown_serial", "notice_no_serial", "notice_odd_serial"}
    | {"notice_missing_type", "notice_wrong_key"}
)
# ... and these the way of a refund (`path` is then the merchant's number of it).
REFUNDS = frozenset({"refund_abnormal", "refund_closed"})
KINDS = frozenset({"slow", "drip", "http_error", "reset", "nonsense", "errcode", "pay_error"})
PAY_PATHS = "/v3/"


@dataclass
class Fault:
    """One switch.

    :param path: the endpoint it strikes, in which * stands for anything; None: each one.
    :param times: how often; None: until it is switched off.
    :param code: what WeChat Pay says, for `pay_error`.
    :param after_acting: strike when WeChat has done the work already.
    """

    number: int
    kind: str
    path: str | None = None
    times: int | None = None
    seconds: float = 2.0
    status: int = 500
    errcode: int = -1
    what: str = "html"
    code: str = "SYSTEM_ERROR"
    after_acting: bool = False

    def strikes(self, path: str) -> bool:
        """Whether this request is one of its own."""
        if self.kind == "errcode" and self.errcode in TOKEN_ERRCODES and path in TOKENLESS:
            return False
        if self.kind == ("errcode" if path.startswith(PAY_PATHS) else "pay_error"):
            return False  # each half of WeChat has refusals of its own
        return self.path is None or fnmatchcase(path, self.path)


def fault_of(number: int, wanted: dict[str, Any]) -> Fault:
    """The fault that a caller describes; `busy`, `rate_limited` and their like are shorthands.

    :raises ValueError: there is no such fault.
    """
    wanted = dict(wanted)
    kind = wanted.get("kind")
    if kind in ERRCODES:
        wanted |= {"kind": "errcode", "errcode": ERRCODES[kind]}
    elif kind == "http_500":
        wanted |= {"kind": "http_error", "status": 500}
    elif kind not in KINDS | DETAILS | ANSWERS | NOTICES | REFUNDS:
        raise ValueError(f"unknown kind {kind!r}")
    if wanted.get("what", "html") not in NONSENSE:
        raise ValueError(f"unknown nonsense {wanted['what']!r}")
    try:
        return Fault(number, **wanted)
    except TypeError:
        raise ValueError("unknown member") from None


class Switchboard:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._faults: list[Fault] = []

    def switch_on(self, wanted: dict[str, Any]) -> Fault:
        """Add a fault.

        :raises ValueError: there is no such fault.
        """
        fault = fault_of(next(self._numbers), wanted)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._faults = []

    def listed(self) -> list[dict[str, Any]]:
        """What is on."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(self, path: str, *, after_acting: bool) -> Fault | None:
        """The fault that strikes this request at this point, once less to come."""
        return self._take(
            lambda fault: (
                fault.kind in KINDS and fault.after_acting == after_acting and fault.strikes(path)
            )
        )

    def takes(self, detail: str) -> bool:
        """Whether an answer's detail is to be odd this time."""
        return self._take(lambda fault: fault.kind == detail) is not None

    def take_one(self, kinds: frozenset[str], path: str) -> Fault | None:
        """The first fault of these kinds that strikes there, once less to come."""
        return self._take(lambda fault: fault.kind in kinds and fault.strikes(path))

    def _take(self, fits: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            fault = next(filter(fits, self._faults), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault


def effect(fault: Fault, refuse: Callable[[int, str], Response]) -> Response | None:
    """Let a fault act; None where the request goes on after it."""
    if fault.kind == "slow":
        time.sleep(fault.seconds)
        return None
    if fault.kind == "errcode":
        return refuse(fault.errcode, "fault on demand")
    if fault.kind == "http_error":
        return Response("<h1>error</h1>", fault.status, mimetype="text/html")
    if fault.kind == "drip":
        return Response(_drops(fault.seconds), mimetype="application/json")
    if fault.kind == "reset":
        return _cut_off()
    mimetype, body = NONSENSE[fault.what]
    return Response(body, mimetype=mimetype)


def _drops(seconds: float) -> Iterator[bytes]:
    """An answer that never stops for long and never comes to its end in time."""
    yield b'{"errmsg":"'
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.1)
        yield b"."
    yield b'"}'


def _cut_off() -> Response:
    """Cut the connection: the caller sees it reset, with nothing answered."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)
    return Response()
