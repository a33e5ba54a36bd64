"""What an operator does with jobs: look, dig up, bury, clear away; and the figures of the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import after_commit, db, retrying, transaction
from miniprogram_api.core.settings import settings

from .carrier import carrier
from .models import Job, JobState
from .outbox import AT_ONCE, HANDED_OVER_FOR
from .registry import Payload
from .schedule import scheduled

BURIED_BY_HAND = "Buried by hand"
PURGE_BATCH = 5000


@dataclass(frozen=True)
class QueueFigures:
    """How the queue is, for `/readyz` and `/metrics`."""

    due_count: int
    """Queued jobs whose moment has come."""
    later_count: int
    """Queued jobs that wait for their moment or their next attempt."""
    running_count: int
    buried_count: int
    oldest_due_seconds: int
    """How long the longest waiting of the due jobs has been due; 0: none is."""


def queue_figures() -> QueueFigures:
    """The figures of the queue, in one statement over the jobs that are not done."""
    moment = now()
    queued = Job.state == JobState.QUEUED
    is_due = sa.and_(queued, Job.due_at <= moment)
    row = db.session.execute(
        sa.select(
            _count(is_due),
            _count(sa.and_(queued, Job.due_at > moment)),
            _count(Job.state == JobState.RUNNING),
            _count(Job.state == JobState.BURIED),
            sa.func.min(Job.due_at).filter(is_due),
        ).where(Job.state != JobState.DONE)
    ).one()
    oldest: datetime | None = row[4]
    waited_seconds = int((moment - oldest).total_seconds()) if oldest else 0
    return QueueFigures(row[0], row[1], row[2], row[3], waited_seconds)


def find_jobs(
    state: JobState | None = None, name: str | None = None, limit: int = 50
) -> Sequence[Job]:
    """The newest jobs, of a state or name if given."""
    query = sa.select(Job).order_by(Job.id.desc()).limit(limit)
    if state is not None:
        query = query.where(Job.state == state)
    if name is not None:
        query = query.where(Job.name == name)
    return db.session.scalars(query).all()


@retrying
def retry(job_ids: Sequence[int] | None = None, name: str | None = None) -> list[int]:
    """Dig up buried jobs with fresh attempts: those given, or all, of one name if given.

    A queued job that waits for its next attempt is due at once. Answers with the ids that it hit.
    """
    moment = now()
    waiting = [Job.state == JobState.BURIED]
    if job_ids is not None:
        waiting = [Job.id.in_(job_ids), Job.state.in_([JobState.BURIED, JobState.QUEUED])]
    if name is not None:
        waiting.append(Job.name == name)
    statement = (
        sa.update(Job)
        .where(*waiting)
        .values(
            state=JobState.QUEUED,
            attempts=0,
            due_at=moment,
            sweep_at=moment + HANDED_OVER_FOR,
            finished_at=None,
        )
        .execution_options(synchronize_session=False)
        .returning(Job.id)
    )
    with transaction() as session:
        fresh = sorted(session.scalars(statement).all())
        after_commit(lambda: carrier().hand_over(fresh[:AT_ONCE]))
    return fresh


@retrying
def bury(job_ids: Sequence[int]) -> list[int]:
    """Bury queued jobs, so that they are not run; answers with the ids that it hit."""
    statement = (
        sa.update(Job)
        .where(Job.id.in_(job_ids), Job.state == JobState.QUEUED)
        .values(state=JobState.BURIED, last_error=BURIED_BY_HAND, finished_at=now(), sweep_at=None)
        .execution_options(synchronize_session=False)
        .returning(Job.id)
    )
    with transaction() as session:
        return sorted(session.scalars(statement).all())


def purge(older_than: timedelta) -> int:
    """Delete jobs done longer ago than that; buried ones stay for a person to judge.

    With a job goes the memory of its key. In batches, each a transaction of its own.
    """
    count = 0
    while deleted := _purge_some(older_than):
        count += deleted
    return count


@retrying
def _purge_some(older_than: timedelta) -> int:
    over = (
        sa.select(Job.id)
        .where(Job.state == JobState.DONE, Job.finished_at < now() - older_than)
        .limit(PURGE_BATCH)
    )
    statement = sa.delete(Job).where(Job.id.in_(over)).returning(Job.id)
    with transaction() as session:
        statement = statement.execution_options(synchronize_session=False)
        return len(session.scalars(statement).all())


@scheduled("jobs.purge", cron="40 3 * * *")
def purge_old(_payload: Payload) -> None:
    """Clear away what was done long ago."""
    purge(timedelta(days=settings().job_keep_days))


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.count().filter(condition)
