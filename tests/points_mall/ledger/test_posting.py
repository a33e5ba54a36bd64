"""What the verbs of the ledger do to an account, by example."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import DomainError
from points_mall.ledger import audit, posting
from points_mall.ledger.errors import BadMovement, HoldClosed, InsufficientPoints, NoSuchEntry
from points_mall.ledger.models import LedgerEntry, PendingEarning, PointsAccount, PointsLot
from points_mall.ledger.movements import Credit, Debit, Expire, Mature, Movement, Posted

from .conftest import GIFT, ORDER, PURCHASE, START, enrol

DAY = timedelta(days=1)


def give(member: int, points: int, reference: str, days: int | None = None) -> Posted:
    expires_at = None if days is None else START + days * DAY
    with transaction():
        return posting.credit(
            member, points, reason=GIFT, reference=reference, expires_at=expires_at
        )


def spend(member: int, points: int, reference: str) -> Posted:
    with transaction():
        return posting.debit(member, points, reason=ORDER, reference=reference)


def cancel(member: int, reference: str, by: str, points: int | None = None) -> Posted:
    with transaction():
        return posting.restore(member, reason=ORDER, reference=reference, by=by, points=points)


def refund(member: int, reference: str, refunded: int, paid: int, by: str) -> Posted:
    with transaction():
        return posting.reverse(
            member, reason=PURCHASE, reference=reference, refunded=refunded, paid=paid, by=by
        )


def buy(member: int, points: int, reference: str, matures_in: int = 0, days: int = 30) -> Posted:
    with transaction():
        return posting.credit(
            member,
            points,
            reason=PURCHASE,
            reference=reference,
            matures_at=now() + matures_in * DAY,
            expires_at=now() + days * DAY,
        )


def hold(member: int, points: int, reference: str, minutes: int = 15) -> Posted:
    with transaction():
        return posting.hold(
            member,
            points,
            reason=ORDER,
            reference=reference,
            expires_at=now() + timedelta(minutes=minutes),
        )


def post(*movements: Movement) -> list[Posted | DomainError]:
    with transaction():
        return posting.post(movements)


def figures(member: int) -> tuple[int, int, int, int]:
    """Available, held, debt, pending; the audit must be clean whenever we look."""
    db.session.rollback()
    assert list(audit.findings(db.session())) == []
    columns = (PointsAccount.available, PointsAccount.held, PointsAccount.debt)
    query = sa.select(*columns, PointsAccount.pending).where(PointsAccount.member_id == member)
    available, held, debt, pending = db.session.execute(query).one()
    return available, held, debt, pending


def remaining() -> list[int]:
    return list(db.session.scalars(sa.select(PointsLot.remaining).order_by(PointsLot.id)))


def test_a_credit_opens_a_lot(member: int) -> None:
    posted = give(member, 60, "a")
    assert (posted.points, posted.available, posted.balance_after) == (60, 60, 60)
    assert figures(member) == (60, 0, 0, 0)
    assert remaining() == [60]


def test_a_debit_draws_on_the_lot_that_expires_first(member: int) -> None:
    give(member, 10, "never")
    give(member, 20, "late", days=90)
    give(member, 30, "soon", days=30)
    assert spend(member, 35, "o").available == 25
    assert remaining() == [10, 15, 0]


def test_too_few_points_say_how_many_there_are(member: int) -> None:
    give(member, 60, "a")
    with pytest.raises(InsufficientPoints) as refusal:
        spend(member, 120, "o")
    assert refusal.value.numbers == {"required": 120, "available": 60}
    assert figures(member) == (60, 0, 0, 0)


def test_a_repeat_answers_with_the_first_entry(member: int) -> None:
    first = give(member, 60, "a")
    again = give(member, 99, "a")
    assert again.repeated
    assert again.entry is not None
    assert first.entry is not None
    assert (again.entry.id, again.points) == (first.entry.id, 60)
    assert figures(member) == (60, 0, 0, 0)


def test_one_bad_movement_of_a_group_fails_alone(app: object) -> None:
    rich, poor = enrol(2)
    answers = post(
        Credit(rich, 50, GIFT, "g"), Debit(poor, 10, ORDER, "o1"), Debit(rich, 20, ORDER, "o2")
    )
    assert isinstance(answers[1], InsufficientPoints)
    assert [type(answer) for answer in answers] == [Posted, InsufficientPoints, Posted]
    assert (figures(rich)[0], figures(poor)[0]) == (30, 0)


def test_a_group_may_name_one_cause_twice(member: int) -> None:
    first, second = post(Credit(member, 5, GIFT, "g"), Credit(member, 5, GIFT, "g"))
    assert isinstance(first, Posted)
    assert isinstance(second, Posted)
    assert (first.repeated, second.repeated) == (False, True)
    assert figures(member) == (5, 0, 0, 0)


def test_the_number_of_statements_does_not_depend_on_the_number_of_movements(app: object) -> None:
    members = enrol(40)
    for member in members:
        give(member, 100, "g")

    def statements(group: list[int], name: str) -> int:
        seen: list[str] = []
        sa.event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
        post(*[Debit(member, 7, ORDER, name) for member in group])
        return len(seen)

    assert statements(members[:1], "a") == statements(members, "b") <= 9


@pytest.mark.parametrize("points", [0, -5])
def test_nothing_is_not_moved(member: int, points: int) -> None:
    with pytest.raises(BadMovement):
        give(member, points, "a")
    with pytest.raises(BadMovement):
        spend(member, points, "b")


# ------------------------------------------------------------------ expiry


def test_an_expired_lot_cannot_be_spent_before_any_job_ran(member: int) -> None:
    give(member, 60, "a", days=1)
    clock.advance(DAY)
    with pytest.raises(InsufficientPoints) as refusal:
        spend(member, 1, "o")
    assert refusal.value.numbers["available"] == 0


def test_expiry_takes_what_is_left_once(member: int) -> None:
    give(member, 60, "a", days=1)
    spend(member, 20, "o")
    clock.advance(DAY)
    lot = db.session.scalar(sa.select(PointsLot.id))
    assert lot is not None
    first, again = post(Expire(member, lot), Expire(member, lot))
    assert isinstance(first, Posted)
    assert isinstance(again, Posted)
    assert (first.points, again.points) == (-40, 0)
    assert figures(member) == (0, 0, 0, 0)


def test_what_an_earning_answers_leaves_out_what_has_expired(member: int) -> None:
    give(member, 60, "a", days=1)
    clock.advance(DAY)
    assert give(member, 5, "b").available == 5


# ------------------------------------------------------------------ holds


def test_a_hold_counts_against_what_can_be_spent(member: int) -> None:
    give(member, 60, "a")
    assert hold(member, 50, "h").available == 10
    assert figures(member) == (10, 50, 0, 0)
    with pytest.raises(InsufficientPoints):
        spend(member, 11, "o")


def test_a_hold_is_captured_in_part_and_the_rest_goes_back_to_its_lots(member: int) -> None:
    give(member, 30, "soon", days=10)
    give(member, 30, "late", days=20)
    hold(member, 50, "h")
    with transaction():
        posted = posting.capture(member, reason=ORDER, reference="h", points=35)
    assert (posted.points, posted.available) == (-35, 25)
    assert remaining() == [0, 25]
    assert figures(member) == (25, 0, 0, 0)


def test_a_hold_is_captured_or_voided_once(member: int) -> None:
    give(member, 60, "a")
    hold(member, 50, "h")
    for _ in range(2):
        with transaction():
            posting.capture(member, reason=ORDER, reference="h")
    with pytest.raises(HoldClosed), transaction():
        posting.void(member, reason=ORDER, reference="h")
    assert figures(member) == (10, 0, 0, 0)


def test_a_voided_hold_gives_everything_back(member: int) -> None:
    give(member, 60, "a")
    hold(member, 50, "h")
    for _ in range(2):
        with transaction():
            posting.void(member, reason=ORDER, reference="h")
    with pytest.raises(HoldClosed), transaction():
        posting.capture(member, reason=ORDER, reference="h")
    assert figures(member) == (60, 0, 0, 0)


def test_a_hold_expires_by_itself(member: int) -> None:
    give(member, 60, "a")
    hold(member, 50, "h", minutes=15)
    clock.advance(timedelta(minutes=15))
    with pytest.raises(HoldClosed), transaction():
        posting.capture(member, reason=ORDER, reference="h")
    assert spend(member, 60, "o").available == 0
    assert figures(member) == (0, 0, 0, 0)


# ------------------------------------------------------------------ pending earnings


def test_pending_points_show_but_cannot_be_spent(member: int) -> None:
    buy(member, 40, "p", matures_in=7)
    assert figures(member) == (0, 0, 0, 40)
    with pytest.raises(InsufficientPoints):
        spend(member, 1, "o")


def test_pending_points_count_at_their_maturity_and_not_before(member: int) -> None:
    buy(member, 40, "p", matures_in=7)
    post(Mature(member, PURCHASE.code, "p"))
    assert figures(member) == (0, 0, 0, 40)
    clock.advance(7 * DAY)
    post(Mature(member, PURCHASE.code, "p"), Mature(member, PURCHASE.code, "p"))
    assert figures(member) == (40, 0, 0, 0)


def test_a_refund_before_maturity_leaves_no_trace_in_the_balance(member: int) -> None:
    buy(member, 40, "p", matures_in=7)
    refund(member, "p", 100, 100, "r")
    clock.advance(7 * DAY)
    post(Mature(member, PURCHASE.code, "p"))
    assert figures(member) == (0, 0, 0, 0)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(LedgerEntry)) == 0


def test_a_cancelled_pending_earning_is_not_earned_again_by_a_repeat(member: int) -> None:
    buy(member, 40, "p", matures_in=7)
    refund(member, "p", 100, 100, "r")
    assert buy(member, 40, "p", matures_in=0).repeated
    assert figures(member) == (0, 0, 0, 0)


def test_a_refund_across_the_maturity_adds_up(member: int) -> None:
    buy(member, 10, "p", matures_in=7)
    refund(member, "p", 25, 100, "r1")
    assert figures(member) == (0, 0, 0, 8)
    clock.advance(7 * DAY)
    post(Mature(member, PURCHASE.code, "p"))
    assert figures(member) == (8, 0, 0, 0)
    refund(member, "p", 100, 100, "r2")
    assert figures(member) == (0, 0, 0, 0)


def test_a_reason_that_does_not_wait_cannot_be_pending(member: int) -> None:
    with pytest.raises(BadMovement), transaction():
        posting.credit(member, 5, reason=GIFT, reference="g", matures_at=now() + DAY)


# ------------------------------------------------------------------ reversal and debt


def test_four_partial_refunds_take_back_exactly_what_was_earned(member: int) -> None:
    buy(member, 2, "p")
    taken = [refund(member, "p", sum(parts), 2190, f"r{len(parts)}").points
             for parts in ([547], [547, 547], [547] * 3, [547] * 3 + [549])]  # fmt: skip
    assert taken == [0, 0, -1, -1]
    assert figures(member) == (0, 0, 0, 0)


def test_a_reversal_takes_its_own_lot_then_others_then_becomes_debt(member: int) -> None:
    give(member, 10, "g")
    buy(member, 100, "p", days=5)
    spend(member, 80, "o")
    assert refund(member, "p", 100, 100, "r").points == -100
    assert remaining() == [0, 0]
    assert figures(member) == (0, 0, 70, 0)


def test_a_debt_is_repaid_by_later_earnings(member: int) -> None:
    buy(member, 100, "p")
    spend(member, 100, "o")
    refund(member, "p", 1, 1, "r")
    assert give(member, 30, "g1").available == 0
    assert figures(member) == (0, 0, 70, 0)
    assert give(member, 90, "g2").available == 20
    assert figures(member) == (20, 0, 0, 0)


def test_a_reversal_leaves_held_points_to_their_hold(member: int) -> None:
    buy(member, 100, "p")
    hold(member, 60, "h")
    refund(member, "p", 1, 1, "r")
    assert figures(member) == (0, 60, 60, 0)
    with transaction():
        posting.void(member, reason=ORDER, reference="h")
    with pytest.raises(InsufficientPoints) as refusal:
        spend(member, 1, "o")
    assert refusal.value.numbers["available"] == 0


@pytest.mark.parametrize("swept", [True, False])
def test_points_that_expired_unspent_are_not_taken_back_again(member: int, swept: bool) -> None:
    give(member, 10, "g")
    buy(member, 100, "p", days=5)
    clock.advance(5 * DAY)
    if swept:
        lot = db.session.scalar(sa.select(PointsLot.id).where(PointsLot.granted == 100))
        assert lot is not None
        post(Expire(member, lot))
    refund(member, "p", 1, 1, "r")
    assert figures(member) == (10, 0, 0, 0)


def test_an_earning_that_never_was_cannot_be_reversed(member: int) -> None:
    with pytest.raises(NoSuchEntry):
        refund(member, "p", 1, 1, "r")


@pytest.mark.parametrize(("refunded", "paid"), [(2, 1), (-1, 1), (0, 0)])
def test_a_refund_cannot_be_more_than_was_paid(member: int, refunded: int, paid: int) -> None:
    buy(member, 10, "p")
    with pytest.raises(BadMovement):
        refund(member, "p", refunded, paid, "r")


# ------------------------------------------------------------------ restoration


def test_an_undone_redemption_goes_back_to_the_lots_it_came_from(member: int) -> None:
    give(member, 30, "soon", days=10)
    give(member, 30, "late", days=20)
    spend(member, 40, "o")
    assert cancel(member, "o", "c").available == 60
    assert remaining() == [30, 30]
    assert cancel(member, "o", "c").repeated
    assert figures(member) == (60, 0, 0, 0)


def test_restored_in_parts_the_last_drawn_comes_back_first(member: int) -> None:
    give(member, 30, "soon", days=10)
    give(member, 30, "late", days=20)
    spend(member, 40, "o")
    cancel(member, "o", "c1", 15)
    assert remaining() == [5, 30]
    cancel(member, "o", "c2")
    assert remaining() == [30, 30]
    with pytest.raises(BadMovement):
        cancel(member, "o", "c3", 1)
    assert figures(member) == (60, 0, 0, 0)


def test_a_lot_that_expired_meanwhile_comes_back_for_a_period_of_grace(member: int) -> None:
    give(member, 30, "soon", days=10)
    give(member, 30, "late", days=20)
    spend(member, 40, "o")
    clock.advance(15 * DAY)
    assert cancel(member, "o", "c").available == 60
    lots = db.session.execute(
        sa.select(PointsLot.remaining, PointsLot.expires_at, PointsLot.restores_id)
        .order_by(PointsLot.id)
    ).all()  # fmt: skip
    assert [row.remaining for row in lots] == [0, 30, 30]
    assert lots[2].expires_at == START + 22 * DAY
    assert lots[2].restores_id == 1
    assert figures(member) == (60, 0, 0, 0)


def test_earn_redeem_refund_cancel_ends_at_nothing(member: int) -> None:
    buy(member, 100, "p")
    spend(member, 100, "o")
    refund(member, "p", 1, 1, "r")
    assert figures(member) == (0, 0, 100, 0)
    assert cancel(member, "o", "c").available == 0
    assert figures(member) == (0, 0, 0, 0)


def test_parts_that_were_restored_for_grace_are_not_restored_again(member: int) -> None:
    give(member, 30, "soon", days=10)
    spend(member, 30, "o")
    clock.advance(15 * DAY)
    cancel(member, "o", "c1", 10)
    cancel(member, "o", "c2")
    assert figures(member) == (30, 0, 0, 0)
    assert remaining() == [0, 10, 20]


# ------------------------------------------------------------------ what the database refuses


@pytest.mark.parametrize("verb", ["UPDATE {} SET points = points + 1", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["ledger_entry", "lot_draw"])
def test_entries_and_draws_are_never_changed(member: int, table: str, verb: str) -> None:
    give(member, 10, "g")
    spend(member, 5, "o")
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), transaction() as session:
        session.execute(sa.text(verb.format(table)))
    assert figures(member) == (5, 0, 0, 0)


@pytest.mark.parametrize("column", ["available", "held", "debt", "pending"])
def test_no_figure_falls_below_zero(member: int, column: str) -> None:
    give(member, 10, "g")
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(sa.text(f"UPDATE points_account SET {column} = -1"))


def test_posting_outside_a_transaction_is_a_mistake(member: int) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        posting.credit(member, 1, reason=GIFT, reference="x")


def test_a_pending_earning_remembers_how_it_was_earned(member: int) -> None:
    with transaction():
        posting.credit(
            member,
            3,
            reason=PURCHASE,
            reference="p",
            matures_at=now() + DAY,
            explanation={"rule": "demo", "version": 1},
        )
    clock.advance(DAY)
    post(Mature(member, PURCHASE.code, "p"))
    assert db.session.scalar(sa.select(LedgerEntry.explanation)) == {"rule": "demo", "version": 1}
    assert db.session.scalar(sa.select(PendingEarning.state)) == "matured"
