from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.redis import redis_client
from miniprogram_api.core.settings import settings
from miniprogram_api.demo.valkey import Valkey
from miniprogram_api.jobs.carrier import carrier, init_jobs
from miniprogram_api.jobs.models import Job, JobState
from miniprogram_api.jobs.outbox import enqueue, enqueue_many
from miniprogram_api.jobs.sweep import sweep
from tests.miniprogram_api.jobs import work_for_tests  # noqa: F401 - registers the jobs
from tests.services import valkey

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)


def enqueued(count: int, due_at: datetime | None = None) -> None:
    with transaction():
        enqueue_many("test.note", [(None, {"number": n}) for n in range(count)], due_at=due_at)


def test_a_later_job_is_handed_over_when_its_moment_has_come(app: Flask) -> None:
    clock.set(NOON)
    enqueued(1, due_at=NOON + timedelta(minutes=5))
    assert sweep() is True
    assert carrier().depth() == 0
    clock.advance(timedelta(minutes=5))
    assert sweep() is True
    assert sweep() is True
    assert carrier().depth() == 1


def test_a_job_that_the_broker_lost_is_handed_over_again_after_a_minute(app: Flask) -> None:
    clock.set(NOON)
    enqueued(1)
    redis_client().flushall()
    clock.advance(timedelta(seconds=59))
    sweep()
    assert carrier().depth() == 0
    clock.advance(timedelta(seconds=1))
    sweep()
    assert carrier().depth() == 1


def test_many_jobs_are_handed_over_in_turns(app: Flask) -> None:
    enqueued(450)
    for _ in range(3):
        assert sweep() is True
    assert carrier().depth() == 450


def test_a_deep_queue_is_not_made_deeper(app: Flask) -> None:
    enqueued(1500)
    for _ in range(10):
        sweep()
    assert carrier().depth() == 1000


def test_what_is_over_is_not_swept(app: Flask) -> None:
    enqueued(1)
    with transaction() as session:
        session.execute(sa.update(Job).values(state=JobState.DONE, sweep_at=None))
    redis_client().flushall()
    clock.set(datetime.now(UTC) + timedelta(days=1))
    assert sweep() is True
    assert carrier().depth() == 0


@pytest.fixture
def broker_of_its_own(app: Flask) -> Iterator[Valkey]:
    with valkey.running() as server:
        changed = {**vars(settings()), "broker_url": server.url}
        init_jobs(app, type(settings())(**changed))
        yield server


def test_without_the_broker_a_job_is_written_all_the_same(
    app: Flask, broker_of_its_own: Valkey
) -> None:
    broker_of_its_own.kill()
    with transaction():
        enqueue("test.note", {"number": 1})
    assert db.session.scalars(sa.select(Job.state)).all() == [JobState.QUEUED]
    assert sweep() is False
