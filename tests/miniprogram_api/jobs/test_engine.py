import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.jobs import engine
from miniprogram_api.jobs.engine import extend_leases, run, run_due, run_next
from miniprogram_api.jobs.models import Job, JobState
from miniprogram_api.jobs.outbox import enqueue
from miniprogram_api.jobs.registry import NotYet, Payload, job
from miniprogram_api.jobs.services import queue_figures, retry
from miniprogram_api.jobs.sweep import ABANDONED, sweep
from tests.miniprogram_api.jobs import work_for_tests

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
begun: list[int] = []
meeting: dict[str, Callable[[], object]] = {}


@job("test.meets")
def meets(_payload: Payload) -> None:
    begun.append(1)
    meeting["act"]()


@job("test.tomorrow")
def tomorrow(payload: Payload) -> None:
    if now() < datetime.fromisoformat(payload["not_before"]):
        raise NotYet(datetime.fromisoformat(payload["not_before"]))


@job("test.leaves_a_mess")
def leaves_a_mess(_payload: Payload) -> None:
    db.session.add(Job(name="never committed", payload={}))


@pytest.fixture(autouse=True)
def _afresh() -> None:
    work_for_tests.done.clear()
    begun.clear()


def enqueued(name: str, payload: dict[str, Any] | None = None) -> int:
    with transaction() as session:
        enqueue(name, payload or {})
        return session.scalars(sa.select(sa.func.max(Job.id))).one()


def found(job_id: int) -> Job:
    db.session.rollback()
    return db.session.get_one(Job, job_id, populate_existing=True)


def test_a_job_is_run_and_done(app: Flask) -> None:
    clock.set(NOON)
    job_id = enqueued("test.note", {"number": 5})
    assert run(job_id) is True
    assert run(job_id) is False
    assert work_for_tests.done == [5]
    job = found(job_id)
    assert (job.state, job.attempts, job.started_at, job.finished_at, job.sweep_at) == (
        JobState.DONE,
        1,
        NOON,
        NOON,
        None,
    )


def test_a_failed_job_waits_longer_each_time_and_is_buried_after_five(app: Flask) -> None:
    clock.set(NOON)
    job_id = enqueued("test.poison")
    waits = []
    for attempt in range(1, 5):
        assert run_due() == 1
        job = found(job_id)
        assert (job.state, job.attempts) == (JobState.QUEUED, attempt)
        waits.append((job.due_at - now()).total_seconds())
        clock.set(job.due_at)
    assert [2.5 <= waits[0] <= 5, 10 <= waits[1] <= 20] == [True, True]
    assert [40 <= waits[2] <= 80, 160 <= waits[3] <= 320] == [True, True]
    assert run_due() == 1
    job = found(job_id)
    assert (job.state, job.attempts) == (JobState.BURIED, 5)
    assert job.last_error == "ValueError: no member has the phone ***"
    clock.advance(timedelta(days=1))
    assert run_due() == 0


def test_one_poisoned_job_does_not_stop_the_rest(app: Flask) -> None:
    enqueued("test.poison")
    for number in range(20):
        enqueued("test.note", {"number": number})
    assert run_due() == 21
    assert work_for_tests.done == list(range(20))


def test_a_buried_job_is_dug_up_with_fresh_attempts(app: Flask) -> None:
    job_id = enqueued("test.impatient")
    run_due()
    assert found(job_id).state == JobState.BURIED
    assert retry([job_id]) == [job_id]
    job = found(job_id)
    assert (job.state, job.attempts, job.finished_at) == (JobState.QUEUED, 0, None)


def test_a_job_that_belongs_to_a_later_moment_has_not_failed(app: Flask) -> None:
    clock.set(NOON)
    job_id = enqueued("test.tomorrow", {"not_before": (NOON + timedelta(days=1)).isoformat()})
    assert run_due() == 1
    job = found(job_id)
    assert (job.state, job.attempts, job.due_at) == (
        JobState.QUEUED,
        0,
        NOON + timedelta(days=1),
    )
    clock.advance(timedelta(days=1))
    assert run_due() == 1
    assert found(job_id).state == JobState.DONE


def test_what_a_handler_leaves_open_is_rolled_back(app: Flask) -> None:
    job_id = enqueued("test.leaves_a_mess")
    run_due()
    assert found(job_id).state == JobState.DONE
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 1


def test_jobs_are_not_run_inside_a_transaction(app: Flask) -> None:
    with transaction(), pytest.raises(RuntimeError):
        run_due()


def test_a_job_of_another_release_is_buried_in_time_and_hurts_nobody(app: Flask) -> None:
    clock.set(NOON)
    job_id = enqueued("test.note", {"number": 1})
    with transaction() as session:
        session.execute(sa.update(Job).values(name="retired.job"))
    for _ in range(5):
        run_due()
        clock.advance(timedelta(hours=1))
    job = found(job_id)
    assert job.state == JobState.BURIED
    assert job.last_error == ("UnknownJob: no handler is registered for the job 'retired.job'")


def test_two_workers_never_run_one_job_at_once(app: Flask) -> None:
    job_ids = [enqueued("test.note", {"number": number}) for number in range(10)]
    start = threading.Barrier(8)
    errors: list[BaseException] = []

    def worker() -> None:
        start.wait()
        try:
            with app.app_context():
                for job_id in job_ids:
                    run(job_id)
                while run_next():
                    pass
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(work_for_tests.done) == list(range(10))
    assert {found(job_id).attempts for job_id in job_ids} == {1}


def test_a_job_whose_worker_died_is_run_again_after_its_lease(app: Flask) -> None:
    clock.set(NOON)
    job_id = enqueued("test.note", {"number": 1})
    assert engine._claim(Job.id == job_id) is not None  # and then the power went
    clock.advance(timedelta(seconds=59))
    sweep()
    assert found(job_id).state == JobState.RUNNING
    clock.advance(timedelta(seconds=1))
    sweep()
    job = found(job_id)
    assert (job.state, job.attempts, job.last_error) == (JobState.QUEUED, 1, ABANDONED)
    clock.set(job.due_at)
    assert run_due() == 1
    assert found(job_id).attempts == 2


def test_a_job_that_kills_its_worker_each_time_is_buried_after_five(app: Flask) -> None:
    clock.set(NOON)
    job_id = enqueued("test.note", {"number": 1})
    for _ in range(5):
        assert engine._claim(Job.id == job_id) is not None
        clock.advance(timedelta(minutes=1))
        sweep()
        clock.advance(timedelta(hours=1))
    job = found(job_id)
    assert (job.state, job.attempts, job.last_error) == (JobState.BURIED, 5, ABANDONED)


def test_a_long_job_keeps_its_lease_while_its_worker_lives(app: Flask) -> None:
    clock.set(NOON)

    def half_a_minute_four_times() -> None:
        for _ in range(4):
            clock.advance(timedelta(seconds=30))
            extend_leases()
            sweep()

    meeting["act"] = half_a_minute_four_times
    job_id = enqueued("test.meets")
    assert run_due() == 1
    job = found(job_id)
    assert (job.state, job.attempts, len(begun)) == (JobState.DONE, 1, 1)


def test_a_worker_that_lost_its_lease_does_not_overwrite_what_came_after(app: Flask) -> None:
    clock.set(NOON)

    def sleep_through_the_lease() -> None:
        clock.advance(timedelta(minutes=2))
        sweep()
        clock.advance(timedelta(minutes=2))

    meeting["act"] = sleep_through_the_lease
    job_id = enqueued("test.meets")
    assert run(job_id) is True
    job = found(job_id)
    assert (job.state, job.attempts, job.last_error) == (JobState.QUEUED, 1, ABANDONED)


def test_the_figures_of_the_queue(app: Flask) -> None:
    clock.set(NOON)
    enqueued("test.impatient")
    run_due()
    enqueued("test.poison")
    run_due()
    enqueued("test.note", {"number": 1})
    engine._claim(Job.id == enqueued("test.note", {"number": 2}))
    clock.advance(timedelta(seconds=1))
    enqueued("test.note", {"number": 3})
    clock.advance(timedelta(seconds=1))
    figures = queue_figures()
    assert (figures.due_count, figures.later_count) == (2, 1)
    assert (figures.running_count, figures.buried_count) == (1, 1)
    assert figures.oldest_due_seconds == 2
