"""Mending: what was never handed over, what the broker lost, what a dead worker held.

Any number of workers may sweep at once: rows are taken with SKIP LOCKED, and what one has taken is
out of the others' sight. A job handed over twice is still run once.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.log import log

from .carrier import carrier
from .engine import retry_values
from .models import Job, JobState
from .outbox import HANDED_OVER_FOR

BATCH = 200
DEEP = 1000
"""While so many messages wait at the broker, more of them would not make the workers faster."""

ABANDONED = "Abandoned: its worker died or lost its lease"

_log = log(__name__)


def sweep() -> bool:
    """Look after every open job whose moment has come; False: the broker is away."""
    depth = carrier().depth()
    if not _is_anything_to_sweep():
        return depth is not None
    _take_back_abandoned()
    if depth is None:
        return False
    if depth >= DEEP:
        return True
    job_ids = _take_for_hand_over()
    return carrier().hand_over(job_ids) if job_ids else True


def _is_anything_to_sweep() -> bool:
    # A read first: on SQLite, asking for the one write lock every few seconds would cost others.
    session = db.session()
    found = session.scalar(sa.select(Job.id).where(Job.sweep_at <= now()).limit(1))
    session.rollback()
    return found is not None


@retrying
def _take_back_abandoned() -> None:
    moment = now()
    with transaction() as session:
        for job in _locked(session, JobState.RUNNING, moment):
            values = retry_values(job.name, job.attempts, ABANDONED)
            session.execute(sa.update(Job).where(Job.id == job.id).values(**values))
            _log.warning("job_abandoned", job_id=job.id, job=job.name, attempt=job.attempts)


@retrying
def _take_for_hand_over() -> Sequence[int]:
    moment = now()
    with transaction() as session:
        job_ids = [job.id for job in _locked(session, JobState.QUEUED, moment)]
        handed_over = sa.update(Job).where(Job.id.in_(job_ids))
        session.execute(handed_over.values(sweep_at=moment + HANDED_OVER_FOR))
    return job_ids


def _locked(session: Session, state: JobState, moment: datetime) -> Sequence[sa.Row[int, str, int]]:
    return session.execute(
        sa.select(Job.id, Job.name, Job.attempts)
        .where(Job.sweep_at <= moment, Job.state == state)
        .order_by(Job.sweep_at, Job.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
