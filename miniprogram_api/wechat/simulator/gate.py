"""What every call to the open platform passes: owner, token, pace, form. Refusals, too."""

import secrets
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import Response, jsonify, request

from .world import Grant, world

# Calls a minute; a login counts per shopper. `POST /_sim/limits` sets others.
LIMITS = {
    "/sns/jscode2session": 100,
    "/cgi-bin/stable_token": 10_000,
    "/wxa/getwxacodeunlimit": 5_000,
    "/wxa/msg_sec_check": 4_000,
    "/wxa/media_check_async": 2_000,
}


class Refused(Exception):
    """WeChat says no, in the form of an errcode."""

    def __init__(self, errcode: int, message: str) -> None:
        super().__init__(message)
        self.errcode = errcode


def refusal(errcode: int, message: str) -> Response:
    """The answer that tells an errcode."""
    rid = "-".join(secrets.token_hex(4) for _ in range(3))
    answer = jsonify(errcode=errcode, errmsg=f"{message} rid: {rid}")
    answer.headers["Content-Type"] = "application/json; encoding=utf-8"
    return answer


def with_token(
    view: Callable[[Mapping[str, Any]], Any],
) -> Callable[[], Any]:
    """Let only requests with a good token and a JSON body in, one at a time."""

    @wraps(view)
    def checked() -> Any:
        check_token(request.args.get("access_token"))
        check_pace(request.path, 45009)
        if not request.get_data():
            raise Refused(44002, "empty post data")
        body = request.get_json(force=True, silent=True)
        if not isinstance(body, dict):
            raise Refused(47001, "data format error")
        with world().lock:
            return view(body)

    return checked


def check_token(token: str | None) -> None:
    """Refuse a token that is missing, unknown or over."""
    if not token:
        raise Refused(41001, "access_token missing")
    ends_at = world().tokens.get(token)
    if ends_at is None:
        raise Refused(40001, "invalid credential, access_token is invalid or not latest")
    if ends_at <= world().now():
        raise Refused(42001, "access_token expired")


def check_pace(path: str, errcode: int, whose: str = "") -> None:
    """Refuse what is one call too many within a minute."""
    limit = world().limits.get(path, LIMITS.get(path))
    with world().lock:
        if limit is not None and world().over_limit(f"{path} {whose}", limit):
            raise Refused(errcode, "api minute-quota reach limit")


def check_owner(given: Mapping[str, Any]) -> None:
    """Refuse who is not the program's owner."""
    if given.get("appid") != world().config.appid:
        raise Refused(40013, "invalid appid")
    if not secrets.compare_digest(
        str(given.get("secret")).encode(), world().config.secret.encode()
    ):
        raise Refused(40125, "invalid appsecret")


def good_grant(code: str, *, used: int) -> Grant:
    """What a code stands for, if it is ours, fresh and unused; `used` is the errcode otherwise."""
    grant = world().grants.get(code)
    if grant is None or grant.appid != world().config.appid:
        raise Refused(40029, "invalid code")
    if grant.used:
        raise Refused(used, "code been used")
    if grant.expires_at <= world().now():
        raise Refused(40029, "invalid code")
    return grant


def known(openid: object) -> str:
    """Refuse an openid that never was."""
    if not isinstance(openid, str) or openid not in world().shoppers:
        raise Refused(40003, "invalid openid")
    return openid


def visitor(openid: object) -> str:
    """Refuse who has not been in the program within two hours."""
    seen = known(openid)
    if not world().is_visiting(seen):
        raise Refused(61010, "code is expired")
    return seen
