"""Claiming through HTTP: one call is one coupon, or why not; what is refused moves nothing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.redis import redis_client
from miniprogram_api.risk import blocks
from miniprogram_api.risk.subjects import Kind
from points_mall.coupon_drops import plans
from points_mall.coupon_drops.claiming import claim_no_for
from points_mall.coupons.terms import Audience, Limits
from points_mall.coupons.validity import Span, Validity
from points_mall.stock import gate, rebuilding, sweeping
from points_mall.stock.gate import Want, keys_of
from points_mall.stock.pools import pool_of
from points_mall.tiers.services import set_tier
from tests.evidence import database_fingerprint
from tests.points_mall.coupon_drops.conftest import (
    HOUR,
    Shopper,
    coupons,
    free_units,
    look_again,
    outcome,
    running,
    shoppers,
    template,
)
from tests.services.valkey import free_port

pytestmark = pytest.mark.usefixtures("all_is_right")


@pytest.fixture
def li(app: Flask, client: FlaskClient) -> Shopper:
    template()
    return shoppers(client, 1)[0]


def test_a_claim_becomes_a_coupon(app: Flask, li: Shopper) -> None:
    drop = running()

    answer = li.claim(drop)

    assert answer.status_code == 201, answer.text
    [coupon] = coupons()
    assert answer.get_json() == {
        "drop_id": str(drop.id),
        "unit_no": 1,
        "code": coupon.code,
        "template": "five",
        "title": "五元券",
        "summary": "抵5元",
        "valid_from": in_shop_time(coupon.valid_from).isoformat(),
        "valid_until": in_shop_time(coupon.valid_until).isoformat(),
    }
    assert (coupon.member_id, coupon.reason, coupon.state) == (li.member_id, "drop", "unused")
    assert free_units(drop.pool_id) == 2


def test_everybody_is_answered_in_their_own_language(app: Flask, li: Shopper) -> None:
    drop = running()
    first = li.claim(drop, "one-intention", headers={"Accept-Language": "en"})
    again = li.claim(drop, "one-intention", headers={"Accept-Language": "zh-CN"})
    assert (first.get_json()["title"], first.get_json()["summary"]) == ("Five yuan", "Worth ¥5")
    assert again.get_json() == first.get_json()


def test_a_repeat_with_the_same_key_hears_the_first_answer(app: Flask, li: Shopper) -> None:
    drop = running()
    first = li.claim(drop, "one-intention")
    again = li.claim(drop, "one-intention")
    assert again.get_json() == first.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(coupons()) == 1


def test_the_same_key_for_another_drop_is_refused_and_takes_nothing(
    app: Flask, li: Shopper, client: FlaskClient
) -> None:
    drop, other = running(), running(stock=1)
    li.claim(drop, "one-intention")
    answer = li.claim(other, "one-intention")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "idempotency_key_reused")
    assert len(coupons()) == 1
    assert outcome([shoppers(client, 2)[1].claim(other)]) == ["won"]


@pytest.mark.parametrize("body", [{"quantity": 100}, {"count": 9, "stock": 100}, {}])
def test_a_hundred_in_the_body_is_one_coupon(app: Flask, li: Shopper, body: Any) -> None:
    drop = running(stock=100)
    answer = li.claim(drop, json=body)
    assert answer.status_code == 201, answer.text
    assert len(coupons()) == 1
    assert free_units(drop.pool_id) == 99


def test_the_refusals_have_their_codes(app: Flask, li: Shopper, client: FlaskClient) -> None:
    drop = running(stock=2)
    _, wang, zhao = shoppers(client, 3)
    answers = [li.claim(drop), li.claim(drop), wang.claim(drop), zhao.claim(drop)]
    assert outcome(answers) == ["won", "allowance_used", "won", "sold_out"]
    assert [answer.status_code for answer in answers] == [201, 409, 201, 409]
    assert [(one.member_id, one.state) for one in coupons()] == [
        (li.member_id, "unused"),
        (wang.member_id, "unused"),
    ]


def test_an_allowance_of_two_is_two_intentions(app: Flask, li: Shopper) -> None:
    drop = running(stock=9, allowance=2)
    answers = [li.claim(drop) for _ in range(4)]
    assert outcome(answers) == ["won", "won", "allowance_used", "allowance_used"]
    assert {answer.get_json()["unit_no"] for answer in answers[:2]} == {1, 2}


def test_before_the_opening_nothing_is_taken(app: Flask, li: Shopper) -> None:
    drop = running(opens_at=now() + HOUR)
    rebuilding.load(drop.pool_id)
    before = database_fingerprint()

    answers = [li.claim(drop) for _ in range(3)]

    assert outcome(answers) == ["not_started"] * 3
    assert answers[0].get_json()["starts_at"].endswith("+08:00")
    assert database_fingerprint() == before
    assert free_units(drop.pool_id) == 3


def test_after_the_end_only_repeats_are_answered(app: Flask, li: Shopper) -> None:
    drop = running()
    first = li.claim(drop, "one-intention")
    plans.close(1)
    look_again()
    assert li.claim(drop, "one-intention").get_json() == first.get_json()
    assert outcome([li.claim(drop)]) == ["ended"]
    assert free_units(drop.pool_id) == 2


def test_a_drop_that_was_called_off_has_ended(app: Flask, li: Shopper) -> None:
    drop = running(opens_at=now() + HOUR)
    plans.close(1)
    look_again()
    assert outcome([li.claim(drop)]) == ["ended"]
    assert coupons() == []


def test_a_drop_of_last_week_has_ended(app: Flask, li: Shopper) -> None:
    drop = running(opens_at=now() - timedelta(days=7))
    assert outcome([li.claim(drop)]) == ["ended"]


def test_there_is_no_such_drop(app: Flask, li: Shopper) -> None:
    answer = li.client.post(
        "/api/v1/coupon-drops/999/claims", headers={**li.headers, "Idempotency-Key": "some-key-1"}
    )
    assert (answer.status_code, answer.get_json()["code"]) == (404, "no_such_coupon_drop")


def test_a_key_is_needed_and_so_is_a_member(app: Flask, li: Shopper) -> None:
    drop = running()
    path = f"/api/v1/coupon-drops/{drop.id}/claims"
    without_key = li.client.post(path, headers=li.headers)
    assert (without_key.status_code, without_key.get_json()["code"]) == (
        400,
        "idempotency_key_missing",
    )
    nobody = li.client.post(path, headers={"Idempotency-Key": "some-key-1"})
    assert (nobody.status_code, nobody.get_json()["code"]) == (401, "token_missing")
    no_object = li.claim(drop, data="[1]", content_type="application/json")
    assert (no_object.status_code, no_object.get_json()["code"]) == (400, "malformed_json")
    assert coupons() == []


class TestLimitsOfTheCoupon:
    def test_one_a_day_counts_over_all_drops_and_the_unit_is_given_back(
        self, app: Flask, client: FlaskClient
    ) -> None:
        template("daily", limits=Limits(per_day=1))
        morning, evening = running("daily"), running("daily")
        li, wang = shoppers(client, 2)
        assert outcome([li.claim(morning)]) == ["won"]

        refused = li.claim(evening)

        assert (refused.status_code, refused.get_json()["code"]) == (409, "coupon_limit_used")
        assert (refused.get_json()["period"], refused.get_json()["limit"]) == ("day", 1)
        assert free_units(evening.pool_id) == 3
        assert len(coupons()) == 1
        assert outcome([wang.claim(evening)]) == ["won"]

    def test_a_coupon_that_is_over_is_not_issued(self, app: Flask, client: FlaskClient) -> None:
        day = now().date() - timedelta(days=9)
        template("over", validity=Validity(Span.DATES, day, day))
        drop, [li] = running("over"), shoppers(client, 1)
        assert outcome([li.claim(drop)]) == ["coupon_template_over"]
        assert coupons() == []
        assert free_units(drop.pool_id) == 3


class TestAudience:
    def test_a_drop_of_a_tier_turns_others_away_before_the_gate(
        self, app: Flask, client: FlaskClient
    ) -> None:
        template("gold", audience=Audience(min_tier_rank=1))
        drop, [li] = running("gold"), shoppers(client, 1)
        before = database_fingerprint()
        refused = li.claim(drop)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "coupon_not_for_you")
        assert refused.get_json()["audience"] == "tier"
        assert database_fingerprint() == before

        set_tier(li.member_id, "platinum")
        app.extensions.pop("memory.coupon_drops.objections")
        assert outcome([li.claim(drop)]) == ["won"]

    def test_who_fell_to_a_lower_tier_still_hears_the_first_answer(
        self, app: Flask, client: FlaskClient
    ) -> None:
        template("gold", audience=Audience(min_tier_rank=1))
        drop, [li] = running("gold", allowance=2), shoppers(client, 1)
        set_tier(li.member_id, "gold")
        first = li.claim(drop, "one-intention")
        assert first.status_code == 201
        set_tier(li.member_id, "regular")
        app.extensions.pop("memory.coupon_drops.objections")
        assert li.claim(drop, "one-intention").get_json() == first.get_json()
        assert outcome([li.claim(drop)]) == ["coupon_not_for_you"]


def test_who_is_blocked_is_turned_away(app: Flask, li: Shopper) -> None:
    drop = running()
    rebuilding.load(drop.pool_id)
    blocks.block(Kind.MEMBER, str(li.member_id), reason="test", actor="test")
    answer = li.claim(drop)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "blocked")
    assert coupons() == []


def test_the_pace_is_kept_by_the_gate(app: Flask, li: Shopper) -> None:
    changed: Any = {"claim_burst": 3, "claim_interval_seconds": 10.0}
    app.extensions["settings"] = replace(app.extensions["settings"], **changed)
    drop = running(stock=9, allowance=9)
    answers = [li.claim(drop) for _ in range(5)]
    assert outcome(answers) == ["won", "won", "won", "slow_down", "slow_down"]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 10


def test_what_a_crash_left_taken_is_given_back(app: Flask, li: Shopper) -> None:
    drop = running(stock=1)
    pool = rebuilding.load(drop.pool_id)
    gate.decide(pool, [Want(999, "K-of-a-crash")])
    assert outcome([li.claim(drop)]) == ["sold_out"]
    redis_client().zadd(keys_of(pool.id, "pending")[0], {"K-of-a-crash": 1})
    assert sweeping.sweep(pool_of(pool.id, fresh=True)) == 1
    look_again()
    assert outcome([li.claim(drop)]) == ["won"]


def test_redis_that_forgot_everything_is_filled_by_the_first_claim(
    app: Flask, li: Shopper, client: FlaskClient
) -> None:
    drop = running(stock=2)
    _, wang, zhao = shoppers(client, 3)
    li.claim(drop)
    redis_client().flushall()
    answers = [li.claim(drop), wang.claim(drop), zhao.claim(drop)]
    assert outcome(answers) == ["allowance_used", "won", "sold_out"]


def test_the_key_of_a_claim_stands_for_one_number_in_each_drop(app: Flask, li: Shopper) -> None:
    claim: Any = type("Claim", (), {"scope": "member:1", "key": "one-intention"})
    assert claim_no_for(claim, 1) == claim_no_for(claim, 1)
    assert claim_no_for(claim, 1) != claim_no_for(claim, 2)


class TestWithoutRedis:
    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"REDIS_URL": f"redis://127.0.0.1:{free_port()}", "CLAIM_BURST": 0}

    @pytest.fixture
    def all_is_right(self) -> None:
        """Redis cannot be compared."""

    def test_the_database_hands_the_coupons_out(self, app: Flask, client: FlaskClient) -> None:
        template()
        drop, people = running(stock=2), shoppers(client, 3)
        answers = [people[0].claim(drop), *(one.claim(drop) for one in people)]
        assert outcome(answers) == ["won", "allowance_used", "won", "sold_out"]
        assert len(coupons()) == 2
