"""Writing work down, in the transaction of the fact that it follows."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import after_commit, current_transaction

from .carrier import carrier
from .models import Job, JobState
from .registry import registered

HANDED_OVER_FOR = timedelta(seconds=60)
"""How long a job that was handed over is left alone before the sweep does it again."""

AT_ONCE = 100
"""More jobs than this are left to the sweep: a caller does not wait while they are handed over."""


def enqueue(
    name: str,
    payload: Mapping[str, Any],
    *,
    key: str | None = None,
    due_at: datetime | None = None,
) -> bool:
    """Write one job into the caller's transaction; see `enqueue_many`."""
    return enqueue_many(name, [(key, payload)], due_at=due_at) == 1


def enqueue_many(
    name: str,
    items: Sequence[tuple[str | None, Mapping[str, Any]]],
    *,
    due_at: datetime | None = None,
) -> int:
    """Write jobs of one name, as (key, payload), into the caller's transaction; answer how many.

    A job whose name and key are already there is not written again. What is due is handed over
    once the transaction has committed; if that fails, the sweep does it.

    :param due_at: not before then; None: at once.
    :raises UnknownJob: no handler is registered.
    """
    registered(name)
    session = current_transaction()
    moment = now()
    due_at = due_at or moment
    at_once = due_at <= moment and len(items) <= AT_ONCE
    rows = [
        {
            "name": name,
            "key": key,
            "payload": dict(payload),
            "state": JobState.QUEUED,
            "attempts": 0,
            "created_at": moment,
            "due_at": due_at,
            "sweep_at": moment + HANDED_OVER_FOR if at_once else due_at,
        }
        for key, payload in items
    ]
    job_ids = _insert_missing(session, rows) if rows else []
    if at_once and job_ids:
        after_commit(lambda: carrier().hand_over(job_ids))
    return len(job_ids)


def _insert_missing(session: Session, rows: list[dict[str, Any]]) -> Sequence[int]:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    insert = sqlite.insert(Job) if is_sqlite else postgresql.insert(Job)
    return session.scalars(insert.on_conflict_do_nothing().returning(Job.id), rows).all()
