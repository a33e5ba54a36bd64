"""Signing in and out of our own pages, by cookie; a page without a session becomes the sign-in.

The cookie holds the token of an ordinary session of staff: who ends that session ends the cookie.
"""

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, make_response, redirect, render_template, request

from miniprogram_api.auth.devices import device_of
from miniprogram_api.auth.guards import public
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.settings import settings
from miniprogram_api.http.problems import Problem, problem_of, status_of
from miniprogram_api.risk import pace

from . import accounts, pins, second_factor_pictures, sessions, tickets
from .errors import CsrfRefused, OtpRequired
from .guards import COOKIE, current_staff, for_staff, must_set_up_second_factor
from .sessions import Present
from .signing_in import SignedIn, sign_in, unlock

HOME = "/"
SIGN_IN = "/staff/sign-in"
SECOND_FACTOR = "/staff/second-factor"
_FROM_US = frozenset({"same-origin", "none"})

blp = Blueprint("staff_pages", __name__, template_folder="templates")


@blp.get(SIGN_IN)
@public
def ask_to_sign_in() -> str:
    """The form; `?next=` names the page of ours to go on to."""
    return _form(next_page=local_page(request.args.get("next")))


@blp.post(SIGN_IN)
@public
def enter() -> Any:
    """Take the form, in one step or, where there is a second factor, in two."""
    next_page = local_page(request.form.get("next"))
    try:
        _refuse_foreign_forms()
        pace.check("staff_sign_in", pace.address_of(request.remote_addr))
        username, password = _who()
        done = sign_in(username, password, _otp(), device_of(request.user_agent.string))
    except OtpRequired:
        return _form(ticket=tickets.issue(*_who()), next_page=next_page)
    except DomainError as refusal:
        return _refused(refusal, next_page)
    return opened(done, next_page)


@blp.post("/staff/sign-out")
@for_staff("cashier", before_second_factor=True, while_locked=True)
def leave() -> Any:
    """End the session and its cookie."""
    sessions.end_session(current_staff().session_id)
    response = redirect(SIGN_IN, 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="Strict")
    return response


@blp.post("/staff/unlock")
@for_staff("cashier", before_second_factor=True, while_locked=True)
def open_again() -> Any:
    """Open a session that has locked itself, from a page that stands in its place."""
    typed, next_page = request.form.get("secret", "")[:128], local_page(request.form.get("next"))
    try:
        pace.check("staff_sign_in", pace.address_of(request.remote_addr))
        unlock(current_staff(), typed, is_pin=pins.is_pin(typed))
    except DomainError as refusal:
        problem = problem_of(refusal)
        g.problem_code = problem["code"]
        return _unlock_form(next_page, problem), status_of(type(refusal))
    return redirect(next_page, 303)


@blp.get(SECOND_FACTOR)
@for_staff("cashier", before_second_factor=True)
def show_second_factor() -> str:
    """A new secret as a picture that an authenticator scans; nothing is kept until confirmed."""
    secret, address = accounts.begin_second_factor(current_staff().username)
    return _second_factor_form(secret, address, local_page(request.args.get("next")))


@blp.post(SECOND_FACTOR)
@for_staff("cashier", before_second_factor=True)
def keep_second_factor() -> Any:
    """Turn the second factor on with the first code of the secret that was shown."""
    secret, next_page = request.form.get("secret", ""), local_page(request.form.get("next"))
    try:
        accounts.confirm_second_factor(current_staff().username, secret, _otp() or "")
    except (DomainError, ValueError):
        secret, address = accounts.begin_second_factor(current_staff().username)
        return _second_factor_form(secret, address, next_page, missed=True), 422
    return redirect(next_page, 303)


def sign_in_here(_problem: Problem) -> str:
    """The sign-in in place of a page that needs one; it leads back to that page."""
    return _form(next_page=page_asked_for())


def set_up_here(_problem: Problem) -> str:
    """What to do in place of a page that wants a second factor first."""
    return render_template("staff/second_factor_first.html", next_page=page_asked_for())


def unlock_here(_problem: Problem) -> str:
    """The unlocking in place of a page of a session that has locked itself; it leads back to it."""
    return _unlock_form(page_asked_for())


def page_asked_for() -> str:
    """The page to come back to: the one asked for, or for a form that was sent the one it stood on."""
    if request.method == "GET":
        return local_page(request.full_path)
    stood_on = urlsplit(request.referrer or "")
    if stood_on.netloc != request.host:
        return HOME
    return local_page(f"{stood_on.path}?{stood_on.query}")


def local_page(address: str | None) -> str:
    """An address of ours to go on to; anything else, and the sign-in itself, is the start page."""
    text = (address or "").strip().removesuffix("?")
    if not text.startswith("/") or text[1:2] in {"/", "\\"} or not text.isprintable():
        return HOME
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or parts.path.startswith(("/staff/sign-", "/api/")):
        return HOME
    return text


def _refuse_foreign_forms() -> None:
    """A form of another site must not sign a browser in under a name of its choosing."""
    if request.headers.get("Sec-Fetch-Site", "none") not in _FROM_US:
        raise CsrfRefused("the form was not one of ours")


def _who() -> tuple[str, str]:
    """User name and password: typed now, or in the first of two steps."""
    ticket = request.form.get("ticket")
    if ticket:
        return tickets.read(ticket)
    return request.form.get("username", "")[:32], request.form.get("password", "")[:128]


def _otp() -> str | None:
    typed = "".join(request.form.get("otp", "").split())
    return typed[:6] or None


def opened(done: SignedIn, next_page: str) -> Response:
    """Lead on, with a fresh cookie; the session of an older one in this browser is over."""
    former = sessions.present(request.cookies.get(COOKIE, ""))
    if former is not None:
        sessions.end_session(former.session_id)
    person = sessions.present(done.session.token)
    response = make_response(redirect(_first_page(person, next_page), 303))
    response.set_cookie(
        COOKIE,
        done.session.token,
        max_age=done.session.expires_in,
        httponly=True,
        samesite="Strict",
        secure=settings().is_production,
    )
    return response


def _first_page(person: Present | None, next_page: str) -> str:
    if person is not None and must_set_up_second_factor(person):
        return f"{SECOND_FACTOR}?next={next_page}"
    return next_page


def _refused(refusal: DomainError, next_page: str) -> tuple[str, int]:
    """The same step again, with what was wrong; a code is asked for again, a password is not."""
    problem = problem_of(refusal)
    g.problem_code = problem["code"]
    username = "" if request.form.get("ticket") else request.form.get("username", "")[:32]
    page = _form(problem=problem, username=username, next_page=next_page)
    return page, status_of(type(refusal))


def _form(
    *, next_page: str, username: str = "", ticket: str = "", problem: Problem | None = None
) -> str:
    return render_template(
        "staff/sign_in.html", next_page=next_page, username=username, ticket=ticket, problem=problem
    )


def _unlock_form(next_page: str, problem: Problem | None = None) -> str:
    return render_template(
        "staff/unlock.html",
        person=current_staff(),
        csrf_token=sessions.csrf_of(request.cookies.get(COOKIE, "")),
        next_page=next_page,
        problem=problem,
    )


def _second_factor_form(secret: str, address: str, next_page: str, *, missed: bool = False) -> str:
    return render_template(
        "staff/second_factor.html",
        secret=secret,
        picture=second_factor_pictures.qr(address),
        csrf_token=sessions.csrf_of(request.cookies.get(COOKIE, "")),
        next_page=next_page,
        missed=missed,
    )
