"""The guards. Every route wears exactly one, right under its path and outside of all the rest.

So a caller who is not believed hears nothing about the form of what was sent: first the route of
the blueprint, then the guard, then `arguments` and `response`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, overload

from flask import g, request

from miniprogram_api.risk import pace

from . import revocation, tokens
from .errors import TokenMissing, TokenRevoked

P = ParamSpec("P")
R = TypeVar("R")

GUARD = "guard"
"""The attribute of a view that tells which guard it wears: `public`, `member`, …"""

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Anybody may call; said aloud, so that no route is open by mistake."""
    return wear(view, "public")


@overload
def for_member(view: Callable[P, R]) -> Callable[P, R]: ...


@overload
def for_member(*, keeps_own_pace: bool) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def for_member(view: Any = None, *, keeps_own_pace: bool = False) -> Any:
    """Only a signed-in member may call; `current_member_id()` tells who.

    Reads neither database nor Redis to know the caller. Calls that write are slowed to the member's
    pace in one Redis call; a route whose own script keeps the pace says `keeps_own_pace=True`.
    """

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            recognise_member()
            if request.method not in _READS and not keeps_own_pace:
                keep_pace(g.member_id)
            return view(*args, **kwargs)

        return wear(guarded, "member")

    return guard if view is None else guard(view)


def keep_pace(member_id: int) -> None:
    """Slow a member's writing calls down to the pace of all of them.

    :raises SlowDown: they come too fast.
    """
    pace.check_together("post", f"m:{member_id}")


def recognise_member() -> None:
    """Note who calls, by the bearer token.

    :raises TokenMissing: there is none.
    :raises TokenInvalid: it is not one of ours.
    :raises TokenExpired: it was.
    :raises TokenRevoked: its session was ended.
    """
    token = tokens.verify(bearer_token())
    if revocation.is_revoked(token.session_id):
        raise TokenRevoked("the session was ended")
    g.member_id, g.session_id = token.member_id, token.session_id


def bearer_token() -> str:
    """The token of the `Authorization` header."""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing("send the header Authorization: Bearer <access_token>")
    return token.strip()


def current_member_id() -> int:
    """The member who calls; only within a view that wears `@for_member`."""
    return int(g.member_id)


def current_session_id() -> int:
    """The session by which the member calls."""
    return int(g.session_id)


def wear(view: Callable[P, R], guard: str) -> Callable[P, R]:
    """Mark a view with its guard; a second one is a mistake."""
    worn = getattr(view, GUARD, None)
    if worn is not None:
        raise TypeError(f"{view.__qualname__} wears two guards: {worn} and {guard}")
    setattr(view, GUARD, guard)
    return view
