"""Every kind of prize is really given, and its winner can see it."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lottery.chances import chances_of, count_for
from lottery.terms import PrizeTerms
from points_mall.grants.errors import RewardNotAllowed
from tests.builders import bearer

from .conftest import all_is_right, balance, enrol, only, points_prize, refused, spin, wheel_of


@pytest.fixture
def member(app: Flask) -> int:
    return enrol()[0]


def get(client: FlaskClient, member: int, path: str) -> Any:
    answer = client.get(path, headers=bearer(member))
    assert answer.status_code == 200, answer.json
    return answer.json


def test_points_are_credited_and_stand_in_the_statement(client: FlaskClient, member: int) -> None:
    body = spin(member, only(points_prize(30)), "key-00001").answer.body
    assert body["granted"] == {"kind": "points", "points": 30}
    assert (body["points_available"], balance(member)) == (30, 30)
    (entry,) = get(client, member, "/api/v1/points/entries")["items"]
    assert (entry["points"], entry["reason"], entry["title"]) == (30, "lottery_prize", "抽奖奖品")
    assert entry["explanation"]["draw_no"] == body["draw_no"]
    all_is_right()


def test_a_coupon_is_issued_from_its_template(client: FlaskClient, member: int) -> None:
    wheel = only(PrizeTerms("券", "coupon", 1, 2, item="full50", expires_days=30))
    body = spin(member, wheel, "key-00001").answer.body
    until = "2026-12-22T00:00:00+08:00"
    assert body["granted"] == {
        "kind": "coupon", "amount": 2, "title": "满50减10", "expires_at": until,
    }  # fmt: skip
    owned = get(client, member, "/api/v1/coupons")["items"]
    assert [(one["state"], one["title"], one["valid_until"]) for one in owned] == [
        ("unused", "满50减10", until)
    ] * 2
    all_is_right()


def test_a_reward_becomes_an_order_with_a_pick_up_code(client: FlaskClient, member: int) -> None:
    prize = PrizeTerms("耳机", "reward", 1, value_fen=29900, stock=3, fulfilment="pickup")
    body = spin(member, only(prize), "key-00001").answer.body
    granted = body["granted"]
    order = get(client, member, f"/api/v1/redemptions/{granted['order_no']}")
    assert (order["title"], order["points"], order["status"]) == ("耳机", 0, "ready")
    assert order["pickup_code"] == granted["pickup_code"] is not None
    assert (order["source"], order["can_cancel"]) == ("prize", False)
    all_is_right()


def test_a_reward_by_post_asks_for_its_address_once(client: FlaskClient, member: int) -> None:
    prize = PrizeTerms("礼盒", "reward", 1, value_fen=9900, stock=1, fulfilment="delivery")
    body = spin(member, only(prize), "key-00001").answer.body
    address = {"name": "王小明", "phone": "13800138000", "region": "上海市", "detail": "南京路1号"}
    path = f"/api/v1/draws/{body['draw_no']}/delivery"

    def send(key: str) -> Any:
        return client.post(path, json=address, headers={**bearer(member), "Idempotency-Key": key})

    assert send("address-1").status_code == 200
    assert send("address-1").headers["Idempotency-Replayed"] == "true"
    again = send("address-2")
    assert (again.status_code, again.json["code"]) == (409, "address_not_awaited")
    order = get(client, member, f"/api/v1/redemptions/{body['granted']['order_no']}")
    assert (order["status"], order["delivery"]["detail"]) == ("placed", "南京路1号")
    all_is_right()


def test_draw_again_pays_the_next_draw_even_beyond_the_limit(member: int) -> None:
    again, nothing = PrizeTerms("再来", "draw_again", 9), PrizeTerms("谢谢", "nothing", 1)
    wheel = wheel_of(again, nothing, daily_limit=1)
    kinds, number = [], 0
    while (body := spin(member, wheel, f"key-{number:05d}").answer.body)["chances"]:
        assert body["paid_by"] == ("again" if number else "free")
        kinds.append(body["granted"])
        number += 1
    assert kinds == [{"kind": "draw_again", "amount": 1, "expires_at": None}] * number
    assert body["granted"] == {"kind": "nothing"}
    assert refused(member, wheel).code == "no_draws_left"
    all_is_right()


def test_draw_chances_can_be_drawn_with_on_any_wheel(client: FlaskClient, member: int) -> None:
    wheel = only(PrizeTerms("机会", "draw_chance", 1, 2))
    other = only(points_prize(3), free_draws_per_day=0)
    body = spin(member, wheel, "key-00001").answer.body
    assert body["granted"] == {"kind": "draw_chance", "amount": 2}
    assert count_for(chances_of(member), other) == 2
    assert get(client, member, f"/api/v1/wheels/{other}")["chances"] == 2
    drawn = spin(member, other, "key-00002").answer.body
    assert (drawn["paid_by"], drawn["chances"]) == ("chance", 1)
    all_is_right()


def test_make_up_cards_of_check_in_can_be_won(client: FlaskClient, member: int) -> None:
    body = spin(member, only(PrizeTerms("补签卡", "make_up_card", 1, 1)), "key-00001").answer.body
    assert body["granted"] == {"kind": "make_up_card", "amount": 1}
    assert get(client, member, "/api/v1/checkins")["make_up"]["cards"] == 1
    all_is_right()


def test_nothing_is_said_plainly_and_stands_in_the_history(
    client: FlaskClient, member: int
) -> None:
    body = spin(member, only(PrizeTerms("没中", "nothing", 1)), "key-00001").answer.body
    assert body["granted"] == {"kind": "nothing"}
    (one,) = get(client, member, "/api/v1/draws")["items"]
    assert (one["draw_no"], one["prize"]["name"]) == (body["draw_no"], "没中")
    all_is_right()


def test_money_for_the_wallet_is_credited_once(client: FlaskClient, member: int) -> None:
    wheel = only(PrizeTerms("红包", "wallet", 1, 188))
    for _ in range(2):
        body = spin(member, wheel, "key-00001").answer.body
        assert body["granted"] == {"kind": "wallet", "amount": 188}
    assert get(client, member, "/api/v1/wallet")["balance_fen"] == 188
    all_is_right()


def test_a_kind_that_nobody_gives_is_refused_when_the_wheel_is_saved(app: Flask) -> None:
    with pytest.raises(RewardNotAllowed, match="moon_rock"):
        only(PrizeTerms("余额", "moon_rock", 1, 100))


def test_whoever_closes_the_account_gives_an_uncollected_prize_up(
    client: FlaskClient, member: int
) -> None:
    prize = PrizeTerms("耳机", "reward", 1, value_fen=29900, stock=1, fulfilment="pickup")
    wheel = only(prize)
    spin(member, wheel, "key-00001")
    headers = {**bearer(member), "Idempotency-Key": "close-me-1"}
    assert client.delete("/api/v1/members/me", headers=headers).status_code == 204
    assert refused(member, wheel).code == "account_closed"
    all_is_right()
    lucky = enrol(1, first_number=9)[0]
    assert spin(lucky, wheel, "key-00002").answer.body["granted"]["kind"] == "reward"
    all_is_right()
