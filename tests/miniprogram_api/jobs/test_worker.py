"""The worker as a process of its own, with a real broker, killed and stopped for real."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.db import db, transaction
from miniprogram_api.demo.valkey import Valkey
from miniprogram_api.jobs.models import Job, JobState
from miniprogram_api.jobs.outbox import enqueue
from miniprogram_api.jobs.worker import QUIET_SECONDS, look_after
from tests.conftest import TEST_SETTINGS
from tests.miniprogram_api.jobs import work_for_tests
from tests.services import valkey

ROOT = Path(__file__).parents[3]
SCRIPT = Path(work_for_tests.__file__)


@pytest.fixture
def broker() -> Iterator[Valkey]:
    with valkey.running() as server:
        yield server


@pytest.fixture
def app_settings(broker: Valkey) -> dict[str, object]:
    return {"BROKER_URL": broker.url}


@pytest.fixture
def environment(app: Flask, database: str, redis_server: str, broker: Valkey) -> dict[str, str]:
    ours = {name: str(value) for name, value in TEST_SETTINGS.items()}
    urls = {"DATABASE_URL": database, "REDIS_URL": redis_server, "BROKER_URL": broker.url}
    return {**os.environ, **ours, **urls, "PYTHONPATH": str(ROOT)}


@contextlib.contextmanager
def worker_process(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, str(SCRIPT)],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", process.communicate()[1]
            yield process
        finally:
            process.kill()


def wait_until(happened: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def states(name: str) -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Job.state).filter_by(name=name).order_by(Job.id)))


def enqueue_slow(folder: Path, count: int = 1) -> None:
    (folder / "hang").touch()
    with transaction():
        for number in range(count):
            enqueue("test.slow", {"folder": str(folder), "reference": f"slow:{number}"})


def attempts(folder: Path) -> list[str]:
    path = folder / "attempts"
    return path.read_text().split() if path.exists() else []


def test_a_job_of_a_worker_killed_in_the_middle_runs_again_and_has_its_effect_once(
    environment: dict[str, str], tmp_path: Path
) -> None:
    enqueue_slow(tmp_path)
    with worker_process(environment) as first:
        wait_until(lambda: len(attempts(tmp_path)) == 1)
        first.kill()
    (tmp_path / "hang").unlink()
    with worker_process(environment):
        wait_until(lambda: states("test.slow") == [JobState.DONE])
    assert len(set(attempts(tmp_path))) == 2
    assert len(states("test.effect")) == 1
    [job] = db.session.scalars(sa.select(Job).filter_by(name="test.slow"))
    assert job.attempts == 2


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_worker_finishes_the_job_under_way(
    environment: dict[str, str], tmp_path: Path, stop: signal.Signals
) -> None:
    enqueue_slow(tmp_path)
    with worker_process(environment) as process:
        wait_until(lambda: len(attempts(tmp_path)) == 1)
        process.send_signal(stop)
        time.sleep(0.3)
        assert process.poll() is None
        (tmp_path / "hang").unlink()
        _, errors = process.communicate(timeout=15)
    assert process.returncode == 0, errors
    assert [json.loads(line)["event"] for line in errors.splitlines()][-1] == "worker_stopped"
    assert states("test.slow") == [JobState.DONE]


def test_a_worker_that_loses_its_broker_with_jobs_under_way_ends_when_told(
    environment: dict[str, str], broker: Valkey, tmp_path: Path
) -> None:
    enqueue_slow(tmp_path, 2)
    with worker_process(environment) as process:
        wait_until(lambda: len(attempts(tmp_path)) == 2)
        broker.kill()
        process.send_signal(signal.SIGTERM)
        time.sleep(QUIET_SECONDS * 2)
        assert process.poll() is None, "it did not wait for its jobs"
        (tmp_path / "hang").unlink()
        told_at = time.monotonic()
        _, errors = process.communicate(timeout=15)
        took_seconds = time.monotonic() - told_at
    assert took_seconds < 6
    assert process.returncode == 0, errors
    assert states("test.slow") == [JobState.DONE] * 2


def test_a_worker_told_while_it_cannot_acknowledge_ends(
    environment: dict[str, str], broker: Valkey, tmp_path: Path
) -> None:
    enqueue_slow(tmp_path, 2)
    with worker_process(environment) as process:
        wait_until(lambda: len(attempts(tmp_path)) == 2)
        broker.kill()
        (tmp_path / "hang").unlink()
        wait_until(lambda: states("test.slow") == [JobState.DONE] * 2)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=6)
    assert process.returncode == 0


def test_a_job_that_does_not_end_is_waited_for_no_longer_than_the_patience(
    environment: dict[str, str], tmp_path: Path
) -> None:
    enqueue_slow(tmp_path)
    with worker_process({**environment, "WORKER_STOP_SECONDS": "1"}) as process:
        wait_until(lambda: len(attempts(tmp_path)) == 1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=8)
    assert process.returncode == 0
    assert states("test.slow") == [JobState.RUNNING]


def test_a_long_job_is_not_taken_for_abandoned(environment: dict[str, str], tmp_path: Path) -> None:
    enqueue_slow(tmp_path)
    with worker_process(environment), worker_process(environment):
        wait_until(lambda: len(attempts(tmp_path)) == 1)
        time.sleep(4)  # twice its lease
        (tmp_path / "hang").unlink()
        wait_until(lambda: states("test.slow") == [JobState.DONE])
    assert len(attempts(tmp_path)) == 1


def test_jobs_go_on_while_the_broker_is_away(environment: dict[str, str], broker: Valkey) -> None:
    with worker_process(environment):
        broker.kill()
        with transaction():
            for number in range(10):
                enqueue("test.note", {"number": number})
        wait_until(lambda: states("test.note") == [JobState.DONE] * 10)


def test_two_workers_carry_a_crowd_of_jobs_around_one_poisoned(environment: dict[str, str]) -> None:
    with transaction():
        enqueue("test.poison", {})
        for number in range(60):
            enqueue("test.note", {"number": number})
    with worker_process(environment), worker_process(environment):
        wait_until(lambda: states("test.note") == [JobState.DONE] * 60)
    db.session.rollback()
    counts = db.session.scalars(sa.select(Job.attempts).filter_by(name="test.note"))
    assert set(counts) == {1}
    assert states("test.poison") == [JobState.QUEUED]


def test_the_sweep_itself_runs_what_is_due_without_a_broker(app: Flask, broker: Valkey) -> None:
    work_for_tests.done.clear()
    broker.kill()
    with transaction():
        enqueue("test.note", {"number": 1})
        enqueue("test.note", {"number": 2})
    db.session.remove()
    assert look_after(app, threading.Event()) is False
    assert work_for_tests.done == [1, 2]


def test_the_command_works_and_stops_cleanly(environment: dict[str, str]) -> None:
    with transaction():
        enqueue("jobs.purge", {})
    with subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app", "worker", "--threads", "1"],
        env=environment,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_until(lambda: states("jobs.purge") == [JobState.DONE])
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=15)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert json.loads(errors.splitlines()[-1])["event"] == "worker_stopped"
