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
from .sessions import Opened

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

    return _believed(username, password, otp, open_session)


def prove(username: str, password: str, otp: str | None) -> Proven:
    """Believe who somebody is without a session: a manager who approves beside a cashier.

    :raises SignInRefused: something is wrong; the attempt is counted.
    :raises OtpRequired: only the one-time code is missing.
    :raises StaffLocked: too many attempts were wrong.
    """
    return _believed(username, password, otp, lambda person: Proven(*_facts(person)))


def _believed(username: str, password: str, otp: str | None, then: Callable[[Staff], R]) -> R:
    person = _find(username)
    _refuse_locked(person)
    knows_password = passwords.fits(password, person.password_hash if person else None)
    db.session.rollback()  # the hash took its time; nobody's snapshot is kept for that
    if person is None:
        raise SignInRefused("no such user name, or another password")
    if knows_password and person.otp_sealed is not None and not otp:
        raise OtpRequired("the account has a second factor")
    outcome = _decide(person.id, password if knows_password else None, otp or "", then)
    if outcome is None:
        raise SignInRefused("no such user name, or another password or code")
    return outcome


@retrying
def _decide(staff_id: int, password: str | None, otp: str, then: Callable[[Staff], R]) -> R | None:
    """Go on with who is believed, or count the failure, under the lock of the account."""
    with transaction() as session:
        person = session.scalars(
            sa.select(Staff)
            .filter_by(id=staff_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one()
        _refuse_locked(person)
        if password is None or not _takes_code(person, otp) or person.left_at is not None:
            _count_failure(person)
            return None
        person.failures, person.locked_until = 0, None
        if passwords.is_outdated(person.password_hash):
            person.password_hash = passwords.hashed(password)
        return then(person)


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
    if person.otp_sealed is None:
        return True
    secret = second_factor.unsealed(person.otp_sealed, person.id)
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
