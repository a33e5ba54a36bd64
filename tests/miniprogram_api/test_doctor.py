"""The doctor names what is wrong and what to do."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.jobs.models import Job, JobState
from tests.services.wechat import Simulator


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {"WX_OPEN_BASE": simulator.url}


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


def ailing(runner: FlaskCliRunner) -> dict[str, str]:
    """What is wrong, by the check's name: the remedy."""
    answer = runner.invoke(args=["doctor", "--json"])
    found = json.loads(answer.output.splitlines()[-1])
    assert answer.exit_code == (0 if all(one["is_well"] for one in found) else 1)
    return {one["name"]: one["remedy"] for one in found if not one["is_well"]}


def known_ailments() -> dict[str, str]:
    """The tests' PostgreSQL is quick and not durable, and the doctor says so."""
    if db.engine.dialect.name == "sqlite":
        return {}
    return {"数据库 · database": "acknowledged orders could be lost: turn both on"}


def test_a_sound_installation_is_sound(runner: FlaskCliRunner) -> None:
    assert ailing(runner) == known_ailments()


def test_a_buried_job_is_named_with_its_remedy(runner: FlaskCliRunner) -> None:
    with transaction() as session:
        session.add(
            Job(
                name="points.expire",
                payload={},
                state=JobState.BURIED,
                created_at=now(),
                due_at=now(),
                finished_at=now(),
            )
        )
    assert ailing(runner) == {
        **known_ailments(),
        "任务 · jobs": "flask jobs list --state buried",
    }


@pytest.mark.parametrize("app_settings", [{"WX_SECRET": "", "WX_APPID": ""}])
def test_missing_credentials_are_named(runner: FlaskCliRunner) -> None:
    assert "微信 · WeChat" in ailing(runner)


def test_a_failing_check_does_not_end_the_examination(app: Flask, runner: FlaskCliRunner) -> None:
    app.extensions["redis_client"].connection_pool.connection_kwargs["path"] = "/nowhere.sock"
    app.extensions["redis_client"].connection_pool.disconnect()
    assert {"Redis", "时钟 · clocks"} <= set(ailing(runner))
