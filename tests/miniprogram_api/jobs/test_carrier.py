import dataclasses
import sys
from collections.abc import Iterator

import dramatiq
import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.settings import SettingsError, settings
from miniprogram_api.demo.valkey import FORGETFUL, start
from miniprogram_api.jobs import carrier as carriers
from miniprogram_api.jobs.carrier import carrier, init_jobs
from miniprogram_api.jobs.models import Job, JobState
from miniprogram_api.jobs.outbox import enqueue
from miniprogram_api.jobs.sweep import sweep
from tests.conftest import TEST_SETTINGS
from tests.miniprogram_api.jobs import work_for_tests
from tests.services import valkey


def enqueued(number: int) -> None:
    with transaction():
        enqueue("test.note", {"number": number})


def carried_by(app: Flask, url: str) -> None:
    init_jobs(app, dataclasses.replace(settings(), broker_url=url))


def work_off() -> None:
    """Let dramatiq's own worker threads empty the queue."""
    worker = dramatiq.Worker(carrier().broker, worker_threads=2, worker_timeout=20)
    worker.start()
    carrier().broker.join(carriers.QUEUE, timeout=10_000)
    worker.stop()


@pytest.fixture
def cluster() -> Iterator[str]:
    with valkey.cluster() as url:
        yield url


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_redis_cluster_carries_jobs(app: Flask, cluster: str) -> None:
    work_for_tests.done.clear()
    carried_by(app, cluster)
    for number in range(5):
        enqueued(number)
    assert carrier().depth() == 5
    work_off()
    assert sorted(work_for_tests.done) == [0, 1, 2, 3, 4]
    assert set(db.session.scalars(sa.select(Job.state))) == {JobState.DONE}


def test_a_broker_that_came_back_is_used_again(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carriers, "REST_SECONDS", 0.0)
    with valkey.running() as server:
        carried_by(app, server.url)
        server.kill()
        enqueued(1)
        assert sweep() is False
        folder = server.log.parent
        again = start(folder, socket=folder / "s", options=FORGETFUL)
        try:
            enqueued(2)
            assert carrier().depth() == 1
        finally:
            again.kill()


def test_a_broker_that_is_away_is_not_asked_by_each_request(app: Flask) -> None:
    with valkey.running() as server:
        carried_by(app, server.url)
        server.kill()
        assert carrier().depth() is None
        asked: list[object] = []
        carrier().broker.emit_before = lambda *facts: asked.append(facts)  # type: ignore[method-assign]
        enqueued(1)
        assert asked == []


def test_rabbitmq_without_its_package_is_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "dramatiq.brokers.rabbitmq", None)
    with pytest.raises(SettingsError, match="pika"):
        create_app({**TEST_SETTINGS, "DATABASE_URL": "sqlite://", "BROKER_URL": "amqp://localhost"})
