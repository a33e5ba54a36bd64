"""The ladder for everybody, and a member's own place on it."""

from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock
from tests.builders import bearer, shanghai

from .conftest import NOON, bought, enrol, hear, refunded


def test_anybody_may_see_the_ladder(client: FlaskClient, noon: None) -> None:
    answer = client.get("/api/v1/tiers", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    told = answer.get_json()
    tiers = told.pop("tiers")
    assert told == {
        "version": 2, "basis": "amount", "window_months": 12, "keep_months": 12, "grace_days": 30,
    }  # fmt: skip
    assert [tier["name"] for tier in tiers] == ["Regular", "Senior", "Supreme VIP"]
    assert tiers[1] == {
        "code": "gold", "rank": 1, "name": "Senior", "card": "Gold card",
        "entry": 1_000, "keep": 600,
        "benefits": {
            "discount_bp": 200, "points_multiplier_bp": 11_000, "free_shipping": False,
            "birthday_gift": "", "monthly_coupon": "",
        },
        "upgrade_gift": [{"kind": "points", "amount": 10, "item": None}],
    }  # fmt: skip


def test_a_member_sees_the_tier_and_what_the_next_one_needs(client: FlaskClient, li: int) -> None:
    hear(bought(li, 1_200, "1"), bought(li, 300, "2"))
    hear(refunded(li, 300, "2"))
    told = client.get("/api/v1/tiers/mine", headers=bearer(li)).get_json()
    assert (told["tier"]["code"], told["tier"]["name"]) == ("gold", "高级会员")
    assert told["tier"]["card"] == "金卡"
    assert told["since"] == "2026-03-10T12:00:00+08:00"
    assert told["keep_until"] == "2027-03-11T00:00:00+08:00"
    assert told["grace_until"] is None
    assert told["growth"] == {
        "basis": "amount", "value": 1_200, "counts_from": "2025-03-10T00:00:00+08:00",
        "needs_to_keep": 0,
    }  # fmt: skip
    assert told["next"] == {"code": "diamond", "name": "至尊VIP会员", "needs": 3_800}
    assert told["history"] == [
        {
            "code_before": "regular", "code": "gold", "reason": "purchase",
            "since": "2026-03-10T12:00:00+08:00", "keep_until": "2027-03-11T00:00:00+08:00",
            "grace_until": None, "changed_at": "2026-03-10T12:00:00+08:00",
        }
    ]  # fmt: skip


def test_a_newcomer_and_who_stands_on_top(client: FlaskClient, li: int) -> None:
    told = client.get("/api/v1/tiers/mine", headers=bearer(li)).get_json()
    assert (told["tier"]["code"], told["since"]) == ("regular", "2025-01-01T10:00:00+08:00")
    assert (told["keep_until"], told["history"]) == (None, [])
    assert told["next"] == {"code": "gold", "name": "高级会员", "needs": 1_000}
    (wang,) = enrol(1, first_number=77)
    hear(bought(wang, 9_000, "1"))
    assert client.get("/api/v1/tiers/mine", headers=bearer(wang)).get_json()["next"] is None


def test_in_grace_a_member_sees_what_is_missing(app: Flask, li: int) -> None:
    hear(bought(li, 1_000, "1", NOON.replace(year=2025)), bought(li, 400, "2"))
    clock.set(shanghai("2026-03-20 12:00"))
    told = app.test_client().get("/api/v1/tiers/mine", headers=bearer(li)).get_json()
    assert told["grace_until"] is None  # nobody was judged yet
    hear(bought(li, 1, "3", shanghai("2026-03-20 12:00")))
    told = app.test_client().get("/api/v1/tiers/mine", headers=bearer(li)).get_json()
    assert told["grace_until"] == "2026-04-10T00:00:00+08:00"
    assert told["growth"]["needs_to_keep"] == 199


def test_without_a_token_nobody_is_told_where_they_stand(client: FlaskClient, noon: None) -> None:
    assert client.get("/api/v1/tiers/mine").status_code == 401
