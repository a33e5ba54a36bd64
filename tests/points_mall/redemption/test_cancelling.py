"""Undoing an order: the same lots, the same unit, one end."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import DomainError
from points_mall.ledger import posting
from points_mall.ledger import services as ledger
from points_mall.ledger.models import HoldState, PointsHold, PointsLot
from points_mall.redemption import services
from points_mall.redemption.models import RedemptionOrder
from points_mall.redemption.pickup import confirm_pickup
from points_mall.stock.models import StockUnit
from tests.together import all_at_once

from .conftest import (
    GIFT,
    Shopper,
    audited,
    available,
    fresh_key,
    picture,
    reward,
    status_of,
)


def lots() -> list[tuple[int, int]]:
    """What each lot was granted and has left, in the order of their expiry."""
    db.session.rollback()
    query = sa.select(PointsLot.granted, PointsLot.remaining)
    rows = db.session.execute(query.order_by(PointsLot.expires_at))
    return [(row.granted, row.remaining) for row in rows]


def test_points_go_back_into_the_lots_they_came_from(li: Shopper) -> None:
    with transaction():
        for points, days in ((40, 10), (70, 20)):
            expires_at = now() + timedelta(days=days)
            posting.credit(
                li.member_id, points, reason=GIFT, reference=f"g{days}", expires_at=expires_at
            )
    before = sorted(lots())
    order_no = li.redeem(reward(points=100)).get_json()["order_no"]
    assert sorted(lots()) == [(40, 0), (70, 10), (1000, 1000)]
    answer = li.cancel(order_no)
    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["status"], body["cancel_reason"]) == ("cancelled", "member")
    assert body["points_available"] == 1110
    assert sorted(lots()) == before
    assert audited() == []


def test_the_last_unit_of_a_sold_out_reward_can_be_won_again(li: Shopper, mei: Shopper) -> None:
    bag = reward(stock=1)
    order_no = li.redeem(bag).get_json()["order_no"]
    assert mei.redeem(bag).get_json()["code"] == "sold_out"
    li.cancel(order_no)
    assert mei.redeem(bag).status_code == 201
    assert li.redeem(bag).get_json()["code"] == "sold_out"
    assert audited() == []


def test_a_cancelled_order_does_not_count_towards_the_allowance(li: Shopper) -> None:
    bag = reward(allowance=1)
    li.cancel(li.redeem(bag).get_json()["order_no"])
    assert li.redeem(bag).status_code == 201
    assert audited() == []


def test_a_repeat_of_the_cancellation_gives_back_once(li: Shopper) -> None:
    order_no, key = li.redeem(reward(points=100)).get_json()["order_no"], fresh_key()
    first, again = li.cancel(order_no, key), li.cancel(order_no, key)
    assert again.get_json() == first.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert available(li.member_id) == 1000
    before = picture()
    once_more = li.cancel(order_no)
    assert (once_more.status_code, once_more.get_json()["code"]) == (409, "order_step_not_allowed")
    assert once_more.get_json()["order_status"] == "cancelled"
    assert picture() == before


def test_a_repeat_of_a_cancelled_order_hears_its_first_answer(li: Shopper) -> None:
    bag, key = reward(stock=1), fresh_key()
    first = li.redeem(bag, key).get_json()
    li.cancel(first["order_no"])
    again = li.redeem(bag, key)
    assert (again.status_code, again.get_json()) == (201, first)
    assert status_of(first["order_no"]) == "cancelled"
    assert available(li.member_id) == 1000
    assert audited() == []


def test_what_was_offered_for_good_cannot_be_cancelled(li: Shopper) -> None:
    order = li.redeem(reward(is_cancellable=False)).get_json()
    assert order["can_cancel"] is False
    before = picture()
    answer = li.cancel(order["order_no"])
    assert (answer.status_code, answer.get_json()["code"]) == (409, "order_not_cancellable")
    assert picture() == before


def test_a_held_order_sets_its_points_free(li: Shopper) -> None:
    order_no = li.redeem(reward(points=300, cash_fen=990)).get_json()["order_no"]
    assert li.cancel(order_no).get_json()["points_available"] == 1000
    assert [hold.state for hold in db.session.scalars(sa.select(PointsHold))] == [HoldState.VOIDED]
    assert audited() == []


@pytest.mark.parametrize("hold_ended_first", [False, True])
def test_an_order_that_nobody_pays_is_released(li: Shopper, hold_ended_first: bool) -> None:
    bag = reward(stock=1, points=300, cash_fen=990)
    order_no = li.redeem(bag).get_json()["order_no"]
    clock.set(now() + timedelta(minutes=14))
    assert services.release_unpaid() == 0
    clock.advance(timedelta(minutes=2))
    if hold_ended_first:
        clock.advance(timedelta(days=1))
        assert ledger.release_holds() == 1
    assert services.release_unpaid() == 1
    assert services.release_unpaid() == 0
    order = Shopper(li.client, li.member_id).get(f"/redemptions/{order_no}").get_json()
    assert (order["status"], order["cancel_reason"]) == ("cancelled", "unpaid")
    assert available(li.member_id) == 1000
    assert db.session.scalar(sa.select(StockUnit.holder)) is None
    clock.reset()
    assert li.redeem(bag).status_code == 201
    assert audited() == []


def test_many_unpaid_orders_are_released_in_batches(
    li: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "BATCH", 2)
    bag = reward(stock=5, points=10, cash_fen=100)
    for _ in range(5):
        li.redeem(bag)
    clock.set(now() + timedelta(minutes=16))
    assert services.release_unpaid() == 5
    assert available(li.member_id) == 1000
    assert audited() == []


@pytest.mark.parametrize("turn", range(5))
def test_cancel_meets_collect_and_the_order_has_one_end(app: Flask, li: Shopper, turn: int) -> None:
    bag = reward(stock=1)
    order = li.redeem(bag).get_json()
    answers = all_at_once(
        app,
        [
            lambda: services.cancel(li.member_id, order["order_no"]),
            lambda: confirm_pickup(order["pickup_code"], caller="till:1"),
            lambda: services.cancel(li.member_id, order["order_no"]),
            lambda: confirm_pickup(order["pickup_code"], caller="till:2"),
        ],
    )
    assert sum(not isinstance(answer, DomainError) for answer in answers) == 1
    assert status_of(order["order_no"]) in {"cancelled", "collected"}
    is_cancelled = status_of(order["order_no"]) == "cancelled"
    assert available(li.member_id) == (1000 if is_cancelled else 900)
    assert li.redeem(bag).status_code == (201 if is_cancelled else 409)
    assert audited() == []


@pytest.mark.parametrize("turn", range(5))
def test_cancel_meets_the_release_of_the_unpaid(app: Flask, li: Shopper, turn: int) -> None:
    order = li.redeem(reward(stock=1, points=300, cash_fen=990)).get_json()
    clock.set(now() + timedelta(minutes=16))
    all_at_once(
        app,
        [
            lambda: services.cancel(li.member_id, order["order_no"]),
            services.release_unpaid,
            services.release_unpaid,
            ledger.release_holds,
            lambda: confirm_pickup(order["pickup_code"], caller="till:1"),
        ],
    )
    assert status_of(order["order_no"]) == "cancelled"
    assert available(li.member_id) == 1000
    assert db.session.scalar(sa.select(RedemptionOrder.cancel_reason)) in {"member", "unpaid"}
    assert audited() == []
