"""The guard of staff: a bearer token (till, programs), or the cookie of our own pages."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import g, request

from miniprogram_api.auth.errors import TokenInvalid, TokenMissing
from miniprogram_api.auth.guards import bearer_token, wear
from miniprogram_api.core.settings import settings

from . import sessions
from .errors import CsrfRefused, RoleTooLow, SecondFactorNeeded, SessionLocked
from .roles import CODES, may
from .sessions import Present

P = ParamSpec("P")
R = TypeVar("R")

COOKIE = "staff_session"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def for_staff(
    role: str, *, before_second_factor: bool = False, while_locked: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Only staff of `role` or above may call; `current_staff()` tells who.

    :param before_second_factor: also for those who still have to set theirs up.
    :param while_locked: also in a session that has locked itself at the till.
    """
    if role not in CODES:
        raise ValueError(f"no role {role}")

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            person = recognise_staff()
            if person.is_locked and not while_locked:
                raise SessionLocked("nobody was at the till for a while")
            if not may(person.role, role):
                raise RoleTooLow(
                    f"needs role {role}, has {person.role}", required=role, yours=person.role
                )
            if not before_second_factor and must_set_up_second_factor(person):
                raise SecondFactorNeeded("set up the second factor first")
            return view(*args, **kwargs)

        guarded.role = role  # type: ignore[attr-defined]
        return wear(guarded, "staff")

    return guard


def recognise_staff() -> Present:
    """Note who calls.

    :raises TokenMissing: neither token nor cookie.
    :raises TokenInvalid: the session is none of ours, ended, or over.
    :raises CsrfRefused: a call with a page's cookie lacks the page's proof.
    """
    cookie = request.cookies.get(COOKIE)
    by_cookie = "Authorization" not in request.headers and cookie is not None
    token = cookie if by_cookie and cookie is not None else bearer_token()
    person = sessions.present(token)
    if person is None:
        raise TokenInvalid("the session is not known, or over")
    if by_cookie and request.method not in _READS and not _proves_page(token):
        raise CsrfRefused("the page's proof is missing or of another session")
    g.staff_id, g.staff_username, g.staff = person.staff_id, person.username, person
    return person


def current_staff() -> Present:
    """Who calls; only within a view that wears `@for_staff`."""
    person: Present | None = g.get("staff")
    if person is None:
        raise TokenMissing("no member of staff has been recognised")
    return person


def must_set_up_second_factor(person: Present) -> bool:
    """Whether the shop asks this role for a second factor that the person has not set up."""
    asked_from = settings().staff_second_factor_from
    return bool(asked_from) and may(person.role, asked_from) and not person.has_second_factor


def _proves_page(token: str) -> bool:
    proof = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    return sessions.csrf_fits(token, proof)
