"""Any story that a ledger can live through, told to it and to a naive ledger: both must agree.

After every step: the same figures, the same lots, a clean audit. After a refusal: the database is
as it was, row by row.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import DomainError
from points_mall.ledger import audit, posting
from points_mall.ledger.models import PointsAccount, PointsLot
from points_mall.ledger.movements import (
    Capture,
    Credit,
    Debit,
    Expire,
    Hold,
    Mature,
    Movement,
    Posted,
    Restore,
    Reverse,
    Void,
)
from tests.campaign import property_settings, report

from . import naive
from .conftest import GIFT, ORDER, PURCHASE, START, enrol
from .tampering import contents, empty

EXAMPLES = {"sqlite": 45, "postgresql": 18}
STEPS = 40
DAY = timedelta(days=1)
POINTS = st.integers(-1, 60)
EXPIRES_IN_DAYS = st.sampled_from([None, None, -1, 1, 2, 5, 30])
MATURES_IN_DAYS = st.sampled_from([0, 1, 3])
HOLD_MINUTES = st.sampled_from([0, 15, 600, 4000])
KINDS = (Credit, Credit, Debit, Debit, Hold, Capture, Void, Mature, Reverse, Restore, Expire)


class Ledgers(RuleBasedStateMachine):
    """The ledger beside the naive one."""

    steps = 0
    refusals = 0

    def __init__(self) -> None:
        super().__init__()
        self.accounts: dict[int, naive.Account] = {}
        self.told: list[Movement] = []
        self.counter = 0
        clock.set(START)
        with transaction() as session:
            empty(session)
        self.rows = self._rows()

    # ---------------------------------------------------------------- what can happen

    @initialize()
    def open_the_shop(self) -> None:
        self.accounts = {member: naive.Account() for member in enrol(3)}

    @rule(data=st.data())
    def post_one(self, data: st.DataObject) -> None:
        self._tell_one(self._movement(data.draw))

    @rule(data=st.data(), count=st.integers(2, 6))
    def post_several(self, data: st.DataObject, count: int) -> None:
        """Several movements in one posting: new ones and repeats, on several accounts."""
        group = [self._new_or_old(data.draw) for _ in range(count)]
        expected = self._expect_all(group)
        with transaction():
            answers = posting.post([self._with_stored_lot(movement) for movement in group])
        assert [_seen(answer) for answer in answers] == expected

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        self._tell_one(data.draw(st.sampled_from(self.told)))

    @rule()
    def expire_what_is_due(self) -> None:
        due: list[Movement] = [
            Expire(member, number)
            for member, account in self.accounts.items()
            for number, lot in enumerate(account.lots)
            if lot.order[0] <= now()
        ]
        expected = self._expect_all(due)
        with transaction():
            answers = posting.post([self._with_stored_lot(movement) for movement in due])
        assert [_seen(answer) for answer in answers] == expected

    @rule(step=st.sampled_from([1, 5, 24, 25, 72, 24 * 14]))
    def let_time_pass(self, step: int) -> None:
        clock.advance(timedelta(hours=step))

    # ---------------------------------------------------------------- what must hold

    @invariant()
    def both_agree(self) -> None:
        type(self).steps += 1
        self.rows = self._rows()
        session = db.session()
        assert list(audit.findings(session)) == []
        account = PointsAccount
        figures = (account.available, account.held, account.debt, account.pending)
        stored = {
            row.member_id: tuple(row)[1:]
            for row in session.execute(
                sa.select(account.member_id, *figures, account.lifetime_earned)
            )
        }
        lots = self._stored_lots()
        session.rollback()
        for member, expected in self.accounts.items():
            assert stored.get(member, (0, 0, 0, 0, 0)) == expected.figures()
            found = [(lot.remaining, lot.held, lot.expires_at) for lot in lots.get(member, [])]
            assert found == expected.lot_figures()

    # ---------------------------------------------------------------- telling both

    def _tell_one(self, movement: Movement) -> None:
        """Post it by its own verb; a refusal rolls everything back."""
        try:
            expected: object = self._expect(movement)
        except naive.Refused as refused:
            expected = refused.args[0]
        stored = self._with_stored_lot(movement)
        try:
            with transaction():
                answer: Posted | DomainError = _verb(stored)()
        except DomainError as refusal:
            answer = refusal
            type(self).refusals += 1
            assert self._rows() == self.rows
        assert _seen(answer) == expected

    def _expect(self, movement: Movement) -> naive.Answer:
        """What the naive ledger answers; a refusal leaves even lapsed holds as they were."""
        account = self.accounts[movement.member_id]
        lapsed = account.lapse(now())
        try:
            return account.post(movement, now())
        except naive.Refused:
            account.unlapse(lapsed)
            raise

    def _expect_all(self, group: list[Movement]) -> list[object]:
        for member in {movement.member_id for movement in group}:
            self.accounts[member].lapse(now())
        return [self._expect_in_group(movement) for movement in group]

    def _expect_in_group(self, movement: Movement) -> object:
        try:
            return self.accounts[movement.member_id].post(movement, now())
        except naive.Refused as refused:
            return refused.args[0]

    def _with_stored_lot(self, movement: Movement) -> Movement:
        """The naive ledger counts an account's lots from 0; the database has numbers of its own."""
        if not isinstance(movement, Expire):
            return movement
        stored = dict(enumerate(self._stored_lots().get(movement.member_id, [])))
        found = stored.get(movement.lot_id)
        return replace(movement, lot_id=found.id if found else 0)

    def _stored_lots(self) -> dict[int, list[Any]]:
        query = (
            sa.select(PointsAccount.member_id, *sa.inspect(PointsLot).local_table.c)
            .join(PointsAccount, PointsAccount.id == PointsLot.account_id)
            .order_by(PointsLot.id)
        )
        found: dict[int, list[Any]] = {}
        for row in db.session.execute(query):
            found.setdefault(row.member_id, []).append(row)
        return found

    def _rows(self) -> object:
        rows = contents(db.session())
        db.session.rollback()
        return rows

    # ---------------------------------------------------------------- making movements up

    def _new_or_old(self, draw: Callable[..., Any]) -> Movement:
        if self.told and draw(st.integers(0, 3)) == 0:
            old: Movement = draw(st.sampled_from(self.told))
            return old
        return self._movement(draw)

    def _movement(self, draw: Callable[..., Any]) -> Movement:
        movement = self._make(draw(st.sampled_from(KINDS)), draw)
        self.told.append(movement)
        return movement

    def _make(self, kind: type[Movement], draw: Callable[..., Any]) -> Movement:
        member = draw(st.sampled_from(sorted(self.accounts)))
        if kind is Credit:
            return self._credit(member, draw)
        if kind is Debit:
            return Debit(member, draw(POINTS), ORDER, self._reference(draw, Hold))
        if kind is Hold:
            ends = now() + timedelta(minutes=draw(HOLD_MINUTES))
            return Hold(member, draw(POINTS), ORDER, self._reference(draw, Debit), ends)
        if kind is Expire:
            return Expire(member, draw(st.integers(0, 8)))
        return self._follow_up(kind, draw)

    def _credit(self, member: int, draw: Callable[..., Any]) -> Credit:
        days = draw(EXPIRES_IN_DAYS)
        expires_at = None if days is None else now() + days * DAY
        reason = draw(st.sampled_from([GIFT, PURCHASE, PURCHASE]))
        matures_at = now() + draw(MATURES_IN_DAYS) * DAY
        reference = self._reference(draw, Credit)
        return Credit(member, draw(POINTS), reason, reference, expires_at, matures_at)

    def _follow_up(self, kind: type[Movement], draw: Callable[..., Any]) -> Movement:
        """A movement about an earlier one, now and then about one that never was."""
        by = f"by{self._next()}"
        member, reference = self._earlier(draw, kind)
        if kind is Capture:
            points = draw(st.one_of(st.none(), POINTS))
            return Capture(member, ORDER, reference, points)
        if kind is Void:
            return Void(member, ORDER, reference)
        if kind is Mature:
            return Mature(member, PURCHASE.code, reference)
        if kind is Reverse:
            refunded = draw(st.integers(-1, 8))
            return Reverse(member, PURCHASE, reference, refunded, draw(st.sampled_from([7, 0])), by)
        return Restore(member, ORDER, reference, by, draw(st.one_of(st.none(), POINTS)))

    def _earlier(self, draw: Callable[..., Any], kind: type[Movement]) -> tuple[int, str]:
        wanted: tuple[type[Movement], ...] = {
            Capture: (Hold,),
            Void: (Hold,),
            Restore: (Debit, Capture),
        }.get(kind, (Credit,))
        found = [
            (movement.member_id, movement.reference)
            for movement in self.told
            if isinstance(movement, wanted) and not isinstance(movement, Expire)
        ]
        nobody = (min(self.accounts), "never was")
        return draw(st.sampled_from(found[::-1] or [nobody]))  # type: ignore[no-any-return]

    def _reference(self, draw: Callable[..., Any], kind: type[Movement]) -> str:
        """A new cause; now and then one that another movement has named."""
        if draw(st.integers(0, 7)) == 0:
            return self._earlier(draw, kind)[1]
        return f"r{self._next()}"

    def _next(self) -> int:
        self.counter += 1
        return self.counter


def _verb(movement: Movement) -> Callable[[], Posted]:
    """The verb of `posting` that makes this movement, ready to be called."""
    facts = dict(vars(movement))
    verb = getattr(posting, type(movement).__name__.lower(), None)
    if verb is None:  # what only jobs post has no verb of its own
        return lambda: posting._post_one(movement)
    first = [facts.pop("member_id")]
    if isinstance(movement, Credit | Debit | Hold):
        first.append(facts.pop("points"))
    return lambda: verb(*first, **facts)


def _seen(answer: Posted | DomainError) -> object:
    """An answer in the naive ledger's words."""
    if isinstance(answer, DomainError):
        return answer.code
    return naive.Answer(answer.points, answer.available, answer.balance_after, answer.repeated)


@pytest.mark.slow
def test_the_ledger_does_what_a_naive_ledger_does(app: Flask, database: str) -> None:
    Ledgers.steps = Ledgers.refusals = 0
    examples = EXAMPLES[database.partition(":")[0].partition("+")[0]]
    run_state_machine_as_test(
        Ledgers, settings=property_settings(examples, stateful_step_count=STEPS)
    )
    report(f"{Ledgers.steps} steps, {Ledgers.refusals} refusals")
    assert Ledgers.steps > examples * STEPS / 2
    assert Ledgers.refusals > examples
