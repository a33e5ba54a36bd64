"""Following a table that only grows, by id, so that no row is counted twice or left out.

Ids are given out in order but committed in any: while a transaction is under way, a row below those
that we see may still appear. So a run notes how far the ids go, and a run goes that far only once
every transaction has ended that was under way when it was noted (on PostgreSQL; SQLite has one
writer). Whoever posts to the ledger or places a purchase has locked or written a row before, so
PostgreSQL knows the transaction by a number when it takes its first id.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import retrying, transaction, unhurried

from .models import ReportMark

BATCH = 20_000
"""Ids counted in one transaction: well within the time that a statement may take."""

_OWN_XID = sa.text("SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)")
_HORIZON = sa.text(
    "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT),"
    " CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT)"
)


class _Horizon(NamedTuple):
    """No transaction below `oldest` is under way; the last one that has ended lies below `next`.

    A mark at `next` or beyond comes from a server that this database was restored from: nothing of
    that time is under way here.
    """

    oldest: int
    next: int


Count = Callable[[Session, int, int], None]
"""Counts the rows above one id up to another, in the caller's transaction."""


@dataclass(frozen=True)
class Stream:
    """A table that only grows, and what counts a stretch of it."""

    name: str
    table: sa.FromClause
    count: Count


def follow(stream: Stream) -> Iterator[int]:
    """Count what has come since the last run, in batches; yields how many ids each went through.

    What a transaction under way may still add to is left to the next run.
    """
    yield from _advance(stream)
    if _note(stream):
        yield from _advance(stream)


def begin_anew(session: Session, stream: Stream) -> None:
    """Forget how far the stream was counted; the caller empties what it was counted into."""
    locked_mark(session, stream)
    session.execute(sa.delete(ReportMark).filter_by(stream=stream.name))


def locked_mark(session: Session, stream: Stream) -> ReportMark:
    """How far the stream is counted, locked until the transaction ends: one counts at a time."""
    blank = {"stream": stream.name, "followed_id": 0, "ahead_id": 0, "ahead_xid": 0}
    bulk.insert_missing(session, ReportMark.__table__, [blank])
    return session.scalars(
        sa.select(ReportMark)
        .filter_by(stream=stream.name)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _advance(stream: Stream) -> Iterator[int]:
    while step := _step(stream):
        yield step


@retrying
def _step(stream: Stream) -> int:
    """Count one batch; answer how many ids it went through, 0 where there is nothing to do."""
    with transaction() as session:
        mark = locked_mark(session, stream)
        horizon = _horizon(session)  # under the lock: whoever noted the mark has ended
        if horizon.oldest < mark.ahead_xid < horizon.next:
            return 0
        reached = min(mark.followed_id + BATCH, mark.ahead_id)
        step = reached - mark.followed_id
        if step:
            unhurried(session)
            stream.count(session, mark.followed_id, reached)
            mark.followed_id = reached
        if reached == mark.ahead_id:
            mark.followed_at = mark.ahead_at
        return step


@retrying
def _note(stream: Stream) -> bool:
    """Note how far the ids go now, unless what was noted before is still to be counted.

    The order matters: first the ids, then a number of our own, which is above that of every
    transaction that has taken an id below; only then do we wait for the mark.
    """
    with transaction() as session:
        moment, newest = now(), session.scalar(sa.select(sa.func.max(_id_of(stream)))) or 0
        own_xid = _own_xid(session)
        mark = locked_mark(session, stream)
        if mark.followed_id < mark.ahead_id:
            return False
        mark.ahead_id, mark.ahead_xid = max(mark.ahead_id, newest), own_xid
        mark.ahead_at = moment
        return True


def behind(session: Session, stream: Stream) -> int:
    """How many ids there are that are not counted yet."""
    followed = session.scalar(sa.select(ReportMark.followed_id).filter_by(stream=stream.name)) or 0
    return (session.scalar(sa.select(sa.func.max(_id_of(stream)))) or 0) - followed


def _id_of(stream: Stream) -> Any:
    return stream.table.c.id


def _horizon(session: Session) -> _Horizon:
    if session.get_bind().dialect.name != "postgresql":
        return _Horizon(0, 0)  # one writer: what is committed has no gaps
    return _Horizon(*session.execute(_HORIZON).one())


def _own_xid(session: Session) -> int:
    if session.get_bind().dialect.name != "postgresql":
        return 0
    return int(session.scalar(_OWN_XID) or 0)
