"""Sixty-four at once for the last unit, through HTTP: one gets it, pays once, and the audits agree."""

import threading
from collections import Counter

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.db import db
from points_mall.ledger.models import LedgerEntry
from points_mall.redemption import services
from points_mall.redemption.models import RedemptionOrder
from points_mall.stock import sold_out

from .conftest import Shopper, audited, enrol, fresh_key, reward

CROWD = 64


@pytest.fixture
def app_settings() -> dict[str, object]:
    """Nobody is slowed down: everybody's refusal must be the stock's."""
    return {"CLAIM_BURST": 0, "MEMBER_POSTS_PER_SECOND": 0}


def storm(app: Flask, asks: list[tuple[int, int, str]]) -> list[tuple[int, str]]:
    """Everybody (member, reward, key) asks at the same moment; status and code or order number."""
    answers: list[tuple[int, str]] = [(0, "")] * len(asks)
    start = threading.Barrier(len(asks))
    shoppers = {member: Shopper(app.test_client(), member) for member, _, _ in asks}
    db.session.remove()

    def ask(place: int) -> None:
        member, reward_id, key = asks[place]
        client = app.test_client()
        start.wait()
        answer = client.post(
            "/api/v1/redemptions",
            json={"reward_id": str(reward_id)},
            headers=shoppers[member].headers | {"Idempotency-Key": key},
        )
        body = answer.get_json()
        answers[place] = answer.status_code, body.get("code") or body["order_no"]

    crowd = [threading.Thread(target=ask, args=(place,)) for place in range(len(asks))]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    return answers


def debits() -> int:
    query = sa.select(sa.func.count(LedgerEntry.id)).where(LedgerEntry.points < 0)
    return int(db.session.scalar(query) or 0)


def test_sixty_four_want_the_last_unit_and_one_gets_it(app: Flask) -> None:
    members, bag = enrol(CROWD), reward(stock=1)
    answers = storm(app, [(member, bag, fresh_key()) for member in members])
    assert Counter(code for status, code in answers if status != 201) == {"sold_out": CROWD - 1}
    assert debits() == 1
    assert audited() == []

    order = db.session.scalars(sa.select(RedemptionOrder)).one()
    services.cancel(order.member_id, order.order_no)
    sold_out.forget_all()
    again = storm(app, [(member, bag, fresh_key()) for member in members])
    assert sum(status == 201 for status, _ in again) == 1
    assert audited() == []


def test_retries_and_allowances_hold_in_a_crowd(app: Flask) -> None:
    """Sixteen members with an allowance of two fire two keys twice each, for twenty units."""
    members, bag = enrol(16), reward(stock=20, allowance=2)
    keys = {member: (fresh_key(), fresh_key()) for member in members}
    asks = [(member, bag, key) for member in members for key in keys[member] * 2]
    answers = storm(app, asks)
    assert {code for status, code in answers if status != 201} <= {
        "sold_out", "request_in_progress",
    }  # fmt: skip
    orders = db.session.execute(
        sa.select(RedemptionOrder.member_id, RedemptionOrder.order_no)
    ).all()
    assert len(orders) == 20 == debits()
    assert max(Counter(member for member, _ in orders).values()) <= 2
    assert {code for status, code in answers if status == 201} <= {no for _, no in orders}
    assert audited() == []
