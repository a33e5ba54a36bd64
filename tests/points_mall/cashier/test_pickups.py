"""Handing rewards over: once, and taken back within a window by who may."""

from datetime import timedelta

from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock
from points_mall.redemption.pickup_codes import new_code
from tests.builders import bearer
from tests.points_mall.redemption.conftest import reward

from .desk import Desk, acts, everything, shopper


def redeemed(desk: Desk) -> tuple[int, str]:
    """An order that waits at the counter: whose it is, and its pick-up code."""
    member = shopper(phone=None, points=500)
    return member, redeemed_by(desk.client, member)


def redeemed_by(client: FlaskClient, member: int) -> str:
    answer = client.post(
        "/api/v1/redemptions",
        json={"reward_id": str(reward())},
        headers={**bearer(member), "Idempotency-Key": "redeem-key"},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["pickup_code"])


def test_a_reward_is_looked_up_and_handed_over_once(desk: Desk) -> None:
    _, code = redeemed(desk)
    shown = desk.get(f"/pickups/{code}").get_json()
    assert (shown["title"], shown["quantity"], shown["points"]) == ("帆布袋", 1, 100)
    assert (shown["can_confirm"], shown["can_undo"], shown["collected_at"]) == (True, False, None)

    done = desk.post(f"/pickups/{code}/confirm")
    assert (done.status_code, done.get_json()["status"]) == (200, "collected")
    assert done.get_json()["undo_until"] == "2026-11-21T13:10:00+08:00"
    assert acts("till.pickup") == [("staff:chen", f"order:{shown['order_no']}")]

    clock.advance(timedelta(minutes=3))
    again = desk.post(f"/pickups/{code}/confirm")
    assert (again.status_code, again.get_json()["code"]) == (409, "already_collected")
    assert again.get_json()["collected_at"] == "2026-11-21T13:00:00+08:00"
    assert len(acts("till.pickup")) == 1


def test_a_hand_over_is_taken_back_within_its_window(desk: Desk) -> None:
    _, code = redeemed(desk)
    desk.post(f"/pickups/{code}/confirm")
    clock.advance(timedelta(minutes=10))
    answer = desk.post(f"/pickups/{code}/undo", {"reason": "扫错了"})
    assert (answer.status_code, answer.get_json()["status"]) == (200, "ready")
    assert answer.get_json()["can_confirm"] is True
    assert len(acts("till.undo_pickup")) == 1
    again = desk.post(f"/pickups/{code}/undo", {"reason": "扫错了"})
    assert (again.status_code, again.get_json()["code"]) == (409, "undo_over")
    assert desk.post(f"/pickups/{code}/confirm").get_json()["status"] == "collected"


def test_after_its_window_it_stays(desk: Desk, manager: Desk) -> None:
    _, code = redeemed(desk)
    desk.post(f"/pickups/{code}/confirm")
    clock.advance(timedelta(minutes=10, seconds=1))
    for who in (desk, manager):
        answer = who.post(f"/pickups/{code}/undo", {"reason": "扫错了"})
        assert (answer.status_code, answer.get_json()["code"]) == (409, "undo_over")
    assert desk.get(f"/pickups/{code}").get_json()["status"] == "collected"


def test_another_cashier_does_not_take_it_back_and_a_manager_does(
    desk: Desk, other_desk: Desk, manager: Desk
) -> None:
    _, code = redeemed(desk)
    desk.post(f"/pickups/{code}/confirm")
    refused = other_desk.post(f"/pickups/{code}/undo", {"reason": "扫错了"})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "not_your_pickup")
    assert other_desk.get(f"/pickups/{code}").get_json()["can_undo"] is False
    done = manager.post(f"/pickups/{code}/undo", {"reason": "扫错了"})
    assert done.get_json()["status"] == "ready"


def test_a_cancelled_order_is_not_handed_over(desk: Desk) -> None:
    member, code = redeemed(desk)
    order_no = desk.get(f"/pickups/{code}").get_json()["order_no"]
    desk.client.post(
        f"/api/v1/redemptions/{order_no}/cancel",
        headers={**bearer(member), "Idempotency-Key": "cancel-key"},
    )
    before = everything()
    answer = desk.post(f"/pickups/{code}/confirm")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "order_step_not_allowed")
    assert everything() == before


def test_unknown_codes_are_not_found_and_paced(desk: Desk) -> None:
    answer = desk.post(f"/pickups/{new_code()}/confirm")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "no_such_pickup")
    answers = [desk.get("/pickups/6000").status_code for _ in range(40)]
    assert answers[-1] == 429


def test_a_scan_of_a_pickup_code_says_so(desk: Desk) -> None:
    _, code = redeemed(desk)
    assert desk.scan(code).get_json()["looks_like"] == "pickup_code"
