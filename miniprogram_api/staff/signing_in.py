"""Signing in: user name, password, and the one-time code where there is a second factor.

Wrong attempts are counted in the database, so that no restart forgives them; from a number on the
account is locked for a while. Whether a user name exists can be told neither by words nor by time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TypeVar

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.settings import settings

from . import passwords, second_factor, sessions
from .audit import record
from .errors import OtpRequired, SignInRefused, StaffLocked
from .models import Staff
from .sessions import Opened, Present

R = TypeVar("R")


@dataclass(frozen=True)
class Proven:
    """Somebody who has proved to be that member of staff."""

    staff_id: int
    username: str
    name: str
    role: str
    store: str | None
    has_second_factor: bool


@dataclass(frozen=True)
class SignedIn(Proven):
    """A sign-in: whose, and the session it opened."""

    session: Opened


@dataclass(frozen=True)
class _Given:
    """What somebody gives to be believed: a password, and a one-time code where they have set one up.

    :param is_pin: it is a PIN, which is believed without a code.
    :param asks_for_code: whether a password needs the code beside it.
    """

    secret: str
    otp: str | None = None
    is_pin: bool = False
    asks_for_code: bool = True

    def fits(self, person: Staff | None) -> bool:
        """Whether it is theirs, at the same cost whoever it is."""
        if person is None:
            return passwords.fits(self.secret, None)
        return passwords.fits(self.secret, person.pin_hash if self.is_pin else person.password_hash)

    def needs_code_of(self, person: Staff) -> bool:
        """Whether a one-time code has to come with it."""
        return self.asks_for_code and not self.is_pin and person.otp_sealed is not None


def sign_in(username: str, password: str, otp: str | None, device: str) -> SignedIn:
    """Open a session for who proves to be that member of staff.

    :raises SignInRefused: something is wrong; the attempt is counted.
    :raises OtpRequired: only the one-time code is missing.
    :raises StaffLocked: too many attempts were wrong.
    """

    def open_session(person: Staff) -> SignedIn:
        opened = sessions.open_session(person.id, device)
        record("staff.sign_in", f"staff:{person.id}", by=f"staff:{person.username}")
        return SignedIn(*_facts(person), opened)

    return _believed(username, _Given(password, otp), open_session)


def prove(username: str, password: str, otp: str | None) -> Proven:
    """Believe who somebody is without a session: a manager who approves beside a cashier.

    :raises SignInRefused: something is wrong; the attempt is counted.
    :raises OtpRequired: only the one-time code is missing.
    :raises StaffLocked: too many attempts were wrong.
    """
    return _believed(username, _Given(password, otp), lambda person: Proven(*_facts(person)))


def prove_by_pin(username: str, pin: str) -> Proven:
    """The same by the PIN, for what is done at a till.

    :raises SignInRefused: it is wrong, or there is none; the attempt is counted.
    :raises StaffLocked: too many attempts were wrong.
    """
    return _believed(username, _Given(pin, is_pin=True), lambda person: Proven(*_facts(person)))


def unlock(present: Present, secret: str, *, is_pin: bool) -> None:
    """Open a session that has locked itself at the till, for the PIN or password of its owner.

    :raises SignInRefused: it is neither; counted like a wrong sign-in.
    :raises StaffLocked: too many attempts were wrong.
    """

    def go_on(person: Staff) -> bool:
        sessions.unlock(present.session_id)
        record("staff.unlock_session", f"staff:{person.id}", by=f"staff:{person.username}")
        return True

    _believed(present.username, _Given(secret, is_pin=is_pin, asks_for_code=False), go_on)


def _believed(username: str, given: _Given, then: Callable[[Staff], R]) -> R:
    person = _find(username)
    _refuse_locked(person)
    is_right = given.fits(person)
    db.session.rollback()  # the hash took its time; nobody's snapshot is kept for that
    if person is None:
        raise SignInRefused("no such user name, or another password")
    if is_right and given.needs_code_of(person) and not given.otp:
        raise OtpRequired("the account has a second factor")
    outcome = _decide(person.id, given if is_right else None, then)
    if outcome is None:
        raise SignInRefused("no such user name, or another password or code")
    return outcome


@retrying
def _decide(staff_id: int, given: _Given | None, then: Callable[[Staff], R]) -> R | None:
    """Go on with who is believed, or count the failure, under the lock of the account."""
    with transaction() as session:
        person = session.scalars(
            sa.select(Staff)
            .filter_by(id=staff_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one()
        _refuse_locked(person)
        if given is None or not _is_taken(person, given) or person.left_at is not None:
            _count_failure(person)
            return None
        person.failures, person.locked_until = 0, None
        if not given.is_pin and passwords.is_outdated(person.password_hash):
            person.password_hash = passwords.hashed(given.secret)
        return then(person)


def _is_taken(person: Staff, given: _Given) -> bool:
    return not given.needs_code_of(person) or _takes_code(person, given.otp or "")


def _facts(person: Staff) -> tuple[int, str, str, str, str | None, bool]:
    has_second_factor = person.otp_sealed is not None
    return (
        person.id,
        person.username,
        person.name,
        person.role,
        person.store,
        has_second_factor,
    )


def _find(username: str) -> Staff | None:
    return db.session.scalar(
        sa.select(Staff).filter_by(username=username.strip().lower(), left_at=None)
    )


def _refuse_locked(person: Staff | None) -> None:
    if person is not None and person.locked_until is not None and person.locked_until > now():
        wait = ceil((person.locked_until - now()).total_seconds())
        raise StaffLocked("too many wrong attempts", retry_after_seconds=wait)


def _takes_code(person: Staff, otp: str) -> bool:
    secret = second_factor.unsealed(person.otp_sealed or "", person.id)
    step = second_factor.step_of(secret, otp, person.otp_step)
    if step is None:
        return False
    person.otp_step = step
    return True


def _count_failure(person: Staff) -> None:
    person.failures += 1
    if person.failures >= settings().staff_lock_after:
        person.locked_until = now() + timedelta(minutes=settings().staff_lock_minutes)
        person.failures = 0
        record("staff.locked", f"staff:{person.id}", by="system")
