"""Coupons over HTTP."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock
from points_mall.coupons import code_file
from points_mall.coupons.outside import HAND_OUT, REDEEM
from points_mall.coupons.personal import export_coupons
from points_mall.coupons.validity import Span, Validity
from tests.builders import bearer, shanghai

from .conftest import balance, coupons_of, enrol, give, state, template

pytestmark = pytest.mark.usefixtures("all_is_right")


@pytest.fixture
def member(app: Flask) -> int:
    template(giftable=True, points_price=60)
    return enrol(points=100)[0]


def get(client: FlaskClient, member: int, path: str, language: str = "zh-CN") -> Any:
    answer = client.get(f"/api/v1{path}", headers={**bearer(member), "Accept-Language": language})
    assert answer.status_code == 200, answer.json
    return answer.json


def post(client: FlaskClient, member: int, path: str, body: Any = None, key: str = "") -> Any:
    headers = {**bearer(member), "Idempotency-Key": key or f"key-of-{path}"}
    return client.post(f"/api/v1{path}", json=body, headers=headers)


def test_my_coupons(client: FlaskClient, member: int) -> None:
    (code,) = give(member)
    (item,) = get(client, member, "/coupons")["items"]
    assert item == {
        "code": code,
        "title": "五元券",
        "summary": "抵5元",
        "state": "unused",
        "valid_from": "2026-11-21T12:00:00+08:00",
        "valid_until": "2026-12-22T00:00:00+08:00",
        "can_be_given": True,
        "outside_code": None,
        "issued_at": "2026-11-21T12:00:00+08:00",
        "terms": {
            "kind": "cash",
            "amount_fen": 500,
            "off_bp": 0,
            "most_fen": None,
            "threshold_fen": 0,
            "rules": {
                "kind": "cash",
                "amount_fen": 500,
                "giftable": True,
                "points_price": 60,
                "stacking": {"with_others": True, "itself": 3},
                "validity": {"span": "days", "days": 30},
            },
        },
    }
    (english,) = get(client, member, "/coupons", "en")["items"]
    assert (english["title"], english["summary"]) == ("Five yuan", "Worth ¥5")


def test_my_coupons_by_state_and_by_page(client: FlaskClient, member: int) -> None:
    template("today", validity=Validity(Span.SAME_DAY))
    (short,), (first,), (last,) = give(member, "today"), give(member), give(member)
    clock.set(shanghai("2026-11-22 00:00"))  # before the night's job

    def codes(state: str) -> list[str]:
        return [one["code"] for one in get(client, member, f"/coupons?state={state}")["items"]]

    assert (codes("unused"), codes("expired"), codes("used")) == ([last, first], [short], [])
    page = get(client, member, "/coupons?limit=2")
    assert [one["code"] for one in page["items"]] == [last, first]
    rest = get(client, member, f"/coupons?limit=2&cursor={page['next_cursor']}")
    assert [(one["code"], one["state"]) for one in rest["items"]] == [(short, "expired")]
    answer = client.get("/api/v1/coupons?state=mine", headers=bearer(member))
    assert answer.status_code == 422


def test_an_outside_code_is_shown_with_its_coupon(
    client: FlaskClient, member: int, tmp_path: Path
) -> None:
    template("film", hands_out_codes=True)
    file = tmp_path / "codes.csv"
    file.write_text("FILM-0001")
    code_file.import_codes(file, "film", HAND_OUT, "b")
    give(member, "film")
    (item,) = get(client, member, "/coupons")["items"]
    assert item["outside_code"] == "FILM-0001"


def test_a_code_is_redeemed_once_and_its_repeat_answers_the_same(
    client: FlaskClient, member: int, tmp_path: Path
) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("ABCD-1234")
    code_file.import_codes(file, "five", REDEEM, "b")
    first = post(client, member, "/coupons/codes", {"code": "abcd-1234"})
    assert (first.status_code, first.json["template"]) == (201, "five")
    again = post(client, member, "/coupons/codes", {"code": "abcd-1234"})
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
    wrong = post(client, member, "/coupons/codes", {"code": "abcd-1234"}, "another-key")
    assert (wrong.status_code, wrong.json["code"]) == (404, "coupon_code_not_valid")
    assert len(coupons_of(member)) == 1


def test_a_gift_goes_from_hand_to_hand(client: FlaskClient, member: int) -> None:
    (friend,) = enrol()
    (code,) = give(member)
    offered = post(client, member, f"/coupons/{code}/gifts")
    assert (offered.status_code, offered.json["expires_at"]) == (201, "2026-11-24T12:00:00+08:00")
    token = offered.json["token"]
    seen = get(client, friend, f"/coupon-gifts/{token}")
    assert (seen["state"], seen["title"], seen["summary"]) == ("open", "五元券", "抵5元")
    claimed = post(client, friend, f"/coupon-gifts/{token}/claims")
    assert claimed.status_code == 201
    (mine,) = get(client, friend, "/coupons")["items"]
    assert (mine["code"], mine["can_be_given"]) == (claimed.json["code"], False)
    gone = post(client, friend, f"/coupons/{mine['code']}/gifts")
    assert (gone.status_code, gone.json["code"]) == (409, "coupon_not_giftable")


def test_a_gift_is_taken_back(client: FlaskClient, member: int) -> None:
    (friend,) = enrol()
    (code,) = give(member)
    token = post(client, member, f"/coupons/{code}/gifts").json["token"]
    assert post(client, member, f"/coupons/{code}/gifts/withdraw").status_code == 204
    gone = post(client, friend, f"/coupon-gifts/{token}/claims")
    assert (gone.status_code, gone.json["code"], gone.json["gift_state"]) == (
        410, "gift_gone", "withdrawn",
    )  # fmt: skip
    assert state(code) == "unused"


def test_points_buy_a_coupon_once(client: FlaskClient, member: int) -> None:
    (offered,) = get(client, member, "/coupon-templates")["items"]
    assert (offered["code"], offered["points_price"]) == ("five", 60)
    first = post(client, member, "/coupon-templates/five/exchanges")
    assert (first.status_code, first.json["points_available"]) == (201, 40)
    again = post(client, member, "/coupon-templates/five/exchanges")
    assert again.json == first.json
    poor = post(client, member, "/coupon-templates/five/exchanges", key="another-key")
    assert (poor.status_code, poor.json["code"], poor.json["required"]) == (
        409, "insufficient_points", 60,
    )  # fmt: skip
    none = post(client, member, "/coupon-templates/none/exchanges")
    assert (none.status_code, none.json["code"]) == (404, "no_such_coupon_template")
    assert (balance(member), len(coupons_of(member))) == (40, 1)


def test_nothing_without_a_token_or_a_key(client: FlaskClient, member: int) -> None:
    assert client.get("/api/v1/coupons").status_code == 401
    answer = client.post("/api/v1/coupon-templates/five/exchanges", headers=bearer(member))
    assert (answer.status_code, answer.json["code"]) == (400, "idempotency_key_missing")  # type: ignore[index]
    assert coupons_of(member) == []


def test_the_export_has_coupons_with_their_history(client: FlaskClient, member: int) -> None:
    (code,) = give(member, reference="draw:1")
    post(client, member, f"/coupons/{code}/gifts")
    told = export_coupons(member)
    (one,) = told["coupons"]
    assert (one["code"], one["reason"]) == (code, "test")
    assert [entry["happened"] for entry in one["history"]] == ["issued", "locked"]
    assert told["gifts"] == [{"state": "open", "offered_at": "2026-11-21T12:00:00+08:00"}]
