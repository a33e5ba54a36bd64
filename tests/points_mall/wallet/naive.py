"""A second wallet, written to be obviously right: one fen at a time, no SQL, no sums.

It shares nothing with the wallet but the movements that both are told and the words in which both
refuse. Slow on purpose.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

from points_mall.wallet.movements import Credit, Debit, Movement, Part, Restore, Reverse

Key = tuple[str, str]


class Refused(Exception):
    """The movement is refused; the argument is the code that clients are told."""


@dataclass(frozen=True)
class Answer:
    """What the wallet must answer."""

    principal: int
    bonus: int
    principal_after: int
    bonus_after: int
    debt: int
    repeated: bool = False


@dataclass
class Done:
    """What an entry moved, fen by fen: "p" a fen of principal, "b" one of bonus."""

    sign: int
    fen: list[str]
    answer: Answer
    undoes: "Done | None" = None
    undone: list[str] = field(default_factory=list)


@dataclass
class Wallet:
    """One member's money."""

    purse: list[str] = field(default_factory=list)
    debt: int = 0
    done: dict[Key, Done] = field(default_factory=dict)

    def figures(self) -> tuple[int, int, int]:
        return self.purse.count("p"), self.purse.count("b"), self.debt

    def post(self, movement: Movement) -> Answer:
        match movement:
            case Credit():
                return self._credit(movement)
            case Debit():
                return self._debit(movement)
            case Reverse():
                return self._reverse(movement)
            case Restore():
                return self._restore(movement)

    # ---------------------------------------------------------------- the verbs

    def _credit(self, credit: Credit) -> Answer:
        key = (credit.reason.code, credit.reference)
        if key in self.done:
            return self._again(self.done[key])
        if credit.principal_fen < 0 or credit.bonus_fen < 0:
            raise Refused("bad_wallet_movement")
        fen = ["b"] * credit.bonus_fen + ["p"] * credit.principal_fen
        if not fen:
            raise Refused("bad_wallet_movement")
        return self._come_in(key, fen, None)

    def _debit(self, debit: Debit) -> Answer:
        key = (debit.reason.code, debit.reference)
        if key in self.done:
            return self._again(self.done[key])
        if debit.amount_fen <= 0:
            raise Refused("bad_wallet_movement")
        can_pay = [fen for fen in sorted(self.purse) if _may(fen, debit.only)]
        if len(can_pay) < debit.amount_fen:
            raise Refused("insufficient_balance")
        return self._go_out(key, can_pay[: debit.amount_fen], None)

    def _reverse(self, reverse: Reverse) -> Answer:
        given = self._about(reverse, sign=1)
        key = ("reversal", reverse.by)
        if key in self.done:
            return self._same_again(key, given)
        fen = [
            part
            for part in "pb"
            for _ in range(_share(given.fen.count(part), reverse) - given.undone.count(part))
        ]
        if not fen:
            return self._quiet()
        given.undone += fen
        return self._go_out(key, fen, given)

    def _restore(self, restore: Restore) -> Answer:
        taken = self._about(restore, sign=-1)
        key = ("refund", restore.by)
        if key in self.done:
            return self._same_again(key, taken)
        last_first = taken.fen[::-1]
        fen = last_first[len(taken.undone) : _share(len(taken.fen), restore)]
        if not fen:
            return self._quiet()
        taken.undone += fen
        return self._come_in(key, fen, taken)

    # ---------------------------------------------------------------- fen by fen

    def _come_in(self, key: Key, fen: list[str], undoes: Done | None) -> Answer:
        for one in sorted(fen):  # "b" stands before "p": a bonus repays before principal does
            if self.debt:
                self.debt -= 1
            else:
                self.purse.append(one)
        return self._record(key, 1, fen, undoes)

    def _go_out(self, key: Key, fen: list[str], undoes: Done | None) -> Answer:
        missing = 0
        for one in fen:
            if one in self.purse:
                self.purse.remove(one)
            else:
                missing += 1
        for _ in range(missing):
            if self.purse:
                self.purse.pop()
            else:
                self.debt += 1
        return self._record(key, -1, fen, undoes)

    def _record(self, key: Key, sign: int, fen: list[str], undoes: Done | None) -> Answer:
        answer = Answer(sign * fen.count("p"), sign * fen.count("b"), *self.figures())
        self.done[key] = Done(sign, fen, answer, undoes)
        return answer

    # ---------------------------------------------------------------- answers

    def _about(self, undo: Reverse | Restore, sign: int) -> Done:
        if undo.paid <= 0 or undo.refunded < 0 or undo.refunded > undo.paid:
            raise Refused("bad_wallet_movement")
        found = self.done.get((undo.reason.code, undo.reference))
        if found is None or found.sign != sign or found.undoes is not None:
            raise Refused("no_such_wallet_entry")
        return found

    def _same_again(self, key: Key, about: Done) -> Answer:
        if self.done[key].undoes is not about:
            raise Refused("bad_wallet_movement")
        return self._again(self.done[key])

    def _again(self, done: Done) -> Answer:
        first = done.answer
        return Answer(
            first.principal,
            first.bonus,
            first.principal_after,
            first.bonus_after,
            first.debt,
            repeated=True,
        )

    def _quiet(self) -> Answer:
        return Answer(0, 0, *self.figures())


def _may(fen: str, only: Part | None) -> bool:
    return only is None or fen == only.value[0]


def _share(whole: int, undo: Reverse | Restore) -> int:
    return floor(Fraction(whole * undo.refunded, undo.paid))
