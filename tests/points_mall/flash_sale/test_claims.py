"""Claiming through HTTP: what is won is paid once; what is refused says why and moves nothing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import now
from miniprogram_api.core.redis import redis_client
from points_mall.flash_sale import services
from points_mall.flash_sale.terms import DELIVERY, ItemTerms
from points_mall.ledger import statements
from points_mall.redemption.delivery import open_address
from points_mall.stock import rebuilding
from points_mall.stock.pools import NotEnoughFree, pool_of
from points_mall.tiers.services import set_tier
from tests.evidence import database_fingerprint
from tests.points_mall.flash_sale.conftest import (
    HOUR,
    MUG,
    assert_books_are_clean,
    free_units,
    look_again,
    orders,
    outcome,
    published,
    shopper,
    shoppers,
)

HOME = {
    "name": "李雷",
    "phone": "13800138000",
    "region": "上海市 黄浦区",
    "detail": "南京东路 1 号",
}


def test_a_claim_becomes_a_paid_order_with_a_pick_up_code(app: Flask, client: FlaskClient) -> None:
    sale, li = published(), shopper(client, points=250)

    answer = li.claim(sale)

    [order] = orders()
    assert answer.status_code == 201, answer.text
    assert answer.get_json() == {
        "order_no": order.order_no,
        "item_id": str(sale.items[0]),
        "points": 100,
        "status": "ready",
        "pickup_code": order.pickup_code,
        "points_available": 150,
    }
    assert (order.source, order.source_id, order.title) == ("flash_sale", sale.items[0], "保温杯")
    assert statements.balances(li.member_id)["available"] == 150
    assert free_units(sale.pools[0]) == 2
    assert_books_are_clean(app)


def test_a_repeat_with_the_same_key_hears_the_first_answer(app: Flask, client: FlaskClient) -> None:
    sale, li = published(), shopper(client)

    first = li.claim(sale, key="one-intention")
    again = li.claim(sale, key="one-intention")

    assert again.get_json() == first.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(orders()) == 1
    assert statements.balances(li.member_id)["available"] == 900


def test_the_same_key_for_another_item_is_refused(app: Flask, client: FlaskClient) -> None:
    sale, li = published(MUG, MUG), shopper(client)
    li.claim(sale, 0, key="one-intention")
    answer = li.claim(sale, 1, key="one-intention")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "idempotency_key_reused")
    assert len(orders()) == 1
    assert_books_are_clean(app)


def test_a_key_that_was_used_elsewhere_leaves_the_last_unit_to_others(
    app: Flask, client: FlaskClient
) -> None:
    """Its own unit 1 is owned, of another pool: that of this one goes back at once."""
    sale = published(MUG, ItemTerms("最后一件", 100, 1))
    li, wang = shoppers(client, 2)
    li.claim(sale, 0, key="one-intention")
    assert outcome([li.claim(sale, 1, key="one-intention")]) == ["idempotency_key_reused"]
    assert outcome([wang.claim(sale, 1)]) == ["ready"]
    assert_books_are_clean(app)


def test_before_the_opening_nothing_is_taken(app: Flask, client: FlaskClient) -> None:
    sale, li = published(starts_at=now() + HOUR), shopper(client)
    rebuilding.load(sale.pools[0])
    before = database_fingerprint()

    answers = [li.claim(sale) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [409] * 5
    problem = answers[0].get_json()
    assert problem["code"] == "not_started"
    assert problem["starts_at"].endswith("+08:00")
    assert database_fingerprint() == before
    assert free_units(sale.pools[0]) == 3


def test_the_refusals_have_their_codes(app: Flask, client: FlaskClient) -> None:
    sale = published(ItemTerms("保温杯", 100, 2, allowance=1))
    li, wang, zhao, poor = shoppers(client, 4)
    poor_one = shopper(client, points=99, name="oPoor-0000000000001")

    answers = [
        li.claim(sale),
        li.claim(sale),
        poor_one.claim(sale),
        wang.claim(sale),
        zhao.claim(sale),
    ]

    assert outcome(answers) == [
        "ready",
        "allowance_used",
        "insufficient_points",
        "ready",
        "sold_out",
    ]
    assert [answer.status_code for answer in answers] == [201, 409, 409, 201, 409]
    assert answers[2].get_json()["required"] == 100
    assert answers[2].get_json()["available"] == 99
    assert poor.claim(sale).get_json()["code"] == "sold_out"
    assert len(orders()) == 2
    assert_books_are_clean(app)


def test_after_the_end_only_repeats_are_answered(app: Flask, client: FlaskClient) -> None:
    sale, li = published(), shopper(client)
    first = li.claim(sale, key="one-intention")
    services.close(sale.id)

    assert li.claim(sale, key="one-intention").get_json() == first.get_json()
    assert outcome([li.claim(sale)]) == ["ended"]
    assert free_units(sale.pools[0]) == 2


def test_the_pace_is_kept_by_the_gate(app: Flask, client: FlaskClient) -> None:
    app.extensions["settings"] = _with(app, claim_burst=3, claim_interval_seconds=10.0)
    sale, li = published(ItemTerms("保温杯", 100, 9, allowance=None)), shopper(client)

    answers = [li.claim(sale) for _ in range(5)]

    assert outcome(answers) == ["ready", "ready", "ready", "slow_down", "slow_down"]
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 10
    assert free_units(sale.pools[0]) == 6


class TestGates:
    def test_a_gated_item_is_for_its_tier(self, app: Flask, client: FlaskClient) -> None:
        sale, li = published(ItemTerms("金卡专享", 100, 3, min_tier_rank=1)), shopper(client)
        refused = li.claim(sale)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "tier_too_low")
        assert (refused.get_json()["required"], refused.get_json()["yours"]) == ("gold", "regular")

        set_tier(li.member_id, "platinum")
        app.extensions.pop("memory.flash_sale.ranks")
        assert li.claim(sale).status_code == 201

    def test_who_fell_to_a_lower_tier_still_hears_the_first_answer(
        self, app: Flask, client: FlaskClient
    ) -> None:
        sale, li = published(ItemTerms("金卡专享", 100, 3, min_tier_rank=1)), shopper(client)
        set_tier(li.member_id, "gold")
        first = li.claim(sale, key="one-intention")
        set_tier(li.member_id, "regular")
        app.extensions.pop("memory.flash_sale.ranks")
        again = li.claim(sale, key="one-intention")
        assert again.status_code == 201
        assert again.get_json() == first.get_json()
        assert li.claim(sale).status_code == 403


class TestDelivery:
    def test_what_is_sent_by_post_needs_an_address(self, app: Flask, client: FlaskClient) -> None:
        sale, li = published(ItemTerms("音箱", 100, 3, fulfilment=DELIVERY)), shopper(client)
        before = database_fingerprint()
        refused = li.claim(sale)
        assert (refused.status_code, refused.get_json()["code"]) == (422, "delivery_needed")
        assert database_fingerprint() == before

        answer = li.claim(sale, delivery=HOME)
        assert answer.status_code == 201, answer.text
        assert answer.get_json()["status"] == "placed"
        assert "pickup_code" not in answer.get_json()
        [order] = orders()
        assert order.delivery_sealed is not None
        assert "南京东路" not in order.delivery_sealed
        assert open_address(order.order_no, order.delivery_sealed) == HOME

    def test_an_address_for_what_is_picked_up_is_not_kept(
        self, app: Flask, client: FlaskClient
    ) -> None:
        sale, li = published(), shopper(client)
        assert li.claim(sale, delivery=HOME).status_code == 201
        assert orders()[0].delivery_sealed is None

    def test_an_address_with_control_characters_is_refused(
        self, app: Flask, client: FlaskClient
    ) -> None:
        sale, li = published(ItemTerms("音箱", 100, 3, fulfilment=DELIVERY)), shopper(client)
        refused = li.claim(sale, delivery={**HOME, "detail": "南京\x07东路"})
        assert refused.status_code == 422
        assert refused.get_json()["code"] == "validation_failed"
        assert orders() == []


def test_the_cash_half_holds_the_points(app: Flask, client: FlaskClient) -> None:
    sale, li = published(ItemTerms("保温杯", 100, 3, cash_fen=1900)), shopper(client)
    answer = li.claim(sale).get_json()
    assert (answer["status"], answer["cash_fen"]) == ("awaiting_payment", 1900)
    assert answer["pay_by"].endswith("+08:00")
    assert answer["points_available"] == 900
    assert statements.balances(li.member_id)["held"] == 100
    assert_books_are_clean(app)


class TestShipping:
    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"CLAIM_BURST": 0, "SHIPPING_FEN": 800}

    def test_what_is_sent_holds_the_points_until_its_shipping_is_paid(
        self, app: Flask, client: FlaskClient
    ) -> None:
        sale, li = published(ItemTerms("音箱", 100, 3, fulfilment=DELIVERY)), shopper(client)
        answer = li.claim(sale, delivery=HOME).get_json()
        assert (answer["status"], answer["cash_fen"]) == ("awaiting_payment", 800)
        [order] = orders()
        assert (order.cash_fen, order.shipping_fen) == (800, 800)
        assert statements.balances(li.member_id)["held"] == 100
        assert_books_are_clean(app)


def test_the_last_unit_that_is_cancelled_can_be_won_again(app: Flask, client: FlaskClient) -> None:
    sale = published(ItemTerms("保温杯", 100, 1))
    li, wang, zhao = shoppers(client, 3)
    order_no = li.claim(sale).get_json()["order_no"]
    assert outcome([wang.claim(sale)]) == ["sold_out"]

    cancelled = client.post(
        f"/api/v1/redemptions/{order_no}/cancel",
        headers={**li.headers, "Idempotency-Key": "cancel-it-please"},
    )

    assert cancelled.status_code in {200, 201}, cancelled.text
    assert outcome([wang.claim(sale), zhao.claim(sale)]) == ["ready", "sold_out"]
    assert statements.balances(li.member_id)["available"] == 1000
    assert_books_are_clean(app)


class TestBadInput:
    @pytest.mark.parametrize("item_id", ["0", "-1", "abc", 7, None, "9" * 19, "1 OR 1=1"])
    def test_what_is_no_item_id_is_refused(
        self, app: Flask, client: FlaskClient, item_id: Any
    ) -> None:
        sale, li = published(), shopper(client)
        answer = client.post(
            f"/api/v1/flash-sales/{sale.id}/claims",
            json={"item_id": item_id},
            headers={**li.headers, "Idempotency-Key": "some-key-1"},
        )
        assert (answer.status_code, answer.get_json()["code"]) == (422, "validation_failed")
        assert orders() == []

    def test_an_item_of_another_sale_is_not_found(self, app: Flask, client: FlaskClient) -> None:
        sale, other, li = published(), published(), shopper(client)
        answer = client.post(
            f"/api/v1/flash-sales/{sale.id}/claims",
            json={"item_id": str(other.items[0])},
            headers={**li.headers, "Idempotency-Key": "some-key-1"},
        )
        assert (answer.status_code, answer.get_json()["code"]) == (404, "no_such_item")
        assert orders() == []

    def test_a_sale_that_is_not_there_is_not_found(self, app: Flask, client: FlaskClient) -> None:
        li = shopper(client)
        answer = client.post(
            "/api/v1/flash-sales/999/claims",
            json={"item_id": "1"},
            headers={**li.headers, "Idempotency-Key": "some-key-1"},
        )
        assert (answer.status_code, answer.get_json()["code"]) == (404, "no_such_flash_sale")

    def test_quantities_are_not_taken(self, app: Flask, client: FlaskClient) -> None:
        sale, li = published(), shopper(client)
        for quantity in (0, -1, 2, 10**15):
            assert li.claim(sale, quantity=quantity).status_code == 422
        assert li.claim(sale, quantity=10**30).status_code == 400
        assert orders() == []

    def test_a_key_is_needed_and_so_is_a_member(self, app: Flask, client: FlaskClient) -> None:
        sale, li = published(), shopper(client)
        path, body = f"/api/v1/flash-sales/{sale.id}/claims", {"item_id": str(sale.items[0])}
        without_key = client.post(path, json=body, headers=li.headers)
        assert (without_key.status_code, without_key.get_json()["code"]) == (
            400,
            "idempotency_key_missing",
        )
        nobody = client.post(path, json=body, headers={"Idempotency-Key": "some-key-1"})
        assert (nobody.status_code, nobody.get_json()["code"]) == (401, "token_missing")
        assert orders() == []


def test_stock_raised_and_lowered_while_it_runs_neither_revives_nor_loses_units(
    app: Flask, client: FlaskClient
) -> None:
    sale = published(ItemTerms("保温杯", 100, 2))
    people = shoppers(client, 8)
    assert outcome([one.claim(sale) for one in people[:3]]) == ["ready", "ready", "sold_out"]

    assert services.change_stock(sale.items[0], 3) == 5
    assert outcome([people[3].claim(sale)]) == ["ready"]
    assert services.change_stock(sale.items[0], -1) == 4
    with pytest.raises(NotEnoughFree):
        services.change_stock(sale.items[0], -2)

    assert outcome([one.claim(sale) for one in people[4:7]]) == ["ready", "sold_out", "sold_out"]
    assert len(orders()) == 4
    assert free_units(sale.pools[0]) == 0
    assert_books_are_clean(app)


def test_new_times_for_a_running_sale_leave_its_units_alone(
    app: Flask, client: FlaskClient
) -> None:
    sale = published(ItemTerms("保温杯", 100, 3))
    li, wang = shoppers(client, 2)
    li.claim(sale)
    services.change(sale.id, title="秒杀延长", ends_at=now() + 5 * HOUR)
    look_again()
    assert outcome([wang.claim(sale), li.claim(sale)]) == ["ready", "allowance_used"]
    assert free_units(sale.pools[0]) == 1
    assert pool_of(sale.pools[0], fresh=True).closes_at is not None
    assert_books_are_clean(app)


def test_redis_that_forgot_everything_is_filled_by_the_first_claim(
    app: Flask, client: FlaskClient
) -> None:
    sale = published(ItemTerms("保温杯", 100, 2))
    li, wang, zhao = shoppers(client, 3)
    li.claim(sale)
    redis_client().flushall()
    answers = [li.claim(sale), wang.claim(sale), zhao.claim(sale)]
    assert outcome(answers) == ["allowance_used", "ready", "sold_out"]
    assert_books_are_clean(app)


def test_a_claim_of_a_sale_of_last_week_is_told_that_it_is_over(
    app: Flask, client: FlaskClient
) -> None:
    sale, li = published(starts_at=now() - timedelta(days=7)), shopper(client)
    assert outcome([li.claim(sale)]) == ["ended"]


def _with(app: Flask, **changes: Any) -> Any:
    return replace(app.extensions["settings"], **changes)
