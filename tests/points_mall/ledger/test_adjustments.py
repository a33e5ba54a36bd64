"""Points given and taken by hand: alone up to a limit, beyond it by two people."""

from datetime import timedelta

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.errors import AccountClosed
from miniprogram_api.members.exports import export_personal_data
from miniprogram_api.members.services import close_account
from points_mall.ledger import adjustments as by_hand
from points_mall.ledger import audit, posting
from points_mall.ledger.adjustments import adjust, approve, foresee, refuse, waiting_count
from points_mall.ledger.errors import (
    AdjustmentDecided,
    AdjustmentOver,
    BalanceMoved,
    InsufficientPoints,
    NoSuchAdjustment,
    OwnAdjustment,
)
from tests.office import acts_of
from tests.points_mall.cashier.desk import number_of, shopper

from .conftest import GIFT
from .desk import acting, adjustments, available, requests

KEY, OTHER_KEY = "a" * 32, "b" * 32


@pytest.fixture
def app_settings() -> dict[str, object]:
    return {"ADJUSTMENT_LIMIT_POINTS": 1000, "ADJUSTMENT_REQUEST_DAYS": 7}


@pytest.fixture
def one(app: Flask) -> int:
    """A member with 500 points."""
    return shopper(points=500)


def asked(app: Flask, member_id: int, points: int = 4000) -> int:
    """A request by 小李, beyond her limit; its number."""
    with acting(app, "li"):
        done = adjust(member_id, points, why="补偿", key=KEY, seen=available(member_id))
    assert done.request_id is not None
    return done.request_id


def sound() -> bool:
    db.session.rollback()
    return not list(audit.findings(db.session()))


@pytest.mark.parametrize(("points", "left"), [(1000, 1500), (-500, 0), (1, 501)])
def test_within_the_limit_one_person_adjusts_and_leaves_an_act(
    app: Flask, one: int, points: int, left: int
) -> None:
    with acting(app, "li"):
        done = adjust(one, points, why="门店补偿", key=KEY, seen=500)
    assert (done.available, done.request_id) == (left, None)
    assert available(one) == left
    assert adjustments() == [(points, "staff:li", {"why": "门店补偿"})]
    subject = f"member:{number_of(one)}"
    assert acts_of("points.adjust") == [
        ("staff:li", subject, {"available": 500}, {"available": left, "points": points}, "门店补偿")
    ]
    assert sound()


def test_the_same_form_sent_twice_adjusts_once(app: Flask, one: int) -> None:
    for _ in range(2):
        with acting(app, "li"):
            assert adjust(one, 100, why="x", key=KEY, seen=500).available == 600
    assert available(one) == 600
    assert len(acts_of("points.adjust")) == 1


def test_more_than_there_is_cannot_be_taken(app: Flask, one: int) -> None:
    with acting(app, "li"), pytest.raises(InsufficientPoints):
        adjust(one, -501, why="x", key=KEY, seen=500)
    assert available(one) == 500
    assert adjustments() == []
    assert acts_of("points.adjust") == []


def test_who_confirmed_another_balance_is_asked_to_look_again(app: Flask, one: int) -> None:
    with acting(app, "li"), pytest.raises(BalanceMoved, match="500, not 499"):
        adjust(one, 100, why="x", key=KEY, seen=499)
    assert available(one) == 500


def test_giving_repays_a_debt_first(app: Flask, one: int) -> None:
    with acting(app, "li"):
        adjust(one, -500, why="x", key=KEY, seen=500)
    with transaction():
        posting.reverse(one, reason=GIFT, reference="start", refunded=40, paid=500, by="refund")
    with acting(app, "wang"):
        coming = foresee(one, 100)
        assert (coming.available, coming.debt) == (0, 40)
        assert (coming.available_after, coming.debt_after) == (60, 0)
        assert adjust(one, 100, why="x", key=OTHER_KEY, seen=0).available == 60
    assert acts_of("points.adjust")[-1][2:4] == (
        {"available": 0, "debt": 40},
        {"available": 60, "points": 100},
    )


def test_dividing_an_adjustment_does_not_evade_the_limit(app: Flask, one: int) -> None:
    with acting(app, "li"):
        adjust(one, 700, why="x", key=KEY, seen=500)
        assert not foresee(one, 300).needs_approval
        assert not foresee(one, -300).needs_approval
        assert foresee(one, 301).needs_approval
        assert foresee(one, -301).needs_approval
    with acting(app, "wang"):
        assert not foresee(one, 1000).needs_approval


def test_the_limit_begins_anew_with_the_day_and_for_each_member(app: Flask, one: int) -> None:
    other = shopper(phone=None, points=10)
    with acting(app, "li"):
        adjust(one, 1000, why="x", key=KEY, seen=500)
        assert not foresee(other, 1000).needs_approval
    clock.set(now() + timedelta(days=1))
    with acting(app, "li"):
        assert not foresee(one, 1000).needs_approval


def test_beyond_the_limit_nothing_moves_until_somebody_else_approves(app: Flask, one: int) -> None:
    request_id = asked(app, one)
    assert available(one) == 500
    assert waiting_count() == 1
    subject = f"member:{number_of(one)}"
    told = {"points": 4000, "request": request_id}
    assert acts_of("points.ask_adjustment") == [
        ("staff:li", subject, {"available": 500}, told, "补偿")
    ]

    with acting(app, "wang"):
        assert approve(request_id, why="已核实").available == 4500
    assert available(one) == 4500
    assert waiting_count() == 0
    assert requests() == [("approved", 4000, "staff:li", "staff:wang")]
    assert adjustments() == [(4000, "staff:li", {"why": "补偿", "approved_by": "staff:wang"})]
    after = {"available": 4500, "points": 4000, "request": request_id, "asked_by": "staff:li"}
    assert acts_of("points.approve_adjustment") == [
        ("staff:wang", subject, {"available": 500}, after, "已核实")
    ]
    assert sound()


def test_asking_twice_with_one_form_asks_once(app: Flask, one: int) -> None:
    first = asked(app, one)
    assert asked(app, one) == first
    assert len(requests()) == 1
    assert len(acts_of("points.ask_adjustment")) == 1


def test_nobody_approves_their_own_request(app: Flask, one: int) -> None:
    request_id = asked(app, one)
    with acting(app, "li"), pytest.raises(OwnAdjustment):
        approve(request_id, why="x")
    assert available(one) == 500
    assert requests() == [("open", 4000, "staff:li", None)]


def test_what_was_approved_counts_towards_nobodys_limit(app: Flask, one: int) -> None:
    request_id = asked(app, one)
    with acting(app, "wang"):
        approve(request_id, why="x")
        assert not foresee(one, 1000).needs_approval
    with acting(app, "li"):
        assert not foresee(one, 1000).needs_approval


@pytest.mark.parametrize(
    ("who", "state", "act"),
    [
        ("wang", "refused", "points.refuse_adjustment"),
        ("li", "withdrawn", "points.withdraw_adjustment"),
    ],
)
def test_refused_or_withdrawn_nothing_moves(
    app: Flask, one: int, who: str, state: str, act: str
) -> None:
    request_id = asked(app, one)
    with acting(app, who):
        refuse(request_id, why="不合规定")
    assert available(one) == 500
    assert requests() == [(state, 4000, "staff:li", f"staff:{who}")]
    ((actor, _, before, after, why),) = acts_of(act)
    assert (actor, before, why) == (f"staff:{who}", {"state": "open"}, "不合规定")
    assert after == {"state": state, "points": 4000, "request": request_id}


def test_what_was_decided_stays_so(app: Flask, one: int) -> None:
    request_id = asked(app, one)
    with acting(app, "wang"):
        refuse(request_id, why="x")
    for late in (lambda: approve(request_id, why="y"), lambda: refuse(request_id, why="y")):
        with acting(app, "zhao"), pytest.raises(AdjustmentDecided, match="refused by staff:wang"):
            late()
    assert available(one) == 500


def test_a_request_is_over_after_its_days(app: Flask, one: int) -> None:
    request_id = asked(app, one)
    clock.set(now() + timedelta(days=7))
    assert waiting_count() == 0
    with acting(app, "wang"), pytest.raises(AdjustmentOver):
        approve(request_id, why="x")
    assert available(one) == 500


def test_points_that_are_gone_meanwhile_are_not_taken(app: Flask, one: int) -> None:
    with acting(app, "li"):
        adjust(one, 1000, why="x", key=OTHER_KEY, seen=500)
        done = adjust(one, -1200, why="y", key=KEY, seen=1500)
    with acting(app, "zhao"):
        adjust(one, -400, why="z", key="c" * 32, seen=1500)
    assert done.request_id is not None
    with acting(app, "wang"), pytest.raises(InsufficientPoints):
        approve(done.request_id, why="x")
    assert available(one) == 1100
    assert requests()[0][0] == "open"


def test_there_is_no_such_request(app: Flask) -> None:
    with acting(app, "wang"), pytest.raises(NoSuchAdjustment):
        approve(17, why="x")


def test_a_closed_account_is_neither_adjusted_nor_waited_for(app: Flask, one: int) -> None:
    request_id = asked(app, one)
    close_account(one)
    assert requests() == [("withdrawn", 4000, "staff:li", "system")]
    with acting(app, "wang"), pytest.raises(AccountClosed):
        approve(request_id, why="x")
    with acting(app, "wang"), pytest.raises(AccountClosed):
        adjust(one, 10, why="x", key=OTHER_KEY, seen=0)


def test_a_request_is_part_of_the_members_export(app: Flask, one: int) -> None:
    asked(app, one)
    (told,) = export_personal_data(one)["adjustment_requests"]
    assert (told["points"], told["why"], told["state"]) == (4000, "补偿", "open")


class TestWithoutALimit:
    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"ADJUSTMENT_LIMIT_POINTS": 0}

    def test_one_person_gives_any_number(self, app: Flask, one: int) -> None:
        with acting(app, "li"):
            assert adjust(one, 9_999_999, why="x", key=KEY, seen=500).available == 10_000_499
        assert by_hand.waiting_count() == 0
