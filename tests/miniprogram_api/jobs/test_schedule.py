import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.jobs import schedule
from miniprogram_api.jobs.engine import run_due
from miniprogram_api.jobs.models import Job, ScheduleMark
from miniprogram_api.jobs.registry import Payload
from miniprogram_api.jobs.schedule import (
    OutboxExecutor,
    Schedule,
    catch_up,
    latest_due,
    schedule_jobs,
    scheduled,
    write_due,
)
from tests.builders import shanghai
from tests.conftest import TEST_SETTINGS

ROOT = Path(__file__).parents[3]
NOON = shanghai("2026-11-21 12:00")
seen: list[str] = []


@pytest.fixture(autouse=True)
def _schedules_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only these two schedules, whatever features have joined."""
    known = schedule._schedules
    ours = {name: known[name] for name in ("test.nightly", "test.each_second")}
    monkeypatch.setattr(schedule, "_schedules", ours)
    seen.clear()


@scheduled("test.nightly", cron="10 0 * * *")
def nightly(payload: Payload) -> None:
    seen.append(payload["due_at"])


@scheduled("test.each_second", every=timedelta(seconds=1))
def each_second(_payload: Payload) -> None:
    """Due so often that a test need not wait."""


def keys(name: str) -> list[str | None]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Job.key).filter_by(name=name).order_by(Job.key)))


def test_times_are_the_shops(app: Flask) -> None:
    nightly_run = Schedule("x", "10 0 * * *", None)
    assert latest_due(nightly_run, NOON - timedelta(days=9), NOON) == shanghai("2026-11-21 00:10")


@pytest.mark.parametrize(
    ("cron", "latest"),
    [
        ("* * * * *", "2026-11-21 12:00"),
        ("30 8 * * sat", "2026-11-21 08:30"),
        ("0 3 1 * *", "2026-11-01 03:00"),
        ("0 3 1 1 *", "2026-01-01 03:00"),
        ("0 0 29 2 *", None),
    ],
)
def test_the_latest_moment_is_found_however_seldom_it_comes(
    app: Flask, cron: str, latest: str | None
) -> None:
    asked = latest_due(Schedule("x", cron, None), NOON - timedelta(days=700), NOON)
    assert asked == (latest and shanghai(latest))


def test_what_comes_every_so_often_means_the_same_moments_to_everybody(app: Flask) -> None:
    often = Schedule("x", None, timedelta(minutes=15))
    asked_at = NOON + timedelta(minutes=44, seconds=59)
    assert latest_due(often, NOON, asked_at) == NOON + timedelta(minutes=30)
    assert latest_due(often, NOON + timedelta(minutes=30), asked_at) is None
    fires = often.trigger().get_next_fire_time(None, asked_at)
    assert fires == NOON + timedelta(minutes=45)


def test_a_moment_is_written_once(app: Flask) -> None:
    due_at = shanghai("2026-11-21 00:10")
    assert write_due("test.nightly", due_at) is True
    assert write_due("test.nightly", due_at) is False
    assert run_due() == 1
    assert seen == ["2026-11-20T16:10:00+00:00"]


def test_a_moment_stays_written_when_its_job_has_been_purged(app: Flask) -> None:
    due_at = shanghai("2026-11-21 00:10")
    write_due("test.nightly", due_at)
    with transaction() as session:
        session.execute(sa.delete(Job))
    assert write_due("test.nightly", due_at) is False
    assert write_due("test.nightly", due_at - timedelta(days=1)) is False


def test_eight_schedulers_at_once_write_one_job(app: Flask) -> None:
    start = threading.Barrier(8)
    answers: list[bool] = []

    def scheduler() -> None:
        with app.app_context():
            start.wait()
            answers.append(write_due("test.nightly", NOON))

    threads = [threading.Thread(target=scheduler) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 7 + [True]
    assert keys("test.nightly") == ["2026-11-21T04:00:00+00:00"]


def test_a_schedule_seen_for_the_first_time_has_missed_nothing(app: Flask) -> None:
    clock.set(NOON)
    assert catch_up() == 0
    assert keys("test.nightly") == []


def test_three_missed_nights_are_caught_up_by_one_job(app: Flask) -> None:
    clock.set(NOON)
    catch_up()
    with transaction() as session:
        session.execute(sa.delete(ScheduleMark).filter_by(name="test.each_second"))
    clock.advance(timedelta(days=3))
    assert catch_up() == 1
    assert catch_up() == 0
    assert keys("test.nightly") == ["2026-11-23T16:10:00+00:00"]


def test_moments_that_came_together_are_one_job(app: Flask) -> None:
    executor, scheduler = OutboxExecutor(app), schedule._scheduler(app)
    executor.start(scheduler, "test")
    scheduler.start(paused=True)
    nightly_job = scheduler.get_job("test.nightly")
    nights = [shanghai(f"2026-11-{day} 00:10") for day in (19, 20, 21)]
    for _ in range(2):  # the second time: APScheduler does not think that the first still runs
        executor.submit_job(nightly_job, nights)
    scheduler.shutdown()
    assert keys("test.nightly") == ["2026-11-20T16:10:00+00:00"]


def test_the_scheduler_writes_what_is_due_and_stops_when_asked(app: Flask) -> None:
    stopping = threading.Event()
    schedulers = [threading.Thread(target=schedule_jobs, args=(app, stopping)) for _ in range(2)]
    for thread in schedulers:
        thread.start()
    time.sleep(2.6)
    stopping.set()
    for thread in schedulers:
        thread.join(timeout=10)
        assert not thread.is_alive()
    written = [datetime.fromisoformat(key or "") for key in keys("test.each_second")]
    assert 2 <= len(written) <= 4
    steps = {later - earlier for earlier, later in itertools.pairwise(written)}
    assert steps == {timedelta(seconds=1)}


@pytest.mark.parametrize(
    ("cron", "every"),
    [
        (None, None),
        ("* * * * *", timedelta(seconds=1)),
        ("* * * *", None),
        ("61 * * * *", None),
        ("0 0 * * 1", None),
        (None, timedelta(milliseconds=1500)),
        (None, timedelta(0)),
    ],
)
def test_a_schedule_that_says_no_clear_time_is_refused(
    cron: str | None, every: timedelta | None
) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - APScheduler's own words for a bad line
        scheduled("test.unclear", cron=cron, every=every)


def test_the_command_stops_cleanly(app: Flask, database: str, redis_server: str) -> None:
    ours = {name: str(value) for name, value in TEST_SETTINGS.items()}
    environment = {**os.environ, **ours, "DATABASE_URL": database, "REDIS_URL": redis_server}
    with subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app", "scheduler"],
        env=environment,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        while "scheduler_started" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "scheduler_stopped" in errors


def test_noon_in_shanghai_is_four_in_utc() -> None:
    assert datetime(2026, 11, 21, 4, tzinfo=UTC) == NOON
