"""The operator's commands, and the jobs that do the same by the calendar."""

import json

import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.jobs.registry import registered
from miniprogram_api.jobs.schedule import schedules
from points_mall.reports.figures import member_figures, points_figures
from points_mall.reports.models import PointsDay

from .conftest import differences, earn


def reports(app: Flask, *arguments: str) -> Result:
    done = app.test_cli_runner().invoke(args=["reports", *arguments])
    db.session.rollback()
    return done


def test_what_the_jobs_keep_is_right(member: int) -> None:
    earn(member, 10, "a")
    for name in ("reports.follow", "reports.recount", "reports.recount_all"):
        assert name in schedules()
        registered(name).handler({"due_at": now().isoformat()})
    db.session.rollback()
    assert points_figures(1).issued_points == 10
    assert (member_figures().open_count, member_figures().active_count) == (1, 1)
    assert differences() == []


def test_the_operator_counts_rebuilds_and_verifies(app: Flask, member: int) -> None:
    earn(member, 10, "a")
    assert reports(app, "follow").output == "1 counted · 已计入 1\n"
    assert reports(app, "verify").output == "0 differences · 差异 0 处\n"
    with transaction() as session:
        session.execute(sa.update(PointsDay).values(given_count=2))
    found = reports(app, "verify", "--json")
    assert found.exit_code == 1
    assert json.loads(found.output)[0]["what"] == "points 2026-11-21 test_gift test"
    assert "1 counted" in reports(app, "rebuild").output
    assert reports(app, "verify").exit_code == 0
