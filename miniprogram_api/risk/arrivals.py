"""Who arrives: what is known when somebody logs in or brings a friend, and whether they may.

`observe` asks Redis, the block list and perhaps WeChat, before any transaction; `check` is plain
weighing and belongs into the transaction that enrols or rewards.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from miniprogram_api.core.clock import now

from . import blocks, decisions, ranks, subjects, velocity
from .decisions import Decision
from .errors import RiskDenied
from .rules import Signals
from .subjects import Kind


@dataclass(frozen=True)
class Origin:
    """Where a call comes from.

    :param remote: the network address; it is hashed before it is kept anywhere.
    :param device: the keyed hash of the device, where the call named one.
    """

    remote: str | None = None
    device: str | None = None


NOWHERE = Origin()


def observe_login(openid: str, origin: Origin) -> Signals:
    """What is known of a WeChat user who logs in; the login itself is counted."""
    person = subjects.person_subject(openid)
    address = subjects.address_subject(origin.remote)
    return Signals(
        rank=ranks.rank_of(person, openid, origin.remote or "", ranks.REGISTER),
        members_per_device=_seen("device", origin.device, person),
        members_per_address=_seen("address", address, person),
        blocked=blocks.hits([(Kind.ADDRESS, address), (Kind.DEVICE, origin.device)]),
    )


def check_enrolment(openid: str, signals: Signals) -> Decision:
    """Whether the WeChat user may become a member now. Who is a member may always log in."""
    return decisions.decide(f"person:{subjects.person_subject(openid)}", "enrol", signals)


def check_referral(
    inviter_id: int, friend_id: int, friend_joined_at: datetime, signals: Signals | None = None
) -> Decision:
    """Whether an inviter may be rewarded for a friend; counts the friend for the inviter.

    A refusal is recorded here: the friend's own act goes on, only the reward is withheld.

    :param signals: what was observed when the friend logged in, where it is known.
    """
    blocked = blocks.hits([(Kind.MEMBER, str(inviter_id)), (Kind.MEMBER, str(friend_id))])
    known = replace(
        signals or Signals(),
        account_age=max(timedelta(0), now() - friend_joined_at),
        friends_per_inviter=velocity.distinct_today("inviter", str(inviter_id), str(friend_id)),
        blocked=tuple(sorted({*(signals.blocked if signals else ()), *blocked})),
    )
    decision = decisions.decide(f"member:{inviter_id}", "referral", known)
    if decision.refuses:
        decisions.record(decision)
    return decision


class EnrolmentDenied(Exception):
    """Carries a refusal out of the transaction that it ends; `told` records it and says so."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.action)
        self.decision = decision

    def told(self) -> RiskDenied:
        """The error that the caller hears, recorded."""
        return decisions.denied(self.decision)


def admit(openid: str, signals: Signals) -> None:
    """Let the WeChat user become a member.

    :raises EnrolmentDenied: not now.
    """
    decision = check_enrolment(openid, signals)
    if decision.refuses:
        raise EnrolmentDenied(decision)


def _seen(kind: str, place: str | None, person: str) -> int | None:
    return 0 if place is None else velocity.distinct_today(kind, place, person)
