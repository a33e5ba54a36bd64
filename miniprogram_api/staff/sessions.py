"""Sessions of staff: a random token whose hash is looked up at each call, so that ending one, leaving
the shop or another role counts at once.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction, db, transaction
from miniprogram_api.core.settings import settings

from .models import Staff, StaffSession

SEEN_EVERY, SEEN_AT_TILL_EVERY = timedelta(minutes=1), timedelta(seconds=15)
"""How exactly it is noted when a session was last used; a till's locks by it."""

_TOKEN_BYTES = 32
_LONGEST_TOKEN = 64


@dataclass(frozen=True)
class Opened:
    """A new session: the token that its owner keeps, and how long it lasts."""

    token: str
    expires_in: int


@dataclass(frozen=True)
class Present:
    """Who calls, by which session."""

    staff_id: int
    session_id: int
    username: str
    name: str
    role: str
    store: str | None
    has_second_factor: bool
    has_pin: bool = False
    is_at_till: bool = False
    is_locked: bool = False


def open_session(staff_id: int, device: str) -> Opened:
    """Begin a session in the current transaction."""
    token, moment = secrets.token_urlsafe(_TOKEN_BYTES), now()
    lasts = settings().staff_session_hours * 3600
    current_transaction().add(
        StaffSession(
            staff_id=staff_id,
            token_hash=_hash(token),
            device=device,
            opened_at=moment,
            seen_at=moment,
            expires_at=moment + timedelta(seconds=lasts),
        )
    )
    return Opened(token, lasts)


def present(token: str) -> Present | None:
    """Whose living session a token is of; None: of nobody's, or its owner has left.

    A session that was not used for long is over as well (`staff_idle_minutes`); one in which a till's
    page was opened is locked long before that, and no call but `unlock` opens it.
    """
    if not token.isascii() or len(token) > _LONGEST_TOKEN:
        return None
    row = db.session.execute(_FIND, {"token_hash": _hash(token)}).one_or_none()
    if row is None or not _is_alive(row):
        return None
    idle, is_locked = now() - row.seen_at, _is_locked(row)
    if not is_locked and idle > (SEEN_AT_TILL_EVERY if row.is_at_till else SEEN_EVERY):
        _note_seen(row.session_id)
    return Present(
        row.staff_id,
        row.session_id,
        row.username,
        row.name,
        row.role,
        row.store,
        row.otp_sealed is not None,
        row.pin_hash is not None,
        row.is_at_till,
        is_locked,
    )


def lock_when_idle(person: Present) -> None:
    """From now on the session locks after some idle minutes: a till's page was opened in it."""
    if not person.is_at_till:
        with transaction() as session:
            session.execute(
                sa.update(StaffSession)
                .where(StaffSession.id == person.session_id)
                .values(is_at_till=True, seen_at=now())
            )


def unlock(session_id: int) -> None:
    """Open a session that has locked itself, in the current transaction."""
    _note_seen(session_id)


def end_session(session_id: int) -> None:
    """End one session; ending it twice is ending it once."""
    with transaction():
        _end(StaffSession.id == session_id)


def end_sessions_of(staff_id: int, *, but: int | None = None) -> None:
    """End every session of somebody, perhaps but one, in the current transaction or one of its own."""
    with transaction():
        others = sa.true() if but is None else StaffSession.id != but
        _end(sa.and_(StaffSession.staff_id == staff_id, others))


def living_sessions(staff_id: int) -> sa.Select[StaffSession]:
    """A query for somebody's sessions that are neither ended nor over."""
    return sa.select(StaffSession).where(
        StaffSession.staff_id == staff_id,
        StaffSession.ended_at.is_(None),
        StaffSession.expires_at > now(),
    )


def csrf_of(token: str) -> str:
    """The proof that a page of ours sends along: only who can read the page knows it."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def csrf_fits(token: str, proof: str) -> bool:
    """Whether the proof belongs to the session."""
    return hmac.compare_digest(csrf_of(token).encode(), proof.encode())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _is_alive(row: Any) -> bool:
    moment = now()
    idle = timedelta(minutes=settings().staff_idle_minutes)
    return bool(row.expires_at > moment and row.seen_at > moment - idle)


def _is_locked(row: Any) -> bool:
    minutes = settings().staff_till_idle_minutes
    return bool(row.is_at_till and minutes > 0 and now() - row.seen_at > timedelta(minutes=minutes))


def _note_seen(session_id: int) -> None:
    with transaction() as session:
        session.execute(
            sa.update(StaffSession).where(StaffSession.id == session_id).values(seen_at=now())
        )


def _end(which: sa.ColumnElement[bool]) -> None:
    current_transaction().execute(
        sa.update(StaffSession)
        .where(which, StaffSession.ended_at.is_(None))
        .values(ended_at=now())
        .execution_options(synchronize_session=False)
    )


_FIND = (
    sa.select(
        StaffSession.id.label("session_id"),
        StaffSession.seen_at,
        StaffSession.expires_at,
        StaffSession.is_at_till,
        Staff.id.label("staff_id"),
        Staff.username,
        Staff.name,
        Staff.role,
        Staff.store,
        Staff.otp_sealed,
        Staff.pin_hash,
    )
    .join(Staff, Staff.id == StaffSession.staff_id)
    .where(
        StaffSession.token_hash == sa.bindparam("token_hash"),
        StaffSession.ended_at.is_(None),
        Staff.left_at.is_(None),
    )
)
