"""The one-time link: who holds it makes the first owner, and nobody after that."""

import hashlib
import hmac
import secrets
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.staff.models import Staff

from .errors import AlreadySetUp, SetupClosed
from .models import SetupLink

LASTS = timedelta(hours=24)
_THE_ONE = 1
_TOKEN_BYTES = 32


@retrying
def issue() -> str:
    """A new token, good for a day; the one before is over.

    :raises AlreadySetUp: somebody works here, or did.
    """
    token, moment = secrets.token_urlsafe(_TOKEN_BYTES), now()
    with transaction() as session:
        if has_staff(session):
            raise AlreadySetUp("somebody works here already")
        link = _locked(session) or SetupLink(id=_THE_ONE)
        link.token_hash, link.used_at = _hash(token), None
        link.issued_at, link.expires_at = moment, moment + LASTS
        session.add(link)
    return token


def is_open() -> bool:
    """Whether a link is out that still opens something."""
    return _is_alive(db.session.get(SetupLink, _THE_ONE)) and not has_staff(db.session())


def require(token: str) -> None:
    """See that a token opens the set-up.

    :raises SetupClosed: it does not, whatever the reason.
    """
    _require(db.session(), db.session.get(SetupLink, _THE_ONE), token)


def use_up(token: str) -> None:
    """Let a token open nothing more, in the transaction of what it was used for.

    Of two that come at once, the later is refused.

    :raises SetupClosed: it opened nothing any more.
    """
    session = current_transaction()
    link = _locked(session)
    _require(session, link, token)
    if link is not None:
        link.used_at = now()


def has_staff(session: Session) -> bool:
    """Whether anybody works in the shop, or ever has."""
    return bool(session.scalar(sa.select(sa.exists(sa.select(Staff.id)))))


def has_staff_now() -> bool:
    """The same, of the shop that is being asked."""
    return has_staff(db.session())


def _require(session: Session, link: SetupLink | None, token: str) -> None:
    fits = link is not None and hmac.compare_digest(link.token_hash, _hash(token))
    if not fits or not _is_alive(link) or has_staff(session):
        raise SetupClosed("ask for another one with `flask setup`, or sign in at /admin")


def _is_alive(link: SetupLink | None) -> bool:
    return link is not None and link.used_at is None and link.expires_at > now()


def _locked(session: Session) -> SetupLink | None:
    return session.get(SetupLink, _THE_ONE, with_for_update=True, populate_existing=True)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
