"""Any story that a ledger can live through, told to it and to a naive ledger: both must agree.

After every step: the same figures, the same lots, a clean audit. After a refusal: the database is
as it was, row by row.
"""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
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
from tests.campaign import property_settings, report, times

from . import naive
from .conftest import GIFT, ORDER, PURCHASE, START, enrol
from .tampering import contents, empty
from .verbs import by_its_verb

EXAMPLES = {"sqlite": 30, "postgresql": 10}
STEPS = 40
DAY = timedelta(days=1)
EXPIRES_IN_DAYS = (None, -1, 1, 2, 5, 30)
MATURES_IN_DAYS = (0, 0, 1, 3)
HOLD_MINUTES = (0, 15, 600, 4000)
CHANCE = st.integers(0, 2**63).map(random.Random)
"""What a step is made of: one number, because that explores far better than many small choices."""
KINDS = (Credit, Credit, Debit, Debit, Hold, Capture, Void, Mature, Reverse, Restore, Expire)


class Ledgers(RuleBasedStateMachine):
    """The ledger beside the naive one."""

    steps = 0
    counts: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.accounts: dict[int, naive.Account] = {}
        self.told: list[Movement] = []
        self.counter = 0
        clock.set(START)
        with transaction() as session:
            empty(session)

    # ---------------------------------------------------------------- what can happen

    @initialize()
    def open_the_shop(self) -> None:
        """Three members; who has nothing can do little, so each has something."""
        self.accounts = {member: naive.Account() for member in enrol(3)}
        for member in self.accounts:
            for days in (90, 30, 3):  # the youngest lot is the first to pay
                ends, reference = now() + days * DAY, f"r{self._next()}"
                self._tell_one(self._tell(Credit(member, 20, PURCHASE, reference, ends)))

    @rule(chance=CHANCE, count=st.integers(1, 4))
    def post_one_by_one(self, chance: random.Random, count: int) -> None:
        for _ in range(count):
            self._tell_one(self._new_or_old(chance))

    @rule(chance=CHANCE, count=st.integers(2, 6))
    def post_several(self, chance: random.Random, count: int) -> None:
        """Several movements in one posting: new ones and repeats, on several accounts."""
        self._tell_all([self._new_or_old(chance) for _ in range(count)])

    # Three short stories that chance alone tells too seldom; nothing else follows them up.

    @rule(chance=CHANCE)
    def refund_what_is_held(self, chance: random.Random) -> None:
        """A refund finds the points on hold, becomes debt, and then the hold lets go of them."""
        member, earned = self._earlier(chance, (Credit,))
        held, points = f"r{self._next()}", max(1, self.accounts[member].spendable(now()))
        self._tell_one(Hold(member, points, ORDER, held, now() + DAY))
        self._tell_one(Reverse(member, PURCHASE, earned, 7, 7, f"by{self._next()}"))
        self._tell_one(Void(member, ORDER, held))
        self._tell_one(Debit(member, chance.randint(1, 9), ORDER, f"r{self._next()}"))

    @rule(chance=CHANCE, days=st.sampled_from([0, 4]))
    def cancel_bit_by_bit(self, chance: random.Random, days: int) -> None:
        """An order is taken back in three parts, perhaps after its lots have expired."""
        member, spent = chance.choice(sorted(self.accounts)), f"r{self._next()}"
        self._tell_one(Debit(member, chance.randint(3, 30), ORDER, spent))
        clock.advance(days * DAY)
        for points in (1, chance.randint(1, 9), None):
            self._tell_one(Restore(member, ORDER, spent, f"by{self._next()}", points))

    @rule(chance=CHANCE)
    def capture_in_part(self, chance: random.Random) -> None:
        """Less is captured than was held; the cause may have been spent without a hold before."""
        member, held = chance.choice(sorted(self.accounts)), f"r{self._next()}"
        if chance.random() < 0.3:
            self._tell_one(Debit(member, 1, ORDER, held))
        self._tell_one(Hold(member, chance.randint(5, 40), ORDER, held, now() + DAY))
        self._tell_one(Capture(member, ORDER, held, chance.randint(1, 20)))

    @rule()
    def expire_what_is_due(self) -> None:
        due: list[Movement] = [
            Expire(member, number)
            for member, account in self.accounts.items()
            for number, lot in enumerate(account.lots)
            if lot.order[0] <= now()
        ]
        self._tell_all(due)

    @rule(step=st.sampled_from([1, 5, 24, 25, 72, 24 * 14]))
    def let_time_pass(self, step: int) -> None:
        clock.advance(timedelta(hours=step))

    # ---------------------------------------------------------------- what must hold

    @invariant()
    def both_agree(self) -> None:
        type(self).steps += 1
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
        rows = self._rows()
        try:
            expected: object = self._expect(movement)
        except naive.Refused as refused:
            expected = refused.args[0]
        stored = self._with_stored_lot(movement)
        try:
            with transaction():
                answer: Posted | DomainError = by_its_verb(stored)()
        except DomainError as refusal:
            answer = refusal
            assert self._rows() == rows
        self._compare(movement, answer, expected)

    def _tell_all(self, group: list[Movement]) -> None:
        """Post them together; a refusal stands in its place and the others are posted."""
        expected = self._expect_all(group)
        with transaction():
            answers = posting.post([self._with_stored_lot(movement) for movement in group])
        for movement, answer, right in zip(group, answers, expected, strict=True):
            self._compare(movement, answer, right)

    def _compare(self, movement: Movement, answer: Posted | DomainError, expected: object) -> None:
        refused = isinstance(answer, DomainError)
        outcome = "refused" if refused else "moved" if _seen(answer).points else "quiet"
        type(self).counts[f"{outcome} {type(movement).__name__.lower()}"] += 1
        assert _seen(answer) == expected, movement

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

    def _new_or_old(self, chance: random.Random) -> Movement:
        if chance.random() < 0.15:
            return chance.choice(self.told)
        member = chance.choice(sorted(self.accounts))
        return self._tell(self._make(chance.choice(KINDS), member, chance))

    def _tell(self, movement: Movement) -> Movement:
        self.told.append(movement)
        return movement

    def _make(self, kind: type[Movement], member: int, chance: random.Random) -> Movement:
        points = chance.choice(
            [chance.randint(1, 60), chance.randint(1, 60), chance.randint(-1, 9)]
        )
        if kind is Credit:
            return self._credit(member, points, chance)
        if kind is Debit:
            return Debit(member, points, ORDER, self._reference(chance, Hold))
        if kind is Hold:
            ends = now() + timedelta(minutes=chance.choice(HOLD_MINUTES))
            return Hold(member, points, ORDER, self._reference(chance, Debit), ends)
        if kind is Expire:
            return Expire(member, chance.randint(0, 8))
        return self._follow_up(kind, chance.choice([None, points]), chance)

    def _credit(self, member: int, points: int, chance: random.Random) -> Credit:
        days = chance.choice(EXPIRES_IN_DAYS)
        expires_at = None if days is None else now() + days * DAY
        reference = self._reference(chance, Credit)
        if chance.random() < 0.5:
            return Credit(member, points, GIFT, reference, expires_at)
        matures_at = now() + chance.choice(MATURES_IN_DAYS) * DAY
        reason = PURCHASE if chance.random() < 0.95 else GIFT
        return Credit(member, points, reason, reference, expires_at, matures_at)

    def _follow_up(
        self, kind: type[Movement], points: int | None, chance: random.Random
    ) -> Movement:
        """A movement about an earlier one, now and then about one that never was."""
        member, reference = self._earlier(chance, _ABOUT[kind])
        by = f"by{self._next()}"
        if kind is Capture:
            return Capture(member, ORDER, reference, points)
        if kind is Void:
            return Void(member, ORDER, reference)
        if kind is Mature:
            return Mature(member, PURCHASE.code, reference)
        if kind is Reverse:
            refunded = chance.randint(1, 7) if chance.random() < 0.9 else chance.choice([-1, 0, 8])
            paid = 7 if chance.random() < 0.95 else 0
            return Reverse(member, PURCHASE, reference, refunded, paid, by)
        return Restore(member, ORDER, reference, by, points)

    def _earlier(self, chance: random.Random, kinds: tuple[type[Any], ...]) -> tuple[int, str]:
        """Whose and which; of late, most of the time."""
        found = [
            (each.member_id, each.reference)
            for each in self.told
            if isinstance(each, kinds) and (each.reason is not GIFT or chance.random() < 0.1)
        ]
        if not found or chance.random() < 0.05:
            return min(self.accounts), "never was"
        return chance.choice(found[-5:] if chance.random() < 0.7 else found)

    def _reference(self, chance: random.Random, kind: type[Movement]) -> str:
        """A new cause; now and then one that another movement has named."""
        if chance.random() < 0.1:
            return self._earlier(chance, (kind,))[1]
        return f"r{self._next()}"

    def _next(self) -> int:
        self.counter += 1
        return self.counter


_ABOUT: dict[type[Movement], tuple[type[Any], ...]] = {
    Capture: (Hold,),
    Void: (Hold,),
    Mature: (Credit,),
    Reverse: (Credit,),
    Restore: (Debit, Capture),
}
"""What a follow-up is about."""


def _seen(answer: Posted | DomainError) -> Any:
    """An answer in the naive ledger's words."""
    if isinstance(answer, DomainError):
        return answer.code
    return naive.Answer(answer.points, answer.available, answer.balance_after, answer.repeated)


@pytest.mark.slow
@pytest.mark.timeout(times(400))
def test_the_ledger_does_what_a_naive_ledger_does(app: Flask, database: str) -> None:
    Ledgers.steps, Ledgers.counts = 0, Counter()
    examples = EXAMPLES[database.partition(":")[0].partition("+")[0]]
    run_state_machine_as_test(
        Ledgers, settings=property_settings(examples, stateful_step_count=STEPS)
    )
    report(f"{Ledgers.steps} steps, {Ledgers.counts.total()} movements: {dict(Ledgers.counts)}")
    assert Ledgers.steps > examples * STEPS / 2
    for kind in {kind.__name__.lower() for kind in KINDS}:
        happened = [Ledgers.counts[f"{outcome} {kind}"] for outcome in ("moved", "quiet")]
        assert sum(happened) > examples / 10, f"hardly any {kind}"
