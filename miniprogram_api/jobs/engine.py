"""Running one job: claim it, count the attempt, call its handler, write down how it ended.

The claim is one conditional UPDATE, committed before the handler is called: two workers never run
one job at once, and an attempt that ends in a crash is counted. A claim is a lease; the worker
extends the leases of what it runs (`extend_leases`), and the sweep takes back what a dead one held.
"""

import random
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from flask import current_app

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import in_transaction, retrying, transaction
from miniprogram_api.core.log import log
from miniprogram_api.core.settings import settings

from .models import Job, JobState
from .registry import NotYet, patience_with, registered
from .rules import told, wait_before_next

_log = log(__name__)


@dataclass(frozen=True)
class Claim:
    """A job that is ours for as long as its lease lasts."""

    id: int
    name: str
    payload: dict[str, Any]
    attempts: int


class _Running:
    """The claims that the threads of this process work on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._claims: dict[int, Claim] = {}

    def add(self, claim: Claim) -> None:
        with self._lock:
            self._claims[claim.id] = claim

    def remove(self, claim: Claim) -> None:
        with self._lock:
            self._claims.pop(claim.id, None)

    def list(self) -> list[Claim]:
        with self._lock:
            return list(self._claims.values())


_running = _Running()


def run(job_id: int) -> bool:
    """Run this job if it is due and nobody else has it; tells whether it was run."""
    return _run_claimed(_claim(Job.id == job_id))


def run_next() -> bool:
    """Run the job that has been due longest, straight from the table; False: none is due."""
    longest_due = (
        sa.select(Job.id)
        .where(Job.state == JobState.QUEUED, Job.due_at <= now())
        .order_by(Job.due_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # SQLite has no row locks and needs none: one writer
        .scalar_subquery()
    )
    return _run_claimed(_claim(Job.id == longest_due))


def run_due() -> int:
    """Run everything that is due now in this process, also what that enqueues; answer how many."""
    if in_transaction():
        raise RuntimeError("jobs follow facts: run them outside the transaction")
    count = 0
    while run_next():
        count += 1
    return count


def is_busy() -> bool:
    """Whether a thread of this process is running a job."""
    return bool(_running.list())


@retrying
def extend_leases() -> None:
    """Keep the jobs that this process runs from being taken for abandoned."""
    claims = _running.list()
    if not claims:
        return
    ours = sa.or_(*(_held(claim) for claim in claims))
    with transaction() as session:
        session.execute(sa.update(Job).where(ours).values(sweep_at=_lease_end()))


def retry_values(name: str, attempts: int, error: str) -> dict[str, Any]:
    """What a failed attempt makes of its row: queued with back-off, or buried with its error."""
    moment, patience = now(), patience_with(name)
    if patience.is_over(attempts):
        return _ended(JobState.BURIED, moment) | {"last_error": error}
    chance = random.random()  # noqa: S311 - jitter, not a secret
    due_at = moment + wait_before_next(patience, attempts, chance)
    return _queued(due_at) | {"last_error": error}


@retrying
def _claim(which: sa.ColumnElement[bool]) -> Claim | None:
    moment = now()
    statement = (
        sa.update(Job)
        .where(which, Job.state == JobState.QUEUED, Job.due_at <= moment)
        .values(
            state=JobState.RUNNING,
            attempts=Job.attempts + 1,
            started_at=moment,
            sweep_at=_lease_end(),
        )
        .returning(Job.id, Job.name, Job.payload, Job.attempts)
        .execution_options(synchronize_session=False)
    )
    with transaction() as session:
        row = session.execute(statement).one_or_none()
    return Claim(*row) if row else None


def _run_claimed(claim: Claim | None) -> bool:
    if claim is None:
        return False
    _running.add(claim)
    try:
        with structlog.contextvars.bound_contextvars(job_id=claim.id, job=claim.name):
            _finish(claim, _attempt(claim))
    finally:
        _running.remove(claim)
    return True


def _attempt(claim: Claim) -> dict[str, Any]:
    """Call the handler and answer with what becomes of the row."""
    try:
        # A context of its own is a database session of its own: what the handler read or left
        # open does not meet our bookkeeping.
        with current_app.app_context():
            registered(claim.name).handler(claim.payload)
    except NotYet as reason:
        later = max(reason.due_at, now() + timedelta(seconds=1))
        return _queued(later) | {"attempts": claim.attempts - 1}
    except Exception as error:  # noqa: BLE001 - one job's failure must not stop the others
        _log.warning("job_failed", attempt=claim.attempts, error=told(error))
        return retry_values(claim.name, claim.attempts, told(error))
    return _ended(JobState.DONE, now())


@retrying
def _finish(claim: Claim, values: dict[str, Any]) -> None:
    statement = (
        sa.update(Job)
        .where(_held(claim))
        .values(**values)
        .execution_options(synchronize_session=False)
        .returning(Job.id)
    )
    with transaction() as session:
        ours = session.execute(statement).one_or_none() is not None
    if not ours:
        _log.warning("job_lease_lost", attempt=claim.attempts)
    elif values["state"] == JobState.BURIED:
        _log.error("job_buried", attempt=claim.attempts, error=values["last_error"])


def _held(claim: Claim) -> sa.ColumnElement[bool]:
    """The row is still this attempt's: nobody took it back and began another."""
    return sa.and_(
        Job.id == claim.id, Job.state == JobState.RUNNING, Job.attempts == claim.attempts
    )


def _lease_end() -> datetime:
    return now() + timedelta(seconds=settings().job_lease_seconds)


def _queued(due_at: datetime) -> dict[str, Any]:
    return {"state": JobState.QUEUED, "due_at": due_at, "sweep_at": due_at}


def _ended(state: JobState, moment: datetime) -> dict[str, Any]:
    return {"state": state, "finished_at": moment, "sweep_at": None}
