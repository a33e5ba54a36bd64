"""Redeeming through HTTP: what is answered, what moves, and that a refusal moves nothing."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.crypto import Undecipherable, unseal
from miniprogram_api.core.db import db
from miniprogram_api.core.errors import SlowDown
from miniprogram_api.core.redis import redis_client
from miniprogram_api.repeats.models import IdempotencyRecord
from miniprogram_api.repeats.records import Told
from points_mall.catalogue import services as catalogue
from points_mall.catalogue.terms import NewVariant
from points_mall.redemption import placing
from points_mall.redemption.models import RedemptionOrder
from points_mall.stock import audit as stock_audit
from points_mall.stock import gate
from points_mall.tiers.services import set_tier

from .conftest import (
    ADDRESS,
    Shopper,
    audited,
    available,
    enrol,
    fresh_key,
    picture,
    published,
    reward,
    variants_of,
)


def test_a_reward_at_the_counter_is_paid_and_ready_with_a_code(li: Shopper) -> None:
    bag = reward(stock=5, points=100)
    answer = li.redeem(bag, quantity=2)
    assert answer.status_code == 201
    body = answer.get_json()
    assert body["status"] == "ready"
    assert (body["points"], body["points_available"]) == (200, 800)
    assert body["items"] == [
        {
            "source": "reward",
            "id": str(variants_of(bag)[0]),
            "title": "帆布袋",
            "quantity": 2,
            "points": 200,
        }
    ]
    assert len(body["pickup_code"]) == 16
    assert body["pickup_code"].isdigit()
    assert "Idempotency-Replayed" not in answer.headers
    assert available(li.member_id) == 800
    assert audited() == []


def test_what_must_come_to_the_counter_first_is_only_placed(li: Shopper) -> None:
    assert li.redeem(reward(is_stocked=False)).get_json()["status"] == "placed"


def test_a_parcel_keeps_its_address_sealed_for_its_owner(li: Shopper, mei: Shopper) -> None:
    answer = li.redeem(reward(fulfilment="delivery"), delivery=ADDRESS)
    order_no = answer.get_json()["order_no"]
    assert answer.get_json()["status"] == "placed"
    assert answer.get_json()["pickup_code"] is None
    assert li.get(f"/redemptions/{order_no}").get_json()["delivery"] == ADDRESS
    assert mei.get(f"/redemptions/{order_no}").status_code == 404

    row = db.session.execute(sa.select(RedemptionOrder)).scalar_one()
    records = db.session.scalars(sa.select(IdempotencyRecord)).all()
    stored = [row.delivery_sealed or "", *(str(record.body) for record in records)]
    assert not any(value in text for text in stored for value in ADDRESS.values())
    with pytest.raises(Undecipherable):
        unseal(row.delivery_sealed or "", "redemption_order.delivery:R0000")


def test_who_picks_up_leaves_no_address_with_us(li: Shopper) -> None:
    order_no = li.redeem(reward(), delivery=ADDRESS).get_json()["order_no"]
    assert li.get(f"/redemptions/{order_no}").get_json()["delivery"] is None


def test_a_retry_with_the_same_key_redeems_once(li: Shopper) -> None:
    bag, key = reward(), fresh_key()
    first, again = li.redeem(bag, key), li.redeem(bag, key)
    assert again.status_code == 201
    assert again.get_json() == first.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert available(li.member_id) == 900
    assert audited() == []


def test_the_same_key_for_something_else_is_refused(li: Shopper) -> None:
    bag, key = reward(), fresh_key()
    li.redeem(bag, key)
    umbrella = reward()
    before = picture()
    for other in (li.redeem(bag, key, quantity=2), li.redeem(umbrella, key)):
        assert other.status_code == 422
        assert other.get_json()["code"] == "idempotency_key_reused"
    assert picture() == before
    assert audited() == []


def test_the_same_key_of_another_member_is_another_order(li: Shopper, mei: Shopper) -> None:
    bag, key = reward(), fresh_key()
    first, second = li.redeem(bag, key).get_json(), mei.redeem(bag, key).get_json()
    assert first["order_no"] != second["order_no"]


def test_a_repeat_hears_its_first_answer_after_the_reward_is_gone(li: Shopper) -> None:
    bag, key = reward(stock=1), fresh_key()
    first = li.redeem(bag, key).get_json()
    catalogue.set_listed(bag, is_listed=False)
    again = li.redeem(bag, key)
    assert (again.status_code, again.get_json()) == (201, first)
    assert li.redeem(bag).get_json()["code"] == "no_such_reward"


def test_a_repeat_hears_its_first_answer_while_others_hear_sold_out(
    li: Shopper, mei: Shopper
) -> None:
    bag, key = reward(stock=1), fresh_key()
    first = li.redeem(bag, key).get_json()
    assert mei.redeem(bag).get_json()["code"] == "sold_out"
    assert li.redeem(bag, key).get_json() == first


def test_the_key_is_needed(li: Shopper) -> None:
    answer = li.client.post(
        "/api/v1/redemptions", json={"reward_id": str(reward())}, headers=li.headers
    )
    assert (answer.status_code, answer.get_json()["code"]) == (400, "idempotency_key_missing")


def bad_address(**changes: Any) -> dict[str, Any]:
    return {"delivery": {**ADDRESS, **changes}}


@pytest.mark.parametrize(
    "asked",
    [
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": 100},
        {"quantity": 2**62},
        {"quantity": "1"},
        {"quantity": 1.5},
        {"quantity": True},
        {"reward_id": 1},
        {"reward_id": "0"},
        {"reward_id": "9" * 40},
        {"variant_id": "-1"},
        {"points": 1},
        bad_address(name="李\x07雷"),
        bad_address(name="李\n雷"),
        bad_address(detail="漕溪北路\u202e1 号"),
        bad_address(detail="a\tb"),
        bad_address(region="\u2028"),
        bad_address(name=""),
        bad_address(name="李" * 33),
        bad_address(phone="call me"),
        bad_address(phone="138\n0013"),
        bad_address(phone="1" * 40),
        bad_address(detail=None),
        bad_address(postcode="200030"),
        {"delivery": "漕溪北路 1 号"},
        {"delivery": []},
    ],
)
def test_what_is_no_order_is_refused_by_name_and_moves_nothing(
    li: Shopper, asked: dict[str, Any]
) -> None:
    parcel = reward(fulfilment="delivery")
    before = picture()
    body = {"reward_id": str(parcel), "delivery": ADDRESS, **asked}
    answer = li.post("/api/v1/redemptions", body)
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "validation_failed"
    assert set(answer.get_json()["errors"]["json"]) <= {*asked}
    assert picture() == before


def test_a_number_beyond_all_numbers_is_no_json(li: Shopper) -> None:
    assert refusal(li, reward(), quantity=10**30)[1]["code"] == "malformed_json"


def refusal(li: Shopper, reward_id: int, **asked: Any) -> tuple[int, dict[str, Any]]:
    """The answer to an order that must be refused, having moved nothing."""
    before = picture()
    answer = li.redeem(reward_id, **asked)
    assert picture() == before
    assert audited() == []
    return answer.status_code, answer.get_json()


def test_too_few_points_tell_how_many_are_missing(li: Shopper) -> None:
    status, problem = refusal(li, reward(points=600), quantity=2)
    assert (status, problem["code"]) == (409, "insufficient_points")
    assert (problem["required"], problem["available"]) == (1200, 1000)


def test_what_is_sold_out_is_refused(li: Shopper) -> None:
    status, problem = refusal(li, reward(stock=0))
    assert (status, problem["code"], problem["title"]) == (409, "sold_out", "已抢光")
    status, problem = refusal(li, reward(stock=2), quantity=3)
    assert (status, problem["code"]) == (409, "sold_out")


def test_before_and_after_the_window_nothing_is_taken(li: Shopper) -> None:
    hour = timedelta(hours=1)
    status, problem = refusal(li, reward(available_from=now() + hour))
    assert (status, problem["code"]) == (409, "not_started")
    assert "starts_at" in problem
    status, problem = refusal(li, reward(available_until=now() - hour))
    assert (status, problem["code"]) == (409, "ended")


def test_a_higher_tier_is_named_and_opens_the_door(li: Shopper) -> None:
    course = reward(min_tier_rank=2)
    status, problem = refusal(li, course)
    assert (status, problem["code"]) == (403, "tier_too_low")
    assert (problem["required"], problem["yours"]) == ("platinum", "regular")
    set_tier(li.member_id, "diamond")
    assert li.redeem(course).status_code == 201


def test_a_member_takes_no_more_than_the_allowance(li: Shopper) -> None:
    bag = reward(allowance=2)
    assert li.redeem(bag).status_code == 201
    assert refusal(li, bag, quantity=2)[1]["code"] == "allowance_used"
    assert li.redeem(bag).status_code == 201
    assert refusal(li, bag)[1]["code"] == "allowance_used"


def test_variants_share_the_allowance(li: Shopper, mei: Shopper) -> None:
    shirt = published([NewVariant(9, "S"), NewVariant(9, "M")], allowance=2)
    small, medium = map(str, variants_of(shirt))
    assert li.redeem(shirt, variant_id=small).status_code == 201
    assert li.redeem(shirt, variant_id=medium).status_code == 201
    assert refusal(li, shirt, variant_id=small)[1]["code"] == "allowance_used"
    assert mei.redeem(shirt, variant_id=medium, quantity=2).status_code == 201


def test_a_variant_has_to_be_chosen_and_has_its_own_price(li: Shopper) -> None:
    shirt = published([NewVariant(9, "S"), NewVariant(9, "XL", 150)])
    other = variants_of(reward())[0]
    assert refusal(li, shirt)[1]["code"] == "choose_variant"
    assert refusal(li, shirt, variant_id=str(other))[1]["code"] == "choose_variant"
    large = li.redeem(shirt, variant_id=str(variants_of(shirt)[1])).get_json()
    assert (large["title"], large["points"]) == ("帆布袋 · XL", 150)


def test_unknown_and_unlisted_rewards_are_not_there(li: Shopper) -> None:
    hidden = reward()
    catalogue.set_listed(hidden, is_listed=False)
    assert refusal(li, hidden)[1]["code"] == "no_such_reward"
    assert refusal(li, 123456)[0] == 404


def test_a_parcel_needs_an_address(li: Shopper) -> None:
    status, problem = refusal(li, reward(fulfilment="delivery"))
    assert (status, problem["code"]) == (422, "delivery_needed")


def test_who_hammers_is_slowed_down(li: Shopper, monkeypatch: pytest.MonkeyPatch) -> None:
    bag = reward(stock=50)
    slow = SlowDown("too many attempts", retry_after_seconds=2)
    monkeypatch.setattr(gate, "decide", lambda _pool, wants: [_Slow(slow) for _ in wants])
    answer = li.redeem(bag)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")


class _Slow:
    word = gate.Word.SLOW_DOWN
    may_try = False

    def __init__(self, refusal: Exception) -> None:
        self._refusal = refusal

    def refusal(self) -> Exception:
        return self._refusal


def test_points_and_cash_hold_the_points_until_paid(li: Shopper) -> None:
    answer = li.redeem(reward(points=300, cash_fen=990), quantity=2)
    body = answer.get_json()
    assert (body["status"], body["cash_fen"]) == ("awaiting_payment", 1980)
    assert (body["points"], body["points_available"]) == (600, 400)
    points = li.get("/points").get_json()
    assert (points["available"], points["held"]) == (400, 600)
    assert audited() == []


def test_an_empty_redis_is_loaded_by_the_first_claim(li: Shopper, mei: Shopper) -> None:
    bag = reward(stock=1)
    redis_client().flushall()
    assert li.redeem(bag).status_code == 201
    assert mei.redeem(bag).get_json()["code"] == "sold_out"
    assert audited() == []


def test_a_repeat_that_overtakes_its_first_call_keeps_the_unit(
    li: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate gave the unit to the first call; a repeat, in another process, commits before it."""
    bag, key = reward(stock=2), fresh_key()
    write = placing._write

    def overtaken(tries: Any, placed: Any) -> None:
        monkeypatch.setattr(placing, "_write", write)
        assert isinstance(placing.place_all([one.item for one in tries])[0], Told)
        write(tries, placed)

    monkeypatch.setattr(placing, "_write", overtaken)
    assert li.redeem(bag, key).headers["Idempotency-Replayed"] == "true"
    assert available(li.member_id) == 900
    assert audited() == []
    assert list(stock_audit.everything()) == []


@pytest.mark.parametrize("app_settings", [{"REDIS_URL": "unix:///nowhere/redis.sock"}])
def test_without_redis_the_database_decides_alone(li: Shopper, mei: Shopper) -> None:
    bag, key = reward(stock=1), fresh_key()
    first = li.redeem(bag, key)
    assert first.status_code == 201
    assert mei.redeem(bag).get_json()["code"] == "sold_out"
    assert li.redeem(bag, key).get_json() == first.get_json()
    assert li.cancel(first.get_json()["order_no"]).status_code == 200
    assert mei.redeem(bag).status_code == 201


def test_orders_are_listed_newest_first_without_their_address(li: Shopper, mei: Shopper) -> None:
    parcel = reward(fulfilment="delivery")
    placed = [li.redeem(parcel, delivery=ADDRESS).get_json()["order_no"] for _ in range(3)]
    page = li.get("/redemptions?limit=2").get_json()
    assert [one["order_no"] for one in page["items"]] == [placed[2], placed[1]]
    assert "delivery" not in page["items"][0]
    rest = li.get(f"/redemptions?limit=2&cursor={page['next_cursor']}").get_json()
    assert [one["order_no"] for one in rest["items"]] == [placed[0]]
    assert rest["next_cursor"] is None
    assert mei.get("/redemptions").get_json() == {"items": [], "next_cursor": None}


def test_foreign_orders_are_not_there(li: Shopper, mei: Shopper) -> None:
    order_no = li.redeem(reward()).get_json()["order_no"]
    before = picture()
    for answer in (
        mei.get(f"/redemptions/{order_no}"),
        mei.cancel(order_no),
        mei.get("/redemptions/R0123456789"),
        mei.cancel("R0123456789"),
    ):
        assert (answer.status_code, answer.get_json()["code"]) == (404, "no_such_order")
    assert picture() == before


def test_nobody_orders_without_signing_in(li: Shopper) -> None:
    for path in ("/api/v1/redemptions", "/api/v1/redemptions/R012345"):
        assert li.client.get(path).status_code == 401
    assert li.client.post("/api/v1/redemptions", json={}).status_code == 401


def test_many_keys_move_nothing_beyond_the_allowance(li: Shopper) -> None:
    bag = reward(stock=50, allowance=1)
    assert li.redeem(bag).status_code == 201
    before = picture()
    codes = {li.redeem(bag).get_json()["code"] for _ in range(50)}
    assert codes == {"allowance_used"}
    assert picture() == before


def test_a_poor_member_leaves_the_unit_to_others(li: Shopper) -> None:
    bag, [poor] = reward(stock=1), enrol(1, points=0)
    assert Shopper(li.client, poor).redeem(bag).get_json()["code"] == "insufficient_points"
    assert li.redeem(bag).status_code == 201
    assert audited() == []
