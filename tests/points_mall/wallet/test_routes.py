"""`/api/v1/wallet`: what a member sees of it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock
from points_mall.wallet import plans
from points_mall.wallet.movements import Credit, Debit
from points_mall.wallet.reasons import PURCHASE, TOP_UP
from tests.builders import bearer, enrolled_member

from .conftest import START, contents, post

NOBODY = {"Authorization": "Bearer nobody"}


@pytest.fixture
def headers(app: Flask) -> dict[str, str]:
    """A member who topped up 100 yuan with 20 on top, and has spent 50."""
    clock.set(START)
    member = enrolled_member()
    post(Credit(member, 100_00, 20_00, TOP_UP, "t", {"plan": "gold"}))
    post(Debit(member, 50_00, PURCHASE, "p"))
    return bearer(member)


def test_a_member_sees_what_is_in_the_wallet(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get("/api/v1/wallet", headers=headers).get_json() == {
        "balance_fen": 70_00, "principal_fen": 70_00, "bonus_fen": 0, "debt_fen": 0
    }  # fmt: skip
    me = client.get("/api/v1/members/me", headers=headers).get_json()
    assert me["balance_fen"] == 70_00


def test_a_newcomer_has_nothing(client: FlaskClient) -> None:
    headers = bearer(enrolled_member("oWang-who-came-today-000001"))
    assert client.get("/api/v1/wallet", headers=headers).get_json() == {
        "balance_fen": 0, "principal_fen": 0, "bonus_fen": 0, "debt_fen": 0
    }  # fmt: skip
    assert client.get("/api/v1/wallet/entries", headers=headers).get_json()["items"] == []


def test_the_statement_lists_every_movement_newest_first(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    first = client.get("/api/v1/wallet/entries?limit=1", headers=headers).get_json()
    paid = first["items"][0]
    assert paid.pop("id").isdecimal()
    assert paid == {
        "amount_fen": -50_00,
        "principal_fen": -30_00,
        "bonus_fen": -20_00,
        "balance_after_fen": 70_00,
        "debt_after_fen": 0,
        "reason": "purchase",
        "title": "余额支付",
        "occurred_at": "2026-11-21T10:00:00+08:00",
        "explanation": None,
    }
    second = client.get(
        "/api/v1/wallet/entries",
        query_string={"cursor": first["next_cursor"]},
        headers=headers | {"Accept-Language": "en"},
    ).get_json()
    assert [(item["amount_fen"], item["title"]) for item in second["items"]] == [
        (120_00, "Topped up")
    ]


def test_anybody_may_see_the_plans_on_offer(client: FlaskClient) -> None:
    plans.put_plan("big", title="储值500送80", pay_fen=500_00, bonus_fen=80_00)
    plans.put_plan("old", title="旧方案", pay_fen=100_00, bonus_fen=1_00)
    plans.unlist_plan("old")
    assert client.get("/api/v1/wallet/plans").get_json() == {
        "items": [
            {"code": "big", "title": "储值500送80", "pay_fen": 500_00, "bonus_fen": 80_00}
        ]
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/api/v1/wallet", "/api/v1/wallet/entries"])
def test_a_wallet_is_shown_to_its_owner_alone(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 401
    assert client.get(path, headers=NOBODY).status_code == 401


def test_no_call_takes_money_out(client: FlaskClient, headers: dict[str, str]) -> None:
    before = contents()
    for path in ("", "/entries", "/plans"):
        for verb in (client.post, client.put, client.delete):
            assert verb(f"/api/v1/wallet{path}", headers=headers, json={}).status_code == 405
    assert contents() == before


def test_an_account_is_closed_when_the_principal_is_gone(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    before = contents()
    refused = client.delete("/api/v1/members/me", headers=headers)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "wallet_not_empty")
    assert refused.get_json()["principal_fen"] == 70_00
    assert contents() == before
    owner = before[0][0].member_id
    post(Debit(owner, 70_00, PURCHASE, "rest"))
    assert client.delete("/api/v1/members/me", headers=headers).status_code == 204
