"""The verbs of the wallet on one account: each decides whole before anything changes.

Pure: no database, no clock. A refusal leaves the book as it was, so the rest of its group goes on.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import singledispatchmethod
from typing import NamedTuple

from miniprogram_api.core.shares import share_so_far

from .entries import Entry, Key
from .errors import BadWalletMovement, InsufficientBalance, NoSuchWalletEntry
from .figures import Figures
from .movements import (
    Credit,
    Debit,
    Movement,
    Part,
    Restore,
    Reverse,
    WalletPosted,
)
from .reasons import REFUND, REVERSAL, Reason

MOST_FEN = 10**12
"""Ten billion yuan: what one movement may move, far below what the database can count."""


class Undone(NamedTuple):
    """How much of an entry has been undone, of each part; never below zero."""

    principal_fen: int = 0
    bonus_fen: int = 0


@dataclass(eq=False)
class Book:
    """A wallet's figures and past at `moment`, and the entries added to it.

    :param posted: entries by cause, of the movements and of what they undo.
    :param undone: what has been undone of an entry, by its number.
    """

    moment: datetime
    member_id: int
    figures: Figures
    last_seq: int
    last_hash: str
    posted: dict[Key, Entry] = field(default_factory=dict)
    undone: dict[int, Undone] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    @singledispatchmethod
    def apply(self, movement: Movement) -> WalletPosted:
        """Post one movement.

        :raises DomainError: it is refused, and nothing has changed.
        """
        raise TypeError(f"not a movement: {movement!r}")

    @apply.register
    def _credit(self, credit: Credit) -> WalletPosted:
        key = (credit.reason.code, credit.reference)
        if entry := self.posted.get(key):
            return _answer(entry, repeated=True)
        if min(credit.principal_fen, credit.bonus_fen) < 0:
            raise BadWalletMovement("a credit cannot take")
        _require_some(credit.principal_fen + credit.bonus_fen)
        return self._append(credit, key, credit.principal_fen, credit.bonus_fen)

    @apply.register
    def _debit(self, debit: Debit) -> WalletPosted:
        key = (debit.reason.code, debit.reference)
        if entry := self.posted.get(key):
            return _answer(entry, repeated=True)
        _require_some(debit.amount_fen)
        principal_fen, bonus_fen = self._afford(debit.amount_fen, debit.only)
        return self._append(debit, key, -principal_fen, -bonus_fen)

    @apply.register
    def _reverse(self, reverse: Reverse) -> WalletPosted:
        given = self._to_undo(reverse)
        if not given.gives:
            raise NoSuchWalletEntry(f"no credit {reverse.reason.code} {reverse.reference}")
        if done := self._done_before(reverse, REVERSAL, given):
            return _answer(done, repeated=True)
        before = self.undone.get(given.seq, Undone())
        principal_fen = share_so_far(given.principal_fen, reverse.refunded, reverse.paid)
        bonus_fen = share_so_far(given.bonus_fen, reverse.refunded, reverse.paid)
        return self._undo(
            reverse,
            REVERSAL,
            given,
            # a refund that is heard of late was counted by a later one already
            -max(0, principal_fen - before.principal_fen),
            -max(0, bonus_fen - before.bonus_fen),
        )

    @apply.register
    def _restore(self, restore: Restore) -> WalletPosted:
        taken = self._to_undo(restore)
        if not taken.takes:
            raise NoSuchWalletEntry(f"no debit {restore.reason.code} {restore.reference}")
        if done := self._done_before(restore, REFUND, taken):
            return _answer(done, repeated=True)
        before = self.undone.get(taken.seq, Undone())
        amount_fen = -taken.principal_fen - taken.bonus_fen
        back_fen = max(sum(before), share_so_far(amount_fen, restore.refunded, restore.paid))
        principal_fen = min(back_fen, -taken.principal_fen)
        return self._undo(
            restore,
            REFUND,
            taken,
            principal_fen - before.principal_fen,
            back_fen - principal_fen - before.bonus_fen,
        )

    # -- the ways in which a book changes

    def _afford(self, amount_fen: int, only: Part | None) -> tuple[int, int]:
        """What of principal and of bonus pays for a debit."""
        principal, bonus, _debt = self.figures
        can_principal = 0 if only is Part.BONUS else principal
        can_bonus = 0 if only is Part.PRINCIPAL else bonus
        if can_principal + can_bonus < amount_fen:
            raise InsufficientBalance(amount_fen, can_principal + can_bonus)
        from_bonus = min(can_bonus, amount_fen)
        return amount_fen - from_bonus, from_bonus

    def _to_undo(self, undo: Reverse | Restore) -> Entry:
        """The entry that a refund is about."""
        if undo.paid <= 0 or not 0 <= undo.refunded <= undo.paid:
            raise BadWalletMovement(f"cannot refund {undo.refunded} of {undo.paid}")
        entry = self.posted.get((undo.reason.code, undo.reference))
        if entry is None:
            raise NoSuchWalletEntry(f"no entry {undo.reason.code} {undo.reference}")
        return entry

    def _done_before(self, undo: Reverse | Restore, as_: Reason, entry: Entry) -> Entry | None:
        done = self.posted.get((as_.code, undo.by))
        if done is not None and done.undoes_seq != entry.seq:
            raise BadWalletMovement(f"{undo.by} has undone something else")
        return done

    def _undo(
        self,
        undo: Reverse | Restore,
        as_: Reason,
        entry: Entry,
        principal_fen: int,
        bonus_fen: int,
    ) -> WalletPosted:
        if principal_fen == bonus_fen == 0:
            return WalletPosted(0, 0, *self.figures)
        before = self.undone.get(entry.seq, Undone())
        self.undone[entry.seq] = Undone(
            before.principal_fen + abs(principal_fen), before.bonus_fen + abs(bonus_fen)
        )
        return self._append(undo, (as_.code, undo.by), principal_fen, bonus_fen, entry.seq)

    def _append(
        self,
        movement: Movement,
        key: Key,
        principal_fen: int,
        bonus_fen: int,
        undoes_seq: int | None = None,
    ) -> WalletPosted:
        """Write the next entry of the chain."""
        self.figures = self.figures.moved(principal_fen, bonus_fen)
        reason, reference = key
        entry = Entry(
            seq=self.last_seq + 1,
            principal_fen=principal_fen,
            bonus_fen=bonus_fen,
            after=self.figures,
            reason=reason,
            reference=reference,
            undoes_seq=undoes_seq,
            explanation=movement.explanation,
            actor=movement.actor,
            occurred_at=self.moment,
            prev_hash=self.last_hash,
        )
        entry.hash = entry.sealed()
        self.last_seq, self.last_hash = entry.seq, entry.hash
        self.entries.append(entry)
        self.posted[key] = entry
        return _answer(entry)


def _answer(entry: Entry, *, repeated: bool = False) -> WalletPosted:
    return WalletPosted(entry.principal_fen, entry.bonus_fen, *entry.after, repeated)


def _require_some(amount_fen: int) -> None:
    """Refuse to move nothing, or more than anybody could mean."""
    if not 0 < amount_fen <= MOST_FEN:
        raise BadWalletMovement(f"cannot move {amount_fen} fen")
