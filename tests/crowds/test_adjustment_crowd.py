"""Managers decide and adjust at the same moment: one of them does, and the ledger stays right."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.core.db import db
from points_mall.ledger import audit
from points_mall.ledger.adjustments import adjust, approve, refuse
from points_mall.ledger.errors import AdjustmentDecided, BalanceMoved
from tests.points_mall.cashier.desk import shopper
from tests.points_mall.ledger.desk import acting, adjustments, available, requests
from tests.together import all_at_once

ROUNDS = 5


@pytest.fixture
def app_settings() -> dict[str, object]:
    return {"ADJUSTMENT_LIMIT_POINTS": 1000}


def by(app: Flask, username: str, act: Callable[[], Any]) -> Callable[[], Any]:
    def acted() -> Any:
        with acting(app, username):
            return act()

    return acted


def decided_at_once(app: Flask, request_id: int) -> list[Any]:
    """Two managers approve and one refuses, together."""
    approving = [by(app, who, lambda: approve(request_id, why="好")) for who in ("wang", "zhao")]
    return all_at_once(app, [*approving, by(app, "qian", lambda: refuse(request_id, why="不好"))])


def test_of_managers_who_decide_at_once_one_does(app: Flask) -> None:
    for turn in range(ROUNDS):
        member_id = shopper(phone=None, points=500)
        with acting(app, "li"):
            request_id = adjust(member_id, 4000, why="x", key=f"{turn:032x}", seen=500).request_id
        assert request_id is not None
        answers = decided_at_once(app, request_id)
        refused = [answer for answer in answers if isinstance(answer, AdjustmentDecided)]
        assert len(refused) == 2, answers
        state = requests()[-1][0]
        assert available(member_id) == (4500 if state == "approved" else 500)
    posted = [points for points, *_ in adjustments()]
    assert posted == [4000] * [state for state, *_ in requests()].count("approved")
    assert list(audit.findings(db.session())) == []


def test_of_managers_who_confirm_one_balance_at_once_one_adjusts(app: Flask) -> None:
    one = shopper(points=500)
    acts = [
        by(app, f"m{n}", partial(adjust, one, 100, why="x", key=f"{n:032x}", seen=500))
        for n in range(6)
    ]
    answers = all_at_once(app, acts)
    assert sum(isinstance(answer, BalanceMoved) for answer in answers) == 5, answers
    assert available(one) == 600
    assert list(audit.findings(db.session())) == []


def test_a_form_sent_many_times_at_once_adjusts_once(app: Flask) -> None:
    one = shopper(points=500)
    again = by(app, "li", lambda: adjust(one, 100, why="x", key="a" * 32, seen=500))
    answers = all_at_once(app, [again] * 6)
    assert [answer.available for answer in answers] == [600] * 6
    assert available(one) == 600
    assert list(audit.findings(db.session())) == []
