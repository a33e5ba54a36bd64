import errno
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import redis
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.auth.guards import public
from miniprogram_api.core import errors
from miniprogram_api.core.redis import RedisAway

# How an error is told has nothing to do with the database: one of the two is enough.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def raising(app: Flask, error: Exception) -> FlaskClient:
    """A client of an application whose /api/v1/trouble raises `error`."""

    def trouble() -> str:
        raise error

    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/api/v1/trouble", view_func=public(trouble))
    return app.test_client()


class SoldOut(errors.Conflict):
    code = "sold_out"
    title_zh = "已抢光"
    title_en = "Sold out"


@pytest.fixture
def sold_out(app: Flask) -> FlaskClient:
    at = datetime(2026, 11, 21, 2, 0, 0, 999, tzinfo=UTC)
    return raising(app, SoldOut("0 of 5 left", left=0, next_at=at, tried=[at]))


def test_a_refusal_is_told_in_chinese_unless_asked_otherwise(sold_out: FlaskClient) -> None:
    answer = sold_out.get("/api/v1/trouble", headers={"X-Request-Id": "abcdefgh-1"})
    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Content-Language"] == "zh-CN"
    assert answer.json == {
        "type": "/docs/problems#sold_out",
        "title": "已抢光",
        "status": 409,
        "code": "sold_out",
        "detail": "0 of 5 left",
        "request_id": "abcdefgh-1",
        "left": 0,
        "next_at": "2026-11-21T10:00:00+08:00",
        "tried": ["2026-11-21T10:00:00+08:00"],
    }


@pytest.mark.parametrize(
    ("accepted", "title"),
    [
        ("en", "Sold out"),
        ("en-GB,en;q=0.9", "Sold out"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "已抢光"),
        ("zh-TW", "已抢光"),
        ("fr", "已抢光"),
        ("en;q=0.1,zh;q=0.9", "已抢光"),
        ("*", "已抢光"),
        (";;;q=x", "已抢光"),
    ],
)
def test_titles_follow_accept_language(sold_out: FlaskClient, accepted: str, title: str) -> None:
    answer = sold_out.get("/api/v1/trouble", headers={"Accept-Language": accepted})
    assert answer.get_json()["title"] == title


def test_waiting_is_told_in_retry_after(app: Flask) -> None:
    answer = raising(app, errors.SlowDown("too fast", retry_after_seconds=7)).get("/api/v1/trouble")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


def test_numbers_cannot_pose_as_standard_members(app: Flask) -> None:
    client = raising(app, SoldOut("x", status=200, code="fine", title="fine"))
    problem = client.get("/api/v1/trouble").get_json()
    assert (problem["status"], problem["code"], problem["title"]) == (409, "sold_out", "已抢光")


SECRET = "postgresql://mall:hunter2@db.internal/mall"
AWAY: dict[str, Callable[[], Exception]] = {
    "the database refuses": lambda: sa.exc.OperationalError("SELECT 1", {}, Exception(SECRET)),
    "the connection is gone": lambda: sa.exc.InterfaceError("SELECT 1", {}, Exception(SECRET)),
    "no connection is free": lambda: sa.exc.TimeoutError(SECRET),
    "the connection broke in a statement": lambda: sa.exc.DBAPIError(
        "SELECT 1", {}, Exception(SECRET), connection_invalidated=True
    ),
    "the disk is full": lambda: OSError(errno.ENOSPC, "No space left on device"),
    "redis refuses": lambda: redis.ConnectionError(SECRET),
    "redis is slow": lambda: redis.TimeoutError(SECRET),
    "redis is away": lambda: RedisAway(SECRET),
}


@pytest.mark.parametrize("trouble", AWAY.values(), ids=AWAY.keys())
def test_what_is_away_asks_to_try_later(app: Flask, trouble: Callable[[], Exception]) -> None:
    answer = raising(app, trouble()).get("/api/v1/trouble", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.get_json()["code"] == "try_later"
    assert "hunter2" not in answer.text
    assert "SELECT" not in answer.text


MISTAKES: dict[str, Callable[[], Exception]] = {
    "a bug": lambda: ZeroDivisionError("secret detail"),
    "a broken statement": lambda: sa.exc.ProgrammingError("SELECT secret", {}, Exception("x")),
    "a missing file": lambda: FileNotFoundError(errno.ENOENT, "secret.txt"),
}


@pytest.mark.parametrize("trouble", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_of_ours_gives_nothing_away(
    app: Flask, trouble: Callable[[], Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    answer = raising(app, trouble()).get("/api/v1/trouble")
    problem = answer.get_json()
    assert (answer.status_code, problem["code"]) == (500, "internal_error")
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_unknown_api_paths_are_problems_even_for_browsers(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nothing", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


def test_unknown_pages_are_small_pages_for_browsers(client: FlaskClient) -> None:
    answer = client.get("/nothing", headers={"Accept": "text/html,*/*", "Accept-Language": "en"})
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "Not found" in answer.text


def test_a_wrong_verb_says_which_are_right(client: FlaskClient) -> None:
    answer = client.delete("/healthz")
    assert (answer.status_code, answer.get_json()["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
