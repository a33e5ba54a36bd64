from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.jobs.carrier import carrier
from miniprogram_api.jobs.engine import run_due
from miniprogram_api.jobs.models import Job, JobState
from miniprogram_api.jobs.outbox import AT_ONCE, enqueue, enqueue_many
from miniprogram_api.jobs.registry import UnknownJob, job
from tests.miniprogram_api.jobs import work_for_tests

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_done() -> None:
    work_for_tests.done.clear()


def jobs() -> list[Job]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Job).order_by(Job.id)))


def test_a_job_is_written_with_its_fact_and_handed_over_after_the_commit(app: Flask) -> None:
    with transaction():
        assert enqueue("test.note", {"number": 7}) is True
        assert carrier().depth() == 0
    assert carrier().depth() == 1
    [job] = jobs()
    assert (job.name, job.payload, job.state, job.attempts) == (
        "test.note",
        {"number": 7},
        JobState.QUEUED,
        0,
    )


def test_a_fact_that_is_rolled_back_leaves_no_job(app: Flask) -> None:
    def enqueue_and_fail() -> None:
        with transaction():
            enqueue("test.note", {"number": 7})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        enqueue_and_fail()
    assert jobs() == []
    assert carrier().depth() == 0


def test_the_same_name_and_key_are_written_once(app: Flask) -> None:
    with transaction():
        assert enqueue("test.note", {"number": 1}, key="a") is True
    with transaction():
        assert enqueue("test.note", {"number": 2}, key="a") is False
        assert enqueue("test.effect", {}, key="a") is True
    assert [(job.name, job.payload) for job in jobs()] == [
        ("test.note", {"number": 1}),
        ("test.effect", {}),
    ]


def test_jobs_without_a_key_are_all_written(app: Flask) -> None:
    with transaction():
        enqueue("test.note", {"number": 1})
        enqueue("test.note", {"number": 1})
    assert len(jobs()) == 2


def test_many_jobs_are_written_in_few_statements_and_repeats_left_out(app: Flask) -> None:
    statements: list[str] = []
    count = AT_ONCE * 5
    with transaction():
        enqueue("test.note", {"number": 3}, key="3")
        sa.event.listen(
            db.engine, "before_cursor_execute", lambda *facts: statements.append(facts[2])
        )
        written = enqueue_many("test.note", [(str(n), {"number": n}) for n in range(count)])
    assert written == count - 1
    assert len(statements) == 1
    assert carrier().depth() == 1  # the many are left to the sweep
    assert run_due() == count
    assert sorted(work_for_tests.done) == list(range(count))


def test_a_name_without_a_handler_is_refused_when_it_is_enqueued(app: Flask) -> None:
    with pytest.raises(UnknownJob), transaction():
        enqueue("test.nobody_does_this", {})


def test_a_job_cannot_be_enqueued_outside_a_transaction(app: Flask) -> None:
    with pytest.raises(RuntimeError):
        enqueue("test.note", {"number": 1})


def test_a_later_job_waits_for_its_moment(app: Flask) -> None:
    clock.set(NOON)
    with transaction():
        enqueue("test.note", {"number": 1}, due_at=NOON + timedelta(hours=1))
    assert carrier().depth() == 0
    assert run_due() == 0
    clock.advance(timedelta(hours=1))
    assert run_due() == 1
    assert work_for_tests.done == [1]


def test_two_handlers_cannot_share_a_name() -> None:
    with pytest.raises(ValueError, match=r"test\.note"):
        job("test.note")(lambda _payload: None)
