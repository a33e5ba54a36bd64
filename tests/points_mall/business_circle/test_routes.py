"""What a member sees of the business circle, and what staff does at the command line."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient, FlaskCliRunner

from miniprogram_api.core.db import db
from miniprogram_api.members.models import Member
from miniprogram_api.members.services import close_account
from points_mall.business_circle import parking, syncing
from points_mall.business_circle.errors import NotAPlate, NotAuthorized
from points_mall.business_circle.personal import export_circle
from tests.builders import bearer, enrolled_member
from tests.miniprogram_api.wechat.pay_stub import APPID, PayStub
from tests.points_mall.business_circle.conftest import wired
from tests.points_mall.business_circle.mall import (
    ACTIVATED,
    BOUGHT,
    POINTS,
    activated,
    bought,
    hear,
    syncs,
)
from tests.points_mall.purchases.shop import NOON

PATH = "/api/v1/business-circle"
ANNA = "/v3/businesscircle/user-authorizations/oAnna"
PARKINGS = "/v3/businesscircle/parkings"
NOTHING = {
    "authorized": False,
    "state": "unauthorized",
    "authorized_at": None,
    "deauthorized_at": None,
    "told_at": None,
}


@pytest.fixture
def anna(mall: Flask) -> int:
    return enrolled_member("oAnna")


def test_a_member_sees_the_authorisation(anna: int, client: FlaskClient) -> None:
    headers = bearer(anna)
    assert client.get(PATH, headers=headers).json == NOTHING
    hear((ACTIVATED, activated()))
    assert client.get(PATH, headers=headers).json == {
        "authorized": True,
        "state": "authorized",
        "authorized_at": "2026-11-21T12:00:00+08:00",
        "deauthorized_at": None,
        "told_at": "2026-11-21T12:00:00+08:00",
    }


def test_a_member_comes_back_from_the_plugin(
    anna: int, client: FlaskClient, wechat_pay: PayStub
) -> None:
    hear((ACTIVATED, activated()))
    wechat_pay.answer(
        ANNA,
        {
            "openid": "oAnna",
            "authorize_state": "DEAUTHORIZED",
            "authorize_time": "2026-11-21T11:00:00+08:00",
            "deauthorize_time": "2026-11-21T11:30:00+08:00",
        },
    )
    answer = client.post(PATH + "/refresh", headers=bearer(anna))
    assert answer.status_code == 200
    assert answer.json == {
        "authorized": False,
        "state": "deauthorized",
        "authorized_at": "2026-11-21T11:00:00+08:00",
        "deauthorized_at": "2026-11-21T11:30:00+08:00",
        "told_at": "2026-11-21T12:00:00+08:00",
    }
    assert client.get(PATH, headers=bearer(anna)).json == answer.json


def test_while_wechat_is_away_the_member_is_told_so(
    anna: int, client: FlaskClient, wechat_pay: PayStub
) -> None:
    wechat_pay.refuse(ANNA, 500, "SYSTEM_ERROR")
    answer: Any = client.post(PATH + "/refresh", headers=bearer(anna))
    assert (answer.status_code, answer.json["code"]) == (503, "wechat_unavailable")
    assert client.get(PATH, headers=bearer(anna)).json == NOTHING


def test_a_stranger_sees_nothing(mall: Flask, client: FlaskClient) -> None:
    assert client.get(PATH).status_code == 401
    assert client.post(PATH + "/refresh").status_code == 401


class TestAShopInNoCircle:
    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {}

    def test_says_so(self, app: Flask, client: FlaskClient) -> None:
        wired(app)
        headers = bearer(enrolled_member("oAnna"))
        for answer in (
            client.get(PATH, headers=headers),
            client.post(PATH + "/refresh", headers=headers),
        ):
            assert answer.status_code == 404
            assert answer.json is not None
            assert answer.json["code"] == "business_circle_off"


# ------------------------------------------------------------------ parking


def test_a_car_is_reported(anna: int, wechat_pay: PayStub) -> None:
    hear((ACTIVATED, activated()))
    wechat_pay.answer(PARKINGS, None, 204)
    parking.report_parking(anna, " 粤b·88888 ", "IN", NOON)
    assert wechat_pay.last.body == {
        "brandid": 1000,
        "appid": APPID,
        "openid": "oAnna",
        "plate_number": "粤B88888",
        "state": "IN",
        "time": "2026-11-21T12:00:00+08:00",
    }


@pytest.mark.parametrize(
    "plate", ["", "B88888", "粤B8888", "粤B8888888", "粤BO!888", "粤B88888\n粤"]
)
def test_what_is_no_plate_is_not_reported(anna: int, wechat_pay: PayStub, plate: str) -> None:
    hear((ACTIVATED, activated()))
    with pytest.raises(NotAPlate):
        parking.report_parking(anna, plate, "IN", NOON)
    assert wechat_pay.asked == []


@pytest.mark.parametrize("plate", ["粤B88888", "粤BD12345", "沪A1234学"])
def test_ordinary_green_and_learners_plates_are_plates(plate: str) -> None:
    assert parking.PLATE.fullmatch(plate)


def test_nobody_is_reported_without_authorisation(anna: int, wechat_pay: PayStub) -> None:
    for told in ((), ((ACTIVATED, activated(authorized=False)),)):
        hear(*told)
        with pytest.raises(NotAuthorized):
            parking.report_parking(anna, "粤B88888", "OUT", NOON)
    assert wechat_pay.asked == []


# ------------------------------------------------------------------ the command line


@pytest.fixture
def runner(mall: Flask) -> FlaskCliRunner:
    return mall.test_cli_runner()


def member_no(member_id: int) -> str:
    found = db.session.get(Member, member_id)
    assert found is not None
    return found.member_no


def test_staff_sees_and_repeats_what_wechat_refused(
    anna: int, runner: FlaskCliRunner, wechat_pay: PayStub
) -> None:
    hear((BOUGHT, bought("42001")), (BOUGHT, bought("42002", "oBert")))
    wechat_pay.refuse(POINTS, 400, "PARAM_ERROR")
    assert "2 told" in runner.invoke(args=["circle", "sync"]).output
    shown = runner.invoke(args=["circle", "list", "--state", "refused", "--json"])
    rows = json.loads(shown.output.splitlines()[-1])
    assert [(row["transaction_id"], row["points"], row["remark"]) for row in rows] == [
        ("42002", 0, "还不是会员"),
        ("42001", 88, None),
    ]
    assert "PARAM_ERROR" in rows[0]["error"]
    wechat_pay.answer(POINTS, None, 204)
    assert runner.invoke(args=["circle", "retry", "42001"]).exit_code == 0
    runner.invoke(args=["circle", "sync"])
    assert [one[-1] for one in syncs()] == ["done", "refused"]
    refused = runner.invoke(args=["circle", "retry", "42001"])
    assert refused.exit_code == 1
    assert "没有这笔商圈交易" in refused.output
    assert "42001  done  8800  88" in runner.invoke(args=["circle", "list"]).output


def test_staff_asks_wechat_about_a_member(
    anna: int, runner: FlaskCliRunner, wechat_pay: PayStub
) -> None:
    wechat_pay.answer(ANNA, {"openid": "oAnna", "authorize_state": "AUTHORIZED"})
    status = "/v3/businesscircle/users/oAnna/points/commit_status"
    wechat_pay.answer(status, {"points_commit_status": "PENDING"})
    wechat_pay.answer(PARKINGS, None, 204)
    number = member_no(anna)
    unknown = runner.invoke(args=["circle", "commit-status", number])
    assert (unknown.exit_code, "会员尚未授权" in unknown.output) == (1, True)
    assert runner.invoke(args=["circle", "check", number]).output == "authorized\n"
    assert runner.invoke(args=["circle", "commit-status", number]).output == "PENDING\n"
    report = ["circle", "parking", number, "粤B88888", "out", "--at", "2026-11-21 13:30:00"]
    assert "reported" in runner.invoke(args=report).output
    assert wechat_pay.last.body["time"] == "2026-11-21T13:30:00+08:00"
    assert wechat_pay.last.body["state"] == "OUT"


def test_staff_gives_new_members_what_they_missed(mall: Flask, runner: FlaskCliRunner) -> None:
    hear((BOUGHT, bought()))
    enrolled_member("oAnna")
    assert "1 claimed" in runner.invoke(args=["circle", "claim"]).output
    assert "0 claimed" in runner.invoke(args=["circle", "claim"]).output


# ------------------------------------------------------------------ what is known of a member


def test_a_member_may_read_everything_and_it_is_erased_with_the_account(anna: int) -> None:
    assert export_circle(anna) == {"authorization": None, "purchases": []}
    hear((ACTIVATED, activated()), (BOUGHT, bought()))
    syncing.tell_due()
    assert export_circle(anna) == {
        "authorization": {
            "state": "authorized",
            "card_code": "8812",
            "authorized_at": "2026-11-21T12:00:00+08:00",
            "deauthorized_at": None,
        },
        "purchases": [
            {
                "transaction_id": "42001",
                "amount_fen": 8800,
                "paid_at": "2026-11-21T12:00:00+08:00",
                "points": 88,
                "remark": None,
                "told_wechat_at": "2026-11-21T12:00:00+08:00",
            }
        ],
    }
    close_account(anna)
    assert export_circle(anna)["authorization"] is None
    assert syncs() == [("42001", True, 88, None, "done")]
