"""The decision: from what is known of a caller to a verdict with its reasons. Pure.

A strong sign decides by itself. Weak signs (an address that many share, a young account, a figure
that could not be had) only add up, and never deny: thousands of honest shoppers sit behind one
address of a mobile network.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

RULE_VERSION = "2026-11"


class Verdict(StrEnum):
    """What a caller gets; from mild to harsh."""

    ALLOW = "allow"
    CHALLENGE = "challenge"  # may go on after proving to be a person: a phone bound, a captcha
    QUIET = "quiet"  # takes part, but only for what everybody gets
    DENY = "deny"

    @property
    def severity(self) -> int:
        """Its place from mild to harsh."""
        return list(Verdict).index(self)


@dataclass(frozen=True)
class Limits:
    """From where on a figure counts against somebody; 0: it never does."""

    members_per_device: int
    members_per_address: int
    friends_per_inviter: int
    young_account: timedelta


@dataclass(frozen=True)
class Signals:
    """What is known of a caller; None: it could not be found out.

    :param rank: WeChat's risk rank, 0 to 4; 0 also where the shop does not ask for it.
    :param account_age: since enrolment; zero for somebody who is only enrolling.
    :param members_per_device: distinct members seen on this device today, the caller included.
    :param friends_per_inviter: distinct friends that the inviter has brought today, this one included.
    :param blocked: the kinds of block that hit the caller.
    """

    rank: int | None = 0
    account_age: timedelta = timedelta(0)
    members_per_device: int | None = 0
    members_per_address: int | None = 0
    friends_per_inviter: int | None = 0
    blocked: tuple[str, ...] = ()

    def as_inputs(self) -> dict[str, Any]:
        """The same as figures that can be kept."""
        figures = asdict(self)
        figures["account_age"] = int(self.account_age.total_seconds())
        return {**figures, "blocked": list(self.blocked)}


@dataclass(frozen=True)
class Judgement:
    """A verdict and its reasons, in order."""

    verdict: Verdict
    reasons: tuple[str, ...]
    rule_version: str = RULE_VERSION


_BY_RANK = {1: Verdict.CHALLENGE, 2: Verdict.CHALLENGE, 3: Verdict.QUIET, 4: Verdict.DENY}
_BY_WEAK_SIGNS = (Verdict.ALLOW, Verdict.ALLOW, Verdict.CHALLENGE, Verdict.QUIET)


def judge(signals: Signals, limits: Limits) -> Judgement:
    """Weigh what is known of a caller: the harshest strong sign, or what the weak ones add up to."""
    strong = dict(_strong_signs(signals, limits))
    weak = list(_weak_signs(signals, limits))
    together = _BY_WEAK_SIGNS[min(len(weak), len(_BY_WEAK_SIGNS) - 1)]
    verdict = max([*strong.values(), together], key=lambda one: one.severity)
    return Judgement(verdict, tuple(sorted([*strong, *weak])))


def _strong_signs(signals: Signals, limits: Limits) -> Iterator[tuple[str, Verdict]]:
    for kind in signals.blocked:
        yield f"{kind}_blocked", Verdict.DENY
    if signals.rank:
        yield f"wechat_rank_{signals.rank}", _BY_RANK[signals.rank]
    if _beyond(signals.members_per_device, limits.members_per_device):
        yield "members_per_device", Verdict.DENY
    if _beyond(signals.friends_per_inviter, limits.friends_per_inviter):
        yield "friends_per_inviter", Verdict.QUIET


def _weak_signs(signals: Signals, limits: Limits) -> Iterator[str]:
    if signals.rank is None:
        yield "wechat_rank_unknown"
    if signals.account_age < limits.young_account:
        yield "young_account"
    if _beyond(signals.members_per_address, limits.members_per_address):
        yield "members_per_address"
    counted = (signals.members_per_device, signals.members_per_address, signals.friends_per_inviter)
    if None in counted:
        yield "not_counted"


def _beyond(figure: int | None, limit: int) -> bool:
    return figure is not None and 0 < limit < figure
