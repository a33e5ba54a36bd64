"""Where movements meet: one cause named twice, undoing too early, points that come in expired."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from points_mall.ledger import posting
from points_mall.ledger.errors import BadMovement, NoSuchEntry
from points_mall.ledger.models import PointsLot
from points_mall.ledger.movements import (
    Credit,
    Debit,
    Expire,
    Hold,
    Mature,
    Posted,
    Restore,
    Reverse,
)
from points_mall.ledger.reasons import EXPIRY, RESTORATION, REVERSAL, Reason

from .conftest import GIFT, ORDER, PURCHASE
from .test_posting import (
    DAY,
    buy,
    cancel,
    figures,
    give,
    hold,
    post,
    refund,
    remaining,
    spend,
)


def test_a_capture_in_part_spends_what_expires_first(member: int) -> None:
    """Also when the lot that expires first is not the oldest, and the hold is read back."""
    give(member, 30, "late", days=20)
    give(member, 30, "soon", days=10)
    hold(member, 50, "h")
    with transaction():
        posting.capture(member, reason=ORDER, reference="h", points=35)
    assert remaining() == [25, 0]


def test_points_that_come_in_expired_cannot_be_spent(member: int) -> None:
    give(member, 10, "a")
    assert give(member, 60, "b", days=-1).available == 10
    assert figures(member) == (70, 0, 0, 0)


def test_an_earning_that_matures_after_its_expiry_adds_nothing_to_spend(member: int) -> None:
    buy(member, 60, "p", matures_in=7, days=3)
    clock.advance(7 * DAY)
    (answer,) = post(Mature(member, PURCHASE.code, "p"))
    assert isinstance(answer, Posted)
    assert (answer.points, answer.available) == (60, 0)


def test_a_hold_for_what_was_already_spent_answers_with_the_entry(member: int) -> None:
    give(member, 60, "a")
    spend(member, 20, "o")
    answer = hold(member, 20, "o")
    assert (answer.repeated, answer.points, answer.available) == (True, -20, 40)
    assert figures(member) == (40, 0, 0, 0)


def test_what_was_spent_beside_a_hold_is_not_captured_as_well(member: int) -> None:
    give(member, 60, "a")
    hold(member, 20, "o")
    spend(member, 20, "o")
    with transaction():
        assert posting.capture(member, reason=ORDER, reference="o").repeated
    assert figures(member) == (20, 20, 0, 0)
    with transaction():
        posting.void(member, reason=ORDER, reference="o")
    assert figures(member) == (40, 0, 0, 0)


@pytest.mark.parametrize("minutes", [0, -1])
def test_a_hold_that_is_over_already_is_refused(member: int, minutes: int) -> None:
    give(member, 60, "a")
    with pytest.raises(BadMovement):
        hold(member, 20, "h", minutes=minutes)
    assert figures(member) == (60, 0, 0, 0)


def test_undoing_an_entry_of_the_same_posting_is_refused_alone(member: int) -> None:
    give(member, 60, "a")
    answers = post(
        Credit(member, 30, PURCHASE, "p"),
        Reverse(member, PURCHASE, "p", 1, 1, "r"),
        Debit(member, 20, ORDER, "o"),
        Restore(member, ORDER, "o", "c"),
    )
    assert [type(answer) for answer in answers] == [Posted, BadMovement, Posted, BadMovement]
    assert figures(member) == (70, 0, 0, 0)


@pytest.mark.parametrize("reason", [EXPIRY, REVERSAL, GIFT])
def test_only_a_spending_is_restored(member: int, reason: Reason) -> None:
    give(member, 10, "gift", days=1)
    buy(member, 20, "p")
    refund(member, "p", 1, 1, "r")
    clock.advance(DAY)
    post(Expire(member, 1))
    reference = {EXPIRY: "lot:1:10", REVERSAL: "r", GIFT: "gift"}[reason]
    with pytest.raises(NoSuchEntry), transaction():
        posting.restore(member, reason=reason, reference=reference, by="c")
    assert figures(member) == (0, 0, 0, 0)


@pytest.mark.parametrize("reason", [ORDER, RESTORATION])
def test_only_an_earning_is_reversed(member: int, reason: Reason) -> None:
    give(member, 10, "g")
    spend(member, 10, "o")
    cancel(member, "o", "c", 5)
    reference = {ORDER: "o", RESTORATION: "c"}[reason]
    with pytest.raises(NoSuchEntry), transaction():
        posting.reverse(member, reason=reason, reference=reference, refunded=1, paid=1, by="r")
    assert figures(member) == (5, 0, 0, 0)


def test_a_hold_placed_and_captured_in_one_posting_is_right(member: int) -> None:
    give(member, 60, "a")
    ends = now() + timedelta(minutes=15)
    post(Hold(member, 20, ORDER, "h", ends), Hold(member, 20, ORDER, "h", ends))
    assert figures(member) == (40, 20, 0, 0)


def test_each_expired_lot_is_stood_in_for_once_however_often_parts_are_restored(
    member: int,
) -> None:
    give(member, 30, "soon", days=10)
    give(member, 30, "late", days=20)
    spend(member, 40, "o")
    clock.advance(25 * DAY)
    cancel(member, "o", "c1", 10)
    cancel(member, "o", "c2")
    query = sa.select(PointsLot.restores_id, PointsLot.granted).where(
        PointsLot.restores_id.is_not(None)
    )
    stand_ins = [tuple(row) for row in db.session.execute(query.order_by(PointsLot.id))]
    assert stand_ins == [(2, 10), (1, 30)]


def test_a_debt_is_repaid_out_of_what_expires_first(member: int) -> None:
    buy(member, 30, "p", days=30)
    give(member, 10, "soon", days=10)
    spend(member, 40, "o")
    refund(member, "p", 1, 1, "r")
    cancel(member, "o", "c")
    assert remaining() == [10, 0]
    assert figures(member) == (10, 0, 0, 0)
