"""A reward as a rule names it. Pure: no database, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

POINTS = "points"


@dataclass(frozen=True)
class Reward:
    """So much of a kind.

    :param item: which one, for kinds that have several (a coupon's template, a wheel).
    :param valid_days: its life, to the end of the shop's day; None: as the kind has it.
    """

    kind: str
    amount: int
    item: str | None = None
    valid_days: int | None = None

    @property
    def points(self) -> int:
        """The points in it; 0 for every other kind."""
        return self.amount if self.kind == POINTS else 0

    def as_json(self) -> dict[str, Any]:
        """As rules and records keep it; what is not said is left out."""
        options = {"item": self.item, "valid_days": self.valid_days}
        given = {name: value for name, value in options.items() if value is not None}
        return {"kind": self.kind, "amount": self.amount, **given}


def reward_from_json(given: Mapping[str, Any]) -> Reward:
    """The reward that `as_json` spelt."""
    return Reward(given["kind"], given["amount"], given.get("item"), given.get("valid_days"))
