"""Any story that a wallet can live through, told to it and to a naive wallet: both must agree.

After every step: the same figures and a clean audit. After a refusal: nothing has changed.
"""

import random
from collections import Counter
from typing import ClassVar

import pytest
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import transaction
from miniprogram_api.core.errors import DomainError
from points_mall.wallet import posting
from points_mall.wallet.movements import (
    Credit,
    Debit,
    Movement,
    Part,
    Restore,
    Reverse,
    WalletPosted,
)
from points_mall.wallet.reasons import CASHBACK, PURCHASE, TOP_UP
from tests.campaign import property_settings, report, times

from . import naive
from .conftest import START, contents, empty, enrol, figures

EXAMPLES = {"sqlite": 30, "postgresql": 10}
STEPS = 30
CHANCE = st.integers(0, 2**63).map(random.Random)
KINDS = (Credit, Debit, Debit, Reverse, Restore)
ONLY = (None, None, None, Part.PRINCIPAL, Part.BONUS)


class Wallets(RuleBasedStateMachine):
    """The wallet beside the naive one."""

    steps = 0
    counts: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.wallets: dict[int, naive.Wallet] = {}
        self.told: list[Movement] = []
        self.counter = 0
        clock.set(START)
        empty()

    # ---------------------------------------------------------------- what can happen

    @initialize()
    def open_the_shop(self) -> None:
        self.wallets = {member: naive.Wallet() for member in enrol(2)}
        for member in self.wallets:
            self._tell_all([self._keep(Credit(member, 40, 15, TOP_UP, self._new()))])

    @rule(chance=CHANCE)
    def post_one_alone(self, chance: random.Random) -> None:
        """By its own verb; a refusal rolls everything back."""
        movement = self._new_or_old(chance)
        before = contents()
        expected = self._expect(movement)
        try:
            with transaction():
                answer: WalletPosted | DomainError = posting._post_one(movement)
        except DomainError as refusal:
            answer = refusal
            assert contents() == before
        self._compare(movement, answer, expected)

    @rule(chance=CHANCE, count=st.integers(2, 5))
    def post_several(self, chance: random.Random, count: int) -> None:
        """Several movements in one posting: new ones and repeats, on both wallets."""
        self._tell_all([self._new_or_old(chance) for _ in range(count)])

    @rule(chance=CHANCE)
    def refund_bit_by_bit(self, chance: random.Random) -> None:
        """A purchase is refunded in parts, and so is the cashback that it earned."""
        member, reference = chance.choice(sorted(self.wallets)), self._new()
        steps = [*sorted(chance.randint(0, 97) for _ in range(3)), 97]
        self._tell_all([
            self._keep(Credit(member, 0, chance.randint(1, 30), CASHBACK, reference)),
            self._keep(Debit(member, chance.randint(1, 20), PURCHASE, reference)),
        ])  # fmt: skip
        for so_far in steps:
            self._tell_all([
                self._keep(Reverse(member, CASHBACK, reference, so_far, 97, self._new())),
                self._keep(Restore(member, PURCHASE, reference, self._new(), so_far, 97)),
            ])  # fmt: skip

    # ---------------------------------------------------------------- what must hold

    @invariant()
    def both_agree(self) -> None:
        type(self).steps += 1
        for member, wallet in self.wallets.items():
            assert figures(member) == wallet.figures()

    # ---------------------------------------------------------------- telling both

    def _tell_all(self, group: list[Movement]) -> None:
        expected = [self._expect(movement) for movement in group]
        with transaction():
            answers = posting.post(group)
        for movement, answer, right in zip(group, answers, expected, strict=True):
            self._compare(movement, answer, right)

    def _expect(self, movement: Movement) -> naive.Answer | str:
        try:
            return self.wallets[movement.member_id].post(movement)
        except naive.Refused as refused:
            return str(refused.args[0])

    def _compare(
        self, movement: Movement, answer: WalletPosted | DomainError, expected: naive.Answer | str
    ) -> None:
        if isinstance(answer, DomainError):
            outcome, seen = "refused", answer.code
        else:
            outcome = "moved" if answer.amount_fen and not answer.repeated else "quiet"
            seen = naive.Answer(*vars(answer).values())  # type: ignore[assignment]
        type(self).counts[f"{outcome} {type(movement).__name__.lower()}"] += 1
        assert seen == expected, movement

    # ---------------------------------------------------------------- making movements up

    def _new_or_old(self, chance: random.Random) -> Movement:
        if chance.random() < 0.15:
            return chance.choice(self.told)
        return self._keep(self._make(chance.choice(KINDS), chance))

    def _make(self, kind: type[Movement], chance: random.Random) -> Movement:
        member = chance.choice(sorted(self.wallets))
        if kind is Credit:
            reason = chance.choice([TOP_UP, CASHBACK])
            return Credit(
                member, chance.randint(-1, 40), chance.randint(-1, 20), reason, self._new()
            )
        if kind is Debit:
            amount = chance.choice([chance.randint(1, 25), chance.randint(-1, 70)])
            return Debit(member, amount, PURCHASE, self._new(), only=chance.choice(ONLY))
        about = self._earlier(chance, Credit if kind is Reverse else Debit)
        refunded, paid = chance.choice([(chance.randint(0, 7), 7), (7, 7), (8, 7), (0, 0), (-1, 7)])
        by = self._new() if chance.random() < 0.9 else "by"
        named = about.member_id, about.reason, about.reference
        if kind is Reverse:
            return Reverse(*named, refunded, paid, by)
        return Restore(*named, by, refunded, paid)

    def _earlier(self, chance: random.Random, kind: type[Movement]) -> Movement:
        """What a refund is about; now and then something that never was."""
        found = [earlier for earlier in self.told if isinstance(earlier, kind)]
        if not found or chance.random() < 0.05:
            return Debit(min(self.wallets), 1, CASHBACK, "never was")
        return chance.choice(found[-4:])

    def _keep(self, movement: Movement) -> Movement:
        self.told.append(movement)
        return movement

    def _new(self) -> str:
        self.counter += 1
        return f"r{self.counter}"


@pytest.mark.slow
@pytest.mark.timeout(times(400))
def test_the_wallet_does_what_a_naive_wallet_does(app: Flask, database: str) -> None:
    Wallets.steps, Wallets.counts = 0, Counter()
    examples = EXAMPLES[database.partition(":")[0].partition("+")[0]]
    run_state_machine_as_test(
        Wallets, settings=property_settings(examples, stateful_step_count=STEPS)
    )
    report(f"{Wallets.steps} steps, {Wallets.counts.total()} movements: {dict(Wallets.counts)}")
    for kind in ("credit", "debit", "reverse", "restore"):
        for outcome in ("moved", "quiet", "refused"):
            assert Wallets.counts[f"{outcome} {kind}"] > examples / 10, f"{outcome} {kind}"
