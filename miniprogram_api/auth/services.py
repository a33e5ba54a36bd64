"""Opening and ending members' sessions. The tokens themselves are in `tokens`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import after_commit, current_transaction, transaction
from miniprogram_api.core.settings import settings

from . import revocation, tokens
from .models import MemberSession


@dataclass(frozen=True)
class SignedIn:
    """A new session: the token that its client keeps, and how long it lasts."""

    access_token: str
    expires_in: int


def open_session(member_id: int, device: str) -> SignedIn:
    """Begin a session of a member in the current transaction and sign its access token."""
    lasts = settings().access_token_seconds
    issued_at = _whole_milliseconds(now())
    session = MemberSession(
        member_id=member_id,
        device=device,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(seconds=lasts),
    )
    current_transaction().add(session)
    current_transaction().flush()  # the token carries the session's id
    token = tokens.AccessToken(
        member_id, session.id, _milliseconds(issued_at), _milliseconds(session.expires_at)
    )
    return SignedIn(tokens.sign(token), lasts)


def end_session(session_id: int) -> None:
    """End one session; its token is refused here at once, elsewhere within seconds.

    Ending it twice is ending it once.
    """
    with transaction():
        _end(MemberSession.id == session_id)


def end_all_sessions(member_id: int) -> None:
    """End every session of a member: log out everywhere."""
    with transaction():
        _end(MemberSession.member_id == member_id)


def living_sessions(member_id: int) -> sa.Select[MemberSession]:
    """A query for a member's sessions that are neither ended nor over."""
    return sa.select(MemberSession).where(
        MemberSession.member_id == member_id,
        MemberSession.ended_at.is_(None),
        MemberSession.expires_at > now(),
    )


def forget_old_sessions(at_most: int = 5_000) -> int:
    """Delete records of sessions that ended or ran out long ago; how many were deleted.

    How long they are kept is a setting, `session_record_days`.
    """
    kept_since = now() - timedelta(days=settings().session_record_days)
    with transaction() as session:
        old = (
            sa.select(MemberSession.id).where(MemberSession.expires_at < kept_since).limit(at_most)
        )
        return session.execute(  # type: ignore[attr-defined,no-any-return]
            sa.delete(MemberSession).where(MemberSession.id.in_(old))
        ).rowcount


def _end(which: sa.ColumnElement[bool]) -> None:
    ended = current_transaction().execute(
        sa.update(MemberSession)
        .where(which, MemberSession.ended_at.is_(None), MemberSession.expires_at > now())
        .values(ended_at=now())
        .returning(MemberSession.id, MemberSession.expires_at)
    )
    gone = [(row.id, row.expires_at) for row in ended]
    if gone:
        after_commit(lambda: revocation.remember(gone))


def _whole_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
