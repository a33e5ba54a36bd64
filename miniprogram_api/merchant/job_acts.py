"""What a manager does with jobs: dig them up, or keep them from being run; each leaves its act."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.errors import Conflict, NotFound
from miniprogram_api.jobs import services
from miniprogram_api.jobs.models import Job, JobState
from miniprogram_api.staff import audit


class NoSuchJob(NotFound):
    """No job has this number, or it was cleared away."""

    code = "no_such_job"
    title_zh = "没有这个任务"
    title_en = "No such job"


class JobNotWaiting(Conflict):
    """The job is not where this act begins: it is being run, or done. `state` says which."""

    code = "job_not_waiting"
    title_zh = "任务当前状态不支持此操作"
    title_en = "The job's state does not allow this"


@retrying
def retry(job_id: int, reason: str) -> None:
    """Give one job fresh attempts, at once.

    :raises JobNotWaiting: it is neither buried nor queued.
    """
    with transaction() as session:
        before = _shown(_locked(session, job_id))
        if not services.retry([job_id]):
            raise JobNotWaiting(f"it is {before['state']}", **before)
        after = _shown(_locked(session, job_id))
        audit.record("jobs.retry", f"job:{job_id}", before=before, after=after, reason=reason)


@retrying
def retry_all(name: str, reason: str) -> int:
    """Give every buried job of a name fresh attempts; answer how many."""
    with transaction():
        count = len(services.retry(name=name))
        audit.record(
            "jobs.retry_all",
            f"jobs:{name}",
            before={"buried": count},
            after={"buried": 0, "queued": count},
            reason=reason,
        )
        return count


@retrying
def bury(job_id: int, reason: str) -> None:
    """Keep a queued job from being run.

    :raises JobNotWaiting: it is not queued.
    """
    with transaction() as session:
        before = _shown(_locked(session, job_id))
        if not services.bury([job_id]):
            raise JobNotWaiting(f"it is {before['state']}", **before)
        after = _shown(_locked(session, job_id))
        audit.record("jobs.bury", f"job:{job_id}", before=before, after=after, reason=reason)


def _locked(session: Session, job_id: int) -> Job:
    job = session.scalar(
        sa.select(Job)
        .filter_by(id=job_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if job is None:
        raise NoSuchJob(f"no job {job_id}")
    return job


def _shown(job: Job) -> dict[str, Any]:
    return {"state": JobState(job.state).value, "attempts": job.attempts}
