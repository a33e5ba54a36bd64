"""Where a coupon stands, and which events lead where. Pure."""

from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """The state of a coupon."""

    UNUSED = "unused"
    LOCKED = "locked"  # a payment is under way, or a friend may take it
    USED = "used"
    EXPIRED = "expired"
    VOID = "void"


class Happened(StrEnum):
    """What happened to a coupon; its history is a list of these."""

    ISSUED = "issued"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    USED = "used"
    RESTORED = "restored"
    SHARED = "shared"  # a part of what it took off came back as a coupon of its own
    EXPIRED = "expired"
    VOIDED = "voided"


LEADS_TO: dict[Happened, tuple[frozenset[State | None], State]] = {
    Happened.ISSUED: (frozenset({None}), State.UNUSED),
    Happened.LOCKED: (frozenset({State.UNUSED}), State.LOCKED),
    Happened.UNLOCKED: (frozenset({State.LOCKED}), State.UNUSED),
    Happened.USED: (frozenset({State.UNUSED, State.LOCKED}), State.USED),
    Happened.RESTORED: (frozenset({State.USED}), State.UNUSED),
    Happened.SHARED: (frozenset({State.USED}), State.USED),
    Happened.EXPIRED: (frozenset({State.UNUSED}), State.EXPIRED),
    Happened.VOIDED: (frozenset({State.UNUSED, State.LOCKED}), State.VOID),
}
"""What may happen in which state, and the state that follows; None: there was no coupon yet."""


def as_read(state: str, valid_until: datetime, moment: datetime) -> State:
    """The state of a coupon as it counts at a moment: past its end it is worth nothing, whether or
    not the night's job has said so.
    """
    if state == State.UNUSED and moment >= valid_until:
        return State.EXPIRED
    return State(state)
