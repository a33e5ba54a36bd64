"""Logging in and out, over HTTP, with WeChat's stand-in on the other end of a wire."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from miniprogram_api.auth import revocation
from miniprogram_api.auth.models import MemberSession
from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import Base, db
from miniprogram_api.members.models import Member
from tests.conftest import TEST_SETTINGS
from tests.services.wechat import Simulator

LI, WANG = "oLi-who-shops-on-Saturdays-01", "oWang-who-shops-on-Sundays-02"


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {"WX_OPEN_BASE": simulator.url, "REVOCATION_POLL_SECONDS": 0.2}


@pytest.fixture
def other_app(app: Flask, app_settings: dict[str, object]) -> Iterator[Flask]:
    """A second process in miniature: its own application on the same stores."""
    settings = app.extensions["settings"]
    urls = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    other = create_app({**TEST_SETTINGS, **urls, **app_settings})
    with other.app_context():
        yield other
        revocation.stop(other)
        db.session.remove()
        db.engine.dispose()
    other.extensions["redis_client"].close()


def log_in(client: FlaskClient, simulator: Simulator, openid: str = LI) -> dict[str, Any]:
    answer = client.post("/api/v1/sessions", json={"code": simulator.login_code(openid)})
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def bearer(session: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {session['access_token']}"}


def me(client: FlaskClient, session: dict[str, Any]) -> tuple[int, str]:
    answer = client.get("/api/v1/members/me", headers=bearer(session))
    return answer.status_code, answer.get_json().get("code", "")


def everything() -> str:
    """All rows of all tables, as one text to compare."""
    db.session.rollback()
    return json.dumps(
        {
            table.name: [list(map(str, row)) for row in db.session.execute(sa.select(table))]
            for table in Base.metadata.sorted_tables
        },
        sort_keys=True,
    )


def test_a_first_login_answers_with_the_member(client: FlaskClient, simulator: Simulator) -> None:
    session = log_in(client, simulator)
    member = session.pop("member")
    del session["access_token"]
    assert session == {"token_type": "Bearer", "expires_in": 7200, "is_new_member": True}
    number, joined_at = member.pop("member_no"), member.pop("joined_at")
    assert len(number) == 16
    assert number.isdigit()
    assert joined_at.endswith("+08:00")
    assert member == {
        "nickname": None,
        "birthday": None,
        "phone_masked": None,
        "tier": {"code": "regular", "name": "普通会员"},
        "points": {"available": 0, "held": 0, "pending": 0, "debt": 0},
        "balance_fen": 0,
    }


def test_a_later_login_finds_the_same_member(client: FlaskClient, simulator: Simulator) -> None:
    first, second = log_in(client, simulator), log_in(client, simulator)
    assert second["is_new_member"] is False
    assert second["member"]["member_no"] == first["member"]["member_no"]
    assert second["access_token"] != first["access_token"]


@pytest.mark.slow
def test_a_crowd_of_first_logins_is_one_member(
    app: Flask, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(app.extensions["settings"], "login_openid_per_minute", 0)
    codes = [simulator.login_code(LI) for _number in range(32)]
    together = threading.Barrier(32)

    def arrive(code: str) -> dict[str, Any]:
        with app.test_client() as client:
            together.wait()
            answer = client.post("/api/v1/sessions", json={"code": code})
            assert answer.status_code == 201, answer.text
            return dict(answer.get_json())

    with ThreadPoolExecutor(32) as crowd:
        sessions = list(crowd.map(arrive, codes))
    assert sum(session["is_new_member"] for session in sessions) == 1
    assert len({session["member"]["member_no"] for session in sessions}) == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Member)) == 1


def test_logging_out_ends_this_session_alone(client: FlaskClient, simulator: Simulator) -> None:
    phone, tablet = log_in(client, simulator), log_in(client, simulator)
    answer = client.delete("/api/v1/sessions/current", headers=bearer(phone))
    assert (answer.status_code, answer.data) == (204, b"")
    assert me(client, phone) == (401, "token_revoked")
    assert me(client, tablet) == (200, "")


def test_logging_out_everywhere_spares_other_members(
    client: FlaskClient, simulator: Simulator
) -> None:
    phone, tablet, wangs = (log_in(client, simulator, who) for who in (LI, LI, WANG))
    assert client.delete("/api/v1/sessions", headers=bearer(phone)).status_code == 204
    assert me(client, phone) == me(client, tablet) == (401, "token_revoked")
    assert me(client, wangs) == (200, "")


def test_my_sessions_are_mine_and_hold_no_secret(client: FlaskClient, simulator: Simulator) -> None:
    mine, also_mine, wangs = (log_in(client, simulator, who) for who in (LI, LI, WANG))
    answer = client.get("/api/v1/sessions", headers=bearer(mine))
    items = answer.get_json()["items"]
    assert [item["current"] for item in items] == [False, True]
    assert {frozenset(item) for item in items} == {
        frozenset({"id", "device", "issued_at", "expires_at", "current"})
    }
    for session in (mine, also_mine, wangs):
        assert session["access_token"] not in answer.text
    assert LI not in answer.text


def test_a_session_tells_its_kind_of_device(client: FlaskClient, simulator: Simulator) -> None:
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) MicroMessenger/8.0"
    code = simulator.login_code(LI)
    answer = client.post("/api/v1/sessions", json={"code": code}, headers={"User-Agent": agent})
    listed = client.get("/api/v1/sessions", headers=bearer(answer.get_json()))
    assert listed.get_json()["items"][0]["device"] == "iphone"


def test_an_expired_token_is_followed_by_a_silent_login(
    client: FlaskClient, simulator: Simulator
) -> None:
    clock.set(now())
    session = log_in(client, simulator)
    clock.advance(timedelta(seconds=7200))
    answer = client.get("/api/v1/members/me", headers=bearer(session))
    assert (answer.status_code, answer.get_json()["code"]) == (401, "token_expired")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="token_expired"'
    again = log_in(client, simulator)
    assert again["is_new_member"] is False
    assert me(client, again) == (200, "")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "token_missing"),
        ("", "token_missing"),
        ("Bearer", "token_missing"),
        ("Bearer  ", "token_missing"),
        ("Basic bGk6c2VjcmV0", "token_missing"),
        ("Bearer nonsense", "token_invalid"),
        ("Bearer eyJhbGciOiJub25lIn0.eyJtZW1iZXJfaWQiOjF9.", "token_invalid"),
        ("Bearer " + "A" * 8000, "token_invalid"),
        ("bearer \u00ff\u00fe", "token_invalid"),
    ],
)
def test_who_is_not_believed_hears_why(client: FlaskClient, header: str | None, code: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = client.put("/api/v1/members/me", json={"member_id": 1}, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (401, code)
    assert answer.headers["WWW-Authenticate"] == f'Bearer error="{code}"'


@pytest.mark.slow
def test_a_logout_reaches_another_process_within_five_seconds(
    app: Flask, other_app: Flask, simulator: Simulator
) -> None:
    here, there = app.test_client(), other_app.test_client()
    session = log_in(here, simulator)
    assert me(there, session) == (200, "")
    began = time.monotonic()
    here.delete("/api/v1/sessions", headers=bearer(session))
    assert me(here, session) == (401, "token_revoked")
    while me(there, session)[0] == 200:
        assert time.monotonic() - began < 5
        time.sleep(0.05)
    assert me(there, session) == (401, "token_revoked")


def test_a_process_that_starts_later_knows_what_was_ended(
    app: Flask, other_app: Flask, simulator: Simulator
) -> None:
    session = log_in(app.test_client(), simulator)
    app.test_client().delete("/api/v1/sessions/current", headers=bearer(session))
    assert me(other_app.test_client(), session) == (401, "token_revoked")


def test_the_database_away_leaves_what_is_known(
    app: Flask, client: FlaskClient, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, ended = log_in(client, simulator), log_in(client, simulator)
    client.delete("/api/v1/sessions/current", headers=bearer(ended))
    known = revocation._known()

    def away() -> None:
        raise sa.exc.OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(known, "refresh", away)
    time.sleep(0.5)
    assert me(client, alive) == (200, "")
    assert me(client, ended) == (401, "token_revoked")


def test_a_process_that_never_read_the_list_believes_nobody(
    app: Flask, client: FlaskClient, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = log_in(client, simulator)
    revocation.stop(app)

    def away(_self: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, Exception("away"))

    with monkeypatch.context() as patched:
        patched.setattr(revocation.Revocations, "refresh", away)
        assert me(client, session) == (503, "try_later")
    assert me(client, session) == (200, "")


def test_a_code_is_good_once(client: FlaskClient, simulator: Simulator) -> None:
    code = simulator.login_code(LI)
    assert client.post("/api/v1/sessions", json={"code": code}).status_code == 201
    before = everything()
    answer = client.post("/api/v1/sessions", json={"code": code})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "login_code_invalid")
    assert everything() == before


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "nonsense", "what": "html"}, 503, "wechat_unavailable"),
        ({"kind": "nonsense", "what": "wrong_types"}, 503, "wechat_unavailable"),
        ({"kind": "http_error", "status": 502}, 503, "wechat_unavailable"),
        ({"kind": "reset"}, 503, "wechat_unavailable"),
        ({"kind": "reset", "after_acting": True}, 503, "wechat_unavailable"),
        ({"kind": "errcode", "errcode": -1}, 503, "wechat_unavailable"),
        ({"kind": "errcode", "errcode": 40226}, 403, "wechat_blocked"),
        ({"kind": "errcode", "errcode": 45011}, 429, "too_many_logins"),
        ({"kind": "errcode", "errcode": 40125}, 503, "wechat_unavailable"),
    ],
)
def test_a_login_that_fails_writes_nothing(
    client: FlaskClient, simulator: Simulator, fault: dict[str, Any], status: int, code: str
) -> None:
    before = everything()
    login_code = simulator.login_code(LI)
    simulator.fault(path="/sns/jscode2session", **fault)
    answer = client.post("/api/v1/sessions", json={"code": login_code})
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert ("Retry-After" in answer.headers) == (status in {429, 503})
    assert everything() == before


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "validation_failed"),
        ({"code": None}, 422, "validation_failed"),
        ({"code": 5}, 422, "validation_failed"),
        ({"code": ""}, 422, "validation_failed"),
        ({"code": "x" * 513}, 422, "validation_failed"),
        ({"code": "x", "openid": "oWang"}, 422, "validation_failed"),
        ({"code": "never issued"}, 401, "login_code_invalid"),
        ({"code": "令牌"}, 401, "login_code_invalid"),
        ({"code": "never-issued"}, 401, "login_code_invalid"),
    ],
)
def test_what_is_no_login_code(
    client: FlaskClient, simulator: Simulator, body: dict[str, Any], status: int, code: str
) -> None:
    before = everything()
    answer = client.post("/api/v1/sessions", json=body)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert everything() == before


def test_a_code_of_another_mini_program_is_refused(
    client: FlaskClient, simulator: Simulator
) -> None:
    code = simulator.login_code(LI, appid="wx0000000000000002")
    answer = client.post("/api/v1/sessions", json={"code": code})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "login_code_invalid")


def test_logins_of_one_wechat_user_are_paced(client: FlaskClient, simulator: Simulator) -> None:
    clock.set(now())
    answers = [
        client.post("/api/v1/sessions", json={"code": simulator.login_code(LI)})
        for _number in range(11)
    ]
    assert [answer.status_code for answer in answers] == [201] * 10 + [429]
    assert answers[-1].get_json()["code"] == "slow_down"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 6
    assert log_in(client, simulator, WANG)["is_new_member"]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(MemberSession)) == 11


def test_a_member_who_writes_too_fast_is_slowed_down(
    client: FlaskClient, simulator: Simulator
) -> None:
    session, wangs = log_in(client, simulator), log_in(client, simulator, WANG)
    act = {"document": "terms", "version": "1", "given": True}
    answers = [
        client.post("/api/v1/members/me/consents", json=act, headers=bearer(session)).status_code
        for _number in range(60)
    ]
    assert answers[:20] == [201] * 20
    assert 429 in answers
    assert me(client, session) == (200, "")
    assert (
        client.post("/api/v1/members/me/consents", json=act, headers=bearer(wangs)).status_code
        == 201
    )


def test_cloud_run_headers_mean_nothing_elsewhere(
    client: FlaskClient, simulator: Simulator
) -> None:
    headers = {"X-WX-OPENID": LI, "X-WX-APPID": "wx0000000000000001", "X-WX-SOURCE": "wx_client"}
    answer = client.post("/api/v1/sessions", json={}, headers=headers)
    assert answer.status_code == 422
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Member)) == 0


class TestBehindCloudRun:
    @pytest.fixture
    def app_settings(self, simulator: Simulator) -> dict[str, object]:
        return {"WX_OPEN_BASE": simulator.url, "WECHAT_IDENTITY": "cloud_run"}

    def test_the_headers_log_in(self, client: FlaskClient, simulator: Simulator) -> None:
        headers = {"X-WX-OPENID": LI, "X-WX-APPID": "wx0000000000000001"}
        first = client.post("/api/v1/sessions", json={}, headers=headers)
        assert (first.status_code, first.get_json()["is_new_member"]) == (201, True)
        by_code = log_in(client, simulator)
        assert by_code["member"]["member_no"] == first.get_json()["member"]["member_no"]
        assert me(client, first.get_json()) == (200, "")

    def test_headers_of_another_program_do_not(self, client: FlaskClient) -> None:
        headers = {"X-WX-OPENID": LI, "X-WX-APPID": "wx0000000000000002"}
        assert client.post("/api/v1/sessions", json={}, headers=headers).status_code == 422
