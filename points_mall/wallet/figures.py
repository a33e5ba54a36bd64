"""What a wallet holds, and how it settles what comes in and goes out. Pure: no database, no clock."""

from typing import NamedTuple, Self


class Figures(NamedTuple):
    """Principal, bonus and debt in fen; whoever owes has neither of the other two."""

    principal_fen: int = 0
    bonus_fen: int = 0
    debt_fen: int = 0

    @property
    def balance_fen(self) -> int:
        """What can be spent."""
        return self.principal_fen + self.bonus_fen

    def moved(self, principal_fen: int, bonus_fen: int) -> Self:
        """The figures after so much was given (below zero: taken) of each part.

        What comes in repays a debt first, bonus before principal. What is missing in one part is
        taken from the other, for it was spent; what is missing in both becomes debt.
        """
        principal = self.principal_fen + principal_fen
        bonus = self.bonus_fen + bonus_fen - self.debt_fen
        if principal + bonus < 0:
            return type(self)(0, 0, -(principal + bonus))
        if bonus < 0:
            return type(self)(principal + bonus, 0, 0)
        if principal < 0:
            return type(self)(0, bonus + principal, 0)
        return type(self)(principal, bonus, 0)
