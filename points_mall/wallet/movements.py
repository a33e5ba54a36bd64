"""What can be posted. A movement is a fact chosen by its cause; its reference makes a repeat harmless."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .reasons import Reason

Explanation = dict[str, Any]


class Part(StrEnum):
    """The two sorts of money in a wallet."""

    PRINCIPAL = "principal"  # the member paid it in
    BONUS = "bonus"  # the shop gave it


@dataclass(frozen=True)
class Credit:
    """Give principal, bonus or both; a debt is repaid out of it, bonus first."""

    member_id: int
    principal_fen: int
    bonus_fen: int
    reason: Reason
    reference: str
    explanation: Explanation | None = None
    actor: str = "system"


@dataclass(frozen=True)
class Debit:
    """Take `amount_fen`, all or none: bonus first, then principal; with `only`, of that part."""

    member_id: int
    amount_fen: int
    reason: Reason
    reference: str
    explanation: Explanation | None = None
    actor: str = "system"
    only: Part | None = None


@dataclass(frozen=True)
class Reverse:
    """Take back what a credit gave, in the measure in which its payment was refunded.

    `refunded` counts everything refunded so far and `paid` the whole payment, in one unit; so
    partial refunds add up without a rounding of their own. `by` is the refund's own reference.
    What the wallet no longer has becomes debt.
    """

    member_id: int
    reason: Reason
    reference: str
    refunded: int
    paid: int
    by: str
    explanation: Explanation | None = None
    actor: str = "system"


@dataclass(frozen=True)
class Restore:
    """Give back what a debit took, in the measure in which its purchase was refunded.

    The money returns to the very parts it came from, what was taken last first: principal, then
    bonus. So the rest stands as if only the rest had ever been bought.
    """

    member_id: int
    reason: Reason
    reference: str
    by: str
    refunded: int
    paid: int
    explanation: Explanation | None = None
    actor: str = "system"


Movement = Credit | Debit | Reverse | Restore


@dataclass(frozen=True)
class WalletPosted:
    """The answer to a movement.

    :param principal_fen: what the movement gave (below zero: took) of principal; 0 where nothing
        had to move. The same for `bonus_fen`.
    :param principal_after: what the wallet held of principal right after it; so `bonus_after`.
    :param debt_fen: what was owed right after it.
    :param repeated: it had been posted before, and this is the first answer.
    """

    principal_fen: int
    bonus_fen: int
    principal_after: int
    bonus_after: int
    debt_fen: int
    repeated: bool = False

    @property
    def amount_fen(self) -> int:
        """What moved in all; below zero: taken."""
        return self.principal_fen + self.bonus_fen
