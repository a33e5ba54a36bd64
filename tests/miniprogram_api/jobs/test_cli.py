import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.jobs.models import Job, JobState
from miniprogram_api.jobs.outbox import enqueue
from tests.miniprogram_api.jobs import work_for_tests

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon() -> None:
    clock.set(NOON)
    work_for_tests.done.clear()


def enqueued(name: str, due_at: datetime | None = None) -> int:
    with transaction() as session:
        enqueue(name, {"number": 1}, due_at=due_at)
        return session.scalars(sa.select(sa.func.max(Job.id))).one()


def states() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Job.state).order_by(Job.id)))


def flask(app: Flask, *words: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["jobs", *words])
    return result.exit_code, result.stdout


def test_what_is_due_is_run_by_command(app: Flask) -> None:
    enqueued("test.note")
    assert flask(app, "run-due", "--json") == (0, '{"run": 1}\n')
    assert work_for_tests.done == [1]
    assert flask(app, "run-due") == (0, "0 run\n")


def test_a_buried_job_is_listed_with_its_error_and_retried_by_command(app: Flask) -> None:
    job_id = enqueued("test.impatient")
    enqueued("test.note")
    flask(app, "run-due")
    code, text = flask(app, "list", "--state", "buried", "--json")
    assert code == 0
    assert json.loads(text) == [
        {
            "id": job_id,
            "name": "test.impatient",
            "key": None,
            "state": "buried",
            "attempts": 1,
            "last_error": "ValueError: once is enough",
            "created_at": "2026-11-21T12:00:00+08:00",
            "due_at": "2026-11-21T12:00:00+08:00",
            "finished_at": "2026-11-21T12:00:00+08:00",
        }
    ]
    code, text = flask(app, "retry", str(job_id), "--json")
    assert (code, json.loads(text)) == (0, {"retried": [job_id], "not_found": []})
    assert states() == [JobState.QUEUED, JobState.DONE]


def test_all_buried_jobs_of_a_name_are_retried(app: Flask) -> None:
    for _ in range(3):
        enqueued("test.impatient")
    flask(app, "run-due")
    assert flask(app, "retry", "--all", "--name", "test.note") == (0, "0 retried\n")
    assert flask(app, "retry", "--all") == (0, "3 retried\n")
    assert states() == [JobState.QUEUED] * 3


def test_a_waiting_job_is_retried_at_once(app: Flask) -> None:
    job_id = enqueued("test.note", due_at=NOON + timedelta(days=1))
    assert flask(app, "retry", str(job_id)) == (0, "1 retried\n")
    assert flask(app, "run-due") == (0, "1 run\n")


def test_what_is_not_there_gives_exit_code_1(app: Flask) -> None:
    code, text = flask(app, "retry", "404", "--json")
    assert (code, json.loads(text)) == (1, {"retried": [], "not_found": [404]})
    assert flask(app, "bury", "404")[0] == 1


@pytest.mark.parametrize("words", [["retry"], ["retry", "1", "--all"], ["bury"], ["retry", "x"]])
def test_an_unclear_command_gives_exit_code_2(app: Flask, words: list[str]) -> None:
    assert flask(app, *words)[0] == 2


def test_a_buried_job_is_not_run(app: Flask) -> None:
    job_id = enqueued("test.note")
    assert flask(app, "bury", str(job_id)) == (0, "1 buried\n")
    assert flask(app, "run-due") == (0, "0 run\n")
    assert flask(app, "bury", str(job_id))[0] == 1
    code, text = flask(app, "list")
    assert (code, text.split("  ")[-1]) == (0, "Buried by hand\n")


def test_old_done_jobs_are_purged_and_buried_ones_stay(app: Flask) -> None:
    enqueued("test.note")
    enqueued("test.impatient")
    flask(app, "run-due")
    clock.advance(timedelta(days=14))
    assert flask(app, "purge") == (0, "0 purged\n")
    clock.advance(timedelta(seconds=1))
    assert flask(app, "purge", "--json") == (0, '{"purged": 1}\n')
    assert states() == [JobState.BURIED]
