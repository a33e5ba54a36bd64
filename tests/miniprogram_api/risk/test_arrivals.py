"""Logging in, seen by anti-abuse: who is a member always may; who enrols may be turned away."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.db import db
from miniprogram_api.core.redis import redis_client
from miniprogram_api.members.models import Member
from miniprogram_api.risk import blocks, decisions, subjects
from miniprogram_api.risk.models import RiskDecision
from miniprogram_api.risk.subjects import Kind
from tests.services.valkey import free_port
from tests.services.wechat import Simulator

TABLET = {"X-Device-Id": "a-tablet-in-the-shop-1"}


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {"WX_OPEN_BASE": simulator.url, "WECHAT_RISK_RANK": True, "RISK_MEMBERS_PER_DEVICE": 2}


def log_in(client: FlaskClient, simulator: Simulator, who: str, **options: Any) -> Any:
    code = simulator.login_code(f"oShopper-{who:0>20}")
    return client.post("/api/v1/sessions", json={"code": code}, **options)


def members() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(Member)) or 0


def refusals() -> list[RiskDecision]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(RiskDecision).order_by(RiskDecision.id)))


def test_a_device_enrols_so_many_people_a_day(client: FlaskClient, simulator: Simulator) -> None:
    answers = [log_in(client, simulator, who, headers=TABLET) for who in ("li", "wang", "zhao")]
    assert [answer.status_code for answer in answers] == [201, 201, 403]

    problem = answers[2].get_json()
    [kept] = refusals()
    assert (problem["code"], problem["decision_id"]) == ("risk_denied", str(kept.id))
    assert kept.reasons == "members_per_device,young_account"
    assert kept.inputs["members_per_device"] == 3
    assert members() == 2

    elsewhere = log_in(client, simulator, "zhao", headers={"X-Device-Id": "a-phone-of-zhao"})
    assert elsewhere.status_code == 201


def test_who_is_a_member_is_never_turned_away(client: FlaskClient, simulator: Simulator) -> None:
    for who in ("li", "wang", "zhao"):
        log_in(client, simulator, who)
    for who in ("li", "wang", "zhao"):
        assert log_in(client, simulator, who, headers=TABLET).status_code == 201
    assert refusals() == []


def test_staff_lift_a_refusal_and_the_shopper_gets_in(
    client: FlaskClient, simulator: Simulator
) -> None:
    for who in ("li", "wang"):
        log_in(client, simulator, who, headers=TABLET)
    refused = log_in(client, simulator, "zhao", headers=TABLET).get_json()
    decisions.lift(int(refused["decision_id"]), actor="boss", why="an open day in the shop")
    assert log_in(client, simulator, "zhao", headers=TABLET).status_code == 201


@pytest.mark.parametrize("kind", [Kind.ADDRESS, Kind.DEVICE])
def test_a_blocked_place_enrols_nobody(
    client: FlaskClient, simulator: Simulator, kind: Kind
) -> None:
    given = {Kind.ADDRESS: "127.0.0.1", Kind.DEVICE: TABLET["X-Device-Id"]}[kind]
    log_in(client, simulator, "li", headers=TABLET)
    blocks.block(kind, subjects.subject_of(kind, given), reason="scripts", actor="boss")
    refused = log_in(client, simulator, "wang", headers=TABLET)
    assert refused.get_json()["code"] == "risk_denied"
    assert refusals()[0].reasons == f"{kind.value}_blocked,young_account"
    assert log_in(client, simulator, "li", headers=TABLET).status_code == 201


def test_a_device_id_of_the_wrong_form_is_refused(
    client: FlaskClient, simulator: Simulator
) -> None:
    for given in ("short", "x" * 65, "with space in it", "引号引号引号引号"):
        answer = log_in(client, simulator, "li", headers={"X-Device-Id": given.encode()})
        assert (answer.status_code, answer.get_json()["code"]) == (400, "device_id_invalid")
    assert members() == 0


class TestRank:
    def test_wechats_highest_rank_enrols_nobody(
        self, client: FlaskClient, simulator: Simulator
    ) -> None:
        simulator.control("users", openid=f"oShopper-{'li':0>20}", risk_rank=4)
        refused = log_in(client, simulator, "li")
        assert refused.get_json()["code"] == "risk_denied"
        assert refusals()[0].reasons == "wechat_rank_4,young_account"

    def test_wechat_is_asked_once_a_day(
        self, app: Flask, client: FlaskClient, simulator: Simulator
    ) -> None:
        for _ in range(3):
            assert log_in(client, simulator, "li").status_code == 201
        assert len(simulator.seen("getuserriskrank")) == 1
        [key] = list(redis_client().scan_iter("*risk_rank*"))
        assert redis_client().ttl(key) > 23 * 3600
        assert b"oShopper" not in key

    def test_while_wechat_does_not_say_people_get_in(
        self, client: FlaskClient, simulator: Simulator
    ) -> None:
        simulator.fault("busy", path="/wxa/getuserriskrank")
        assert log_in(client, simulator, "li").status_code == 201
        [key] = list(redis_client().scan_iter("*risk_rank*"))
        assert redis_client().get(key) == b"1"
        assert redis_client().ttl(key) <= 60


class TestWithoutRedis:
    @pytest.fixture
    def app_settings(self, simulator: Simulator) -> dict[str, object]:
        away = f"redis://127.0.0.1:{free_port()}"
        return {"WX_OPEN_BASE": simulator.url, "REDIS_URL": away, "RISK_MEMBERS_PER_DEVICE": 1}

    def test_nobody_is_counted_and_nobody_is_turned_away(
        self, client: FlaskClient, simulator: Simulator
    ) -> None:
        answers = [log_in(client, simulator, who, headers=TABLET) for who in ("li", "wang")]
        assert [answer.status_code for answer in answers] == [201, 201]


def test_nothing_personal_is_logged_or_kept(
    client: FlaskClient, simulator: Simulator, capfd: pytest.CaptureFixture[str]
) -> None:
    for who in ("li", "wang", "zhao"):
        log_in(client, simulator, who, headers=TABLET)
    told = "".join(capfd.readouterr())
    kept = repr([(row.subject, row.inputs, row.reasons) for row in refusals()])
    keys = b" ".join(redis_client().scan_iter("*seen:*")).decode()
    for secret in ("oShopper", "127.0.0.1", "a-tablet-in"):
        assert secret not in told + kept + keys
