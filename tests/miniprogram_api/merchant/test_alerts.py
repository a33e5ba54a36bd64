"""What needs somebody, on the dashboard; a watch that fails hides no other."""

import pytest
from flask import Flask

from miniprogram_api.core.errors import Unavailable
from miniprogram_api.jobs.models import JobState
from miniprogram_api.merchant import alerts
from miniprogram_api.merchant.alerts import Alert, add_watch
from tests.office import Clerk

from .test_job_pages import job


@pytest.fixture
def _own_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "_watches", dict(alerts._watches))


def test_nothing_is_said_where_nothing_is_wrong(app: Flask) -> None:
    assert alerts.alerts() == []
    assert "没有需要处理的异常" in Clerk(app, "editor").get("/admin/panels/alerts").text


def test_buried_jobs_are_told_with_the_page_that_shows_them(app: Flask) -> None:
    job(JobState.BURIED)
    page = Clerk(app, "manager").get("/admin/panels/alerts").text
    assert "1 个任务多次失败，已搁置" in page
    assert 'href="/admin/jobs?state=buried"' in page
    assert "/admin/jobs" not in Clerk(app, "editor").get("/admin/panels/alerts").text


@pytest.mark.usefixtures("_own_watches")
def test_a_watch_that_fails_is_an_alert_and_the_grave_come_first(app: Flask) -> None:
    def fails() -> list[Alert]:
        raise Unavailable("away")

    add_watch("mild", lambda: [Alert("留意", "look", "/admin")])
    add_watch("broken", fails)
    add_watch("grave", lambda: [Alert("紧急", "urgent", "/admin", is_grave=True)])
    assert [alert.en for alert in alerts.alerts()] == [
        "urgent",
        "look",
        "Cannot be looked at: broken",
    ]
