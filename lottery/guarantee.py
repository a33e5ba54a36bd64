"""The guarantee: at latest on the Nth draw of a member one of a named set. Pure.

Whether a draw is under the guarantee follows from what the member's draws before it fell on, so a
stranger can prove it from the published records.
"""

from collections.abc import Sequence

from . import odds
from .odds import Slot

ODDS, GUARANTEE = "odds", "guarantee"


def rule_for(since_guaranteed: int, guarantee_nth: int | None) -> str:
    """By which rule a member draws who had so many draws without a guaranteed prize."""
    if guarantee_nth is not None and since_guaranteed + 1 >= guarantee_nth:
        return GUARANTEE
    return ODDS


def wheel_under(
    rule: str, slots: Sequence[Slot], guaranteed: frozenset[int]
) -> tuple[Sequence[Slot], int]:
    """The slots that can be drawn under a rule, and their total."""
    if rule == GUARANTEE:
        return odds.guaranteed(slots, guaranteed)
    return slots, sum(slot.weight for slot in slots)


def since(before: int, picked: int, guaranteed: frozenset[int]) -> int:
    """How many draws without a guaranteed prize there are after one that fell on `picked`."""
    return 0 if picked in guaranteed else before + 1
