"""The block list. The database is the truth; each process keeps a copy of a few seconds."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import after_commit, db, retrying, transaction
from miniprogram_api.core.log import log

from .events import blocked_members_changed
from .models import Block
from .subjects import Kind

COPY_SECONDS = 5.0
LAST_COPY_SECONDS = 300.0
"""How long a copy may serve while the database is away."""

_EXTENSION = "risk.blocks"
_log = log(__name__)


@dataclass(frozen=True)
class _Copy:
    read_at: float
    blocked: frozenset[tuple[str, str]]


@retrying
def block(
    kind: Kind, subject: str, *, reason: str, actor: str, until: datetime | None = None
) -> int:
    """Block a subject from now on, in place of any block that it has; answer the block's number.

    :param until: when it ends by itself; None: when somebody lifts it.
    """
    with transaction() as session:
        _lift(session, kind, subject, actor)
        row = Block(
            kind=kind, subject=subject, reason=reason, added_by=actor, added_at=now(), until=until
        )
        session.add(row)
        session.flush()  # its number is the answer
        _tell(kind)
        return row.id


@retrying
def unblock(kind: Kind, subject: str, *, actor: str) -> bool:
    """Lift the block of a subject; answer whether there was one."""
    with transaction() as session:
        lifted = _lift(session, kind, subject, actor)
        _tell(kind)
        return lifted


def blocked_members() -> list[int]:
    """The members who are blocked now, by the database."""
    query = sa.select(Block.subject).where(Block.kind == Kind.MEMBER, *_in_force())
    return [int(subject) for subject in db.session.scalars(query)]


def hits(subjects: Iterable[tuple[Kind, str | None]]) -> tuple[str, ...]:
    """Which kinds of block hit a caller; a block made elsewhere is known within 5 seconds."""
    blocked = _copy().blocked
    return tuple(kind.value for kind, subject in subjects if (kind, subject) in blocked)


def in_force() -> sa.Select[Block]:
    """A query for the blocks in force, the latest first."""
    return sa.select(Block).where(*_in_force()).order_by(Block.id.desc())


def _in_force() -> tuple[sa.ColumnElement[bool], ...]:
    return Block.lifted_at.is_(None), sa.or_(Block.until.is_(None), Block.until > now())


def _lift(session: Session, kind: Kind, subject: str, actor: str) -> bool:
    standing = sa.update(Block).where(
        Block.kind == kind, Block.subject == subject, Block.lifted_at.is_(None)
    )
    lifted = session.execute(
        standing.values(lifted_at=now(), lifted_by=actor).returning(Block.id),
        execution_options={"synchronize_session": False},
    )
    return lifted.first() is not None


def _tell(kind: Kind) -> None:
    extensions = current_app.extensions
    after_commit(lambda: extensions.pop(_EXTENSION, None))
    if kind is Kind.MEMBER:
        blocked_members_changed.emit()


def _copy() -> _Copy:
    kept = cast("_Copy | None", current_app.extensions.get(_EXTENSION))
    moment = time.monotonic()
    if kept is not None and moment < kept.read_at + COPY_SECONDS:
        return kept
    try:
        rows = db.session.execute(sa.select(Block.kind, Block.subject).where(*_in_force())).all()
    except sa.exc.DBAPIError as error:
        if kept is None or moment > kept.read_at + LAST_COPY_SECONDS:
            raise
        _log.warning("blocks_not_refreshed", reason=type(error).__name__)
        return kept
    fresh = _Copy(moment, frozenset((row.kind, row.subject) for row in rows))
    current_app.extensions[_EXTENSION] = fresh
    return fresh
