import json
import re
from collections.abc import Callable

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from miniprogram_api.auth.guards import public
from miniprogram_api.core.db import db
from miniprogram_api.core.settings import settings


def test_every_answer_carries_a_request_id_and_safe_headers(client: FlaskClient) -> None:
    for path in ("/healthz", "/nothing", "/api/v1/nothing", "/", "/openapi.json"):
        headers = client.get(path).headers
        assert re.fullmatch("[0-9a-f]{24}", headers["X-Request-Id"]), path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_a_request_id_of_the_callers_is_kept(client: FlaskClient) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": "abc-123-DEF"})
    assert answer.headers["X-Request-Id"] == "abc-123-DEF"


def test_pages_take_scripts_and_styles_from_here_alone(client: FlaskClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'")
    assert "unsafe" not in policy


Lines = Callable[[], list[str]]


@pytest.fixture
def lines(app: Flask, capsys: pytest.CaptureFixture[str]) -> Lines:
    """The request lines of the log, as they are written."""
    return lambda: [line for line in capsys.readouterr().err.splitlines() if '"request"' in line]


def test_a_request_is_one_line_with_its_route_and_no_personal_data(
    app: Flask, lines: Lines
) -> None:
    @public
    def greet(phone: str) -> str:
        g.member_id = 7
        return phone

    app.add_url_rule("/api/v1/greetings/<phone>", view_func=greet)
    secret = {"Authorization": "Bearer s3cret", "User-Agent": "s3cret", "X-Request-Id": "req-0001"}
    app.test_client().get("/api/v1/greetings/13800138000?token=s3cret", headers=secret)
    [line] = lines()
    written = json.loads(line)
    assert written.pop("ms") >= 0
    assert written.pop("timestamp")
    assert written == {
        "event": "request",
        "logger": "request",
        "level": "info",
        "id": "req-0001",
        "method": "GET",
        "route": "/api/v1/greetings/<phone>",
        "status": 200,
        "problem": None,
        "member_id": 7,
    }
    assert "13800138000" not in line
    assert "s3cret" not in line


def test_a_path_that_is_unknown_is_not_written_down(client: FlaskClient, lines: Lines) -> None:
    client.get("/api/v1/13800138000%0Afake line")
    [line] = lines()
    assert json.loads(line)["route"] == "(none)"
    assert json.loads(line)["problem"] == "not_found"
    assert "\n" not in line
    assert "13800138000" not in line


def test_machines_that_ask_if_all_is_well_do_not_fill_the_log(
    client: FlaskClient, lines: Lines
) -> None:
    client.get("/healthz")
    assert lines() == []


def test_healthz_asks_nobody(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_readyz_is_ready_when_all_answer(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_readyz_names_what_is_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    away = app.extensions["redis_client"].connection_pool
    monkeypatch.setattr(away, "connection_kwargs", {"path": "/nowhere/redis.sock"})
    away.disconnect()
    away.reset()
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["code"] == "not_ready"
    assert answer.get_json()["failures"] == {"redis": "RedisAway"}
    assert answer.headers["Retry-After"] == "5"
    db.session.rollback()


def test_figures_are_for_who_has_the_token(client: FlaskClient) -> None:
    for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer ünicode"}):
        answer = client.get("/metrics", headers=wrong)
        assert (answer.status_code, answer.get_json()["code"]) == (401, "metrics_token_invalid")
    client.get("/api/v1/nothing")
    right = {"Authorization": f"Bearer {settings().metrics_token}"}
    text = client.get("/metrics", headers=right).text
    assert 'mall_request_seconds_count{method="GET",route="/metrics"}' in text
    assert re.search(
        r'mall_answers_total\{method="GET",problem="not_found",route="\(none\)",status="404"\} \d',
        text,
    )


class TestWithoutAToken:
    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"METRICS_TOKEN": ""}

    def test_figures_are_closed(self, client: FlaskClient) -> None:
        assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
