"""Keeping the people of the shop: each function is one transaction and leaves an act."""

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.settings import settings

from . import passwords, pins, second_factor, sessions
from .audit import record
from .errors import (
    LastOwner,
    NoSuchStaff,
    SignInRefused,
    UsernameNotAllowed,
    UsernameTaken,
)
from .models import Staff, StaffSession
from .roles import OWNER

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")


@retrying
def add(
    username: str, password: str, role: str, *, name: str = "", store: str | None = None
) -> int:
    """Give somebody an account; its id.

    :raises UsernameNotAllowed: the user name has the wrong form.
    :raises UsernameTaken: somebody has it, or had it: acts of the past must keep their owner.
    :raises PasswordTooWeak: the password is one that is guessed first.
    """
    username = username.strip().lower()
    if not _USERNAME.fullmatch(username):
        raise UsernameNotAllowed("2 to 32 of a-z, 0-9, dot, dash, underscore")
    passwords.check_strength(password, username)
    kept = passwords.hashed(password)
    with transaction() as session:
        person = Staff(
            username=username,
            name=name or username,
            role=role,
            store=store,
            password_hash=kept,
            joined_at=now(),
        )
        session.add(person)
        try:
            session.flush()  # the act names the account's number
        except sa.exc.IntegrityError:
            raise UsernameTaken(f"{username} is taken") from None
        record("staff.add", f"staff:{person.id}", after=_shown(person))
        return person.id


@retrying
def change(
    username: str,
    *,
    role: str | None = None,
    store: str | None = None,
    name: str | None = None,
    reason: str | None = None,
) -> None:
    """Change what somebody is; an empty store means all stores.

    :raises LastOwner: nobody would be left who may do everything.
    """
    with transaction() as session:
        person = _locked(session, username)
        before = _shown(person)
        if role is not None and role != person.role:
            _keep_an_owner(session, person)
            person.role = role
        person.store = person.store if store is None else (store or None)
        person.name = name or person.name
        after = _shown(person)
        record("staff.change", f"staff:{person.id}", before=before, after=after, reason=reason)


@retrying
def set_password(
    username: str, password: str, *, reason: str | None = None, keep_session: int | None = None
) -> None:
    """Give a new password, open a locked account, end every session of the old password and its PIN.

    :param keep_session: the one in which somebody changes their own.
    :raises PasswordTooWeak: it is one that is guessed first.
    """
    passwords.check_strength(password, username.strip().lower())
    kept = passwords.hashed(password)
    with transaction() as session:
        person = _locked(session, username)
        before = _shown_door(person)
        person.password_hash, person.failures, person.locked_until = kept, 0, None
        person.pin_hash = None
        sessions.end_sessions_of(person.id, but=keep_session)
        _record_door("staff.set_password", person, before, reason)


@retrying
def set_pin(username: str, pin: str) -> None:
    """Give somebody the PIN that opens their till's page again; they have proved who they are.

    :raises PinTooWeak: it is one that is guessed first.
    """
    pins.check_strength(pin)
    kept = passwords.hashed(pin)
    with transaction() as session:
        person = _locked(session, username)
        before = _shown_door(person)
        person.pin_hash = kept
        _record_door("staff.set_pin", person, before)


@retrying
def unlock(username: str, *, reason: str | None = None) -> None:
    """Open an account that wrong sign-ins have locked."""
    with transaction() as session:
        person = _locked(session, username)
        before = _shown_door(person)
        person.failures, person.locked_until = 0, None
        _record_door("staff.unlock", person, before, reason)


@retrying
def leave(username: str, *, reason: str | None = None) -> None:
    """Somebody has left: no sign-in, no session. The account stays for its acts.

    :raises LastOwner: nobody would be left who may do everything.
    """
    with transaction() as session:
        person = _locked(session, username)
        _keep_an_owner(session, person)
        before = _shown_door(person)
        person.left_at, person.otp_sealed, person.pin_hash = now(), None, None
        sessions.end_sessions_of(person.id)
        _record_door("staff.leave", person, before, reason)


def begin_second_factor(username: str) -> tuple[str, str]:
    """A new secret and the address that an authenticator scans; nothing is kept until confirmed."""
    secret = second_factor.new_secret()
    return secret, second_factor.address_of(secret, username, settings().shop_name)


@retrying
def confirm_second_factor(username: str, secret: str, code: str) -> None:
    """Turn the second factor on, with the first code as proof that the secret has arrived.

    :raises SignInRefused: the code is not of this secret.
    """
    step = second_factor.step_of(secret, code, 0)
    if step is None:
        raise SignInRefused("the code does not belong to this secret")
    with transaction() as session:
        person = _locked(session, username)
        before = _shown_door(person)
        person.otp_sealed, person.otp_step = second_factor.sealed(secret, person.id), step
        _record_door("staff.second_factor_on", person, before)


@retrying
def drop_second_factor(
    username: str, *, reason: str | None = None, keep_session: int | None = None
) -> None:
    """Turn the second factor off, for somebody who has lost the phone, or who does it themselves."""
    with transaction() as session:
        person = _locked(session, username)
        before = _shown_door(person)
        person.otp_sealed = None
        sessions.end_sessions_of(person.id, but=keep_session)
        _record_door("staff.second_factor_off", person, before, reason)


@retrying
def end_session(username: str, session_id: int) -> bool:
    """End one session of somebody's; answer whether it was a living one of theirs."""
    with transaction() as session:
        person = _locked(session, username)
        living = sessions.living_sessions(person.id).where(StaffSession.id == session_id)
        found = session.scalar(living)
        if found is None:
            return False
        sessions.end_session(session_id)
        record(
            "staff.end_session",
            f"staff:{person.id}",
            before={"session": session_id, "is_open": True},
            after={"session": session_id, "is_open": False},
        )
        return True


def people() -> list[Staff]:
    """Everybody who works here, by user name."""
    return list(
        db.session.scalars(sa.select(Staff).filter_by(left_at=None).order_by(Staff.username))
    )


def exists(username: str) -> bool:
    """Whether somebody has, or had, this user name."""
    return db.session.scalar(sa.select(Staff.id).filter_by(username=username)) is not None


def _locked(session: Session, username: str) -> Staff:
    person = session.scalar(
        sa.select(Staff)
        .filter_by(username=username.strip().lower(), left_at=None)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if person is None:
        raise NoSuchStaff(f"nobody works here as {username}")
    return person


def _keep_an_owner(session: Session, person: Staff) -> None:
    if person.role != OWNER.code:
        return
    owners = session.scalars(
        sa.select(Staff.id).filter_by(role=OWNER.code, left_at=None).with_for_update()
    ).all()
    if len(owners) == 1:
        raise LastOwner("give somebody else the role of owner first")


def _shown(person: Staff) -> dict[str, Any]:
    return {"role": person.role, "store": person.store, "name": person.name}


def _shown_door(person: Staff) -> dict[str, Any]:
    """How somebody may come in, as an act shows it: no password, no secret."""
    return {
        "works_here": person.left_at is None,
        "has_second_factor": person.otp_sealed is not None,
        "has_pin": person.pin_hash is not None,
        "is_locked": person.locked_until is not None and person.locked_until > now(),
        "failures": person.failures,
    }


def _record_door(
    act: str, person: Staff, before: dict[str, Any], reason: str | None = None
) -> None:
    record(act, f"staff:{person.id}", before=before, after=_shown_door(person), reason=reason)
