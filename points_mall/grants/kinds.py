"""Who can give what: features join their kinds of grants from `app.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from points_mall.ledger.reasons import Reason

from .errors import RewardNotAllowed
from .rewards import Reward

MOST_VALID_DAYS = 3650


@dataclass(frozen=True)
class Grant:
    """One thing to give to one member, for a cause.

    `reason`, `reference`, kind and item make it unique: a repeat gives nothing more.

    :param expires_at: its own end; None: as the kind has it.
    """

    member_id: int
    kind: str
    amount: int
    reason: Reason
    reference: str
    item: str | None = None
    expires_at: datetime | None = None
    explanation: dict[str, Any] | None = None


@dataclass(frozen=True)
class Granted:
    """What was given.

    :param told: what a client hears of it beside the kind, as plain JSON.
    :param points_available: what the member can spend right after, where the kind moves points.
    """

    told: dict[str, Any] = field(default_factory=dict)
    points_available: int | None = None


Give = Callable[[Sequence[Grant]], Sequence[Granted]]
"""Gives a list in the caller's transaction, in a constant number of statements, answering in its
order. It never refuses: rewards were checked when their rule was saved. An error ends it all."""

Check = Callable[[Reward], None]
"""Raises `RewardNotAllowed` where a rule may not promise this reward."""


@dataclass(frozen=True)
class Item:
    """One of several things of a kind, which a reward names by its code."""

    code: str
    name_zh: str
    name_en: str

    def name(self, language: str) -> str:
        """What people call it."""
        return self.name_en if language.startswith("en") else self.name_zh


def no_items() -> Sequence[Item]:
    """There is only one thing of the kind."""
    return ()


@dataclass(frozen=True)
class GrantKind:
    """A kind of grants: its name for people, who gives it, and what a rule may promise of it.

    :param items: what a rule may choose from, where the kind has several things.
    """

    code: str
    name_zh: str
    name_en: str
    give: Give
    check: Check
    items: Callable[[], Sequence[Item]] = no_items


_kinds: dict[str, GrantKind] = {}


def register(kind: GrantKind) -> None:
    """Let rules promise this kind; joining twice is joining once."""
    if _kinds.setdefault(kind.code, kind) != kind:
        raise ValueError(f"two features want to give {kind.code}")


def kind_of(code: str) -> GrantKind:
    """The kind of that code.

    :raises RewardNotAllowed: nobody gives it.
    """
    try:
        return _kinds[code]
    except KeyError:
        known = ", ".join(sorted(_kinds))
        raise RewardNotAllowed(f"nobody gives {code!r}; there are {known}", kind=code) from None


def known() -> list[GrantKind]:
    """Every kind that somebody gives, by its code."""
    return [_kinds[code] for code in sorted(_kinds)]


def name_of(code: str, language: str) -> str:
    """What people call a kind; one that has left the shop is its own name."""
    kind = _kinds.get(code)
    if kind is None:
        return code
    return kind.name_en if language.startswith("en") else kind.name_zh


def check_reward(reward: Reward) -> None:
    """See that a rule may promise this reward.

    :raises RewardNotAllowed: nobody gives its kind, or not so much or so long.
    """
    kind = kind_of(reward.kind)
    if reward.valid_days is not None and not 1 <= reward.valid_days <= MOST_VALID_DAYS:
        raise RewardNotAllowed(
            f"{reward.kind}: valid for 1 to {MOST_VALID_DAYS} days, not {reward.valid_days}",
            kind=reward.kind,
        )
    kind.check(reward)


def check_amount(reward: Reward, most: int) -> None:
    """See that an amount lies between 1 and `most`, and that no item is named.

    :raises RewardNotAllowed: it does not.
    """
    if not 1 <= reward.amount <= most:
        raise RewardNotAllowed(
            f"{reward.kind}: 1 to {most}, not {reward.amount}", kind=reward.kind, most=most
        )
    if reward.item is not None:
        raise RewardNotAllowed(f"{reward.kind}: there is only one kind of them", kind=reward.kind)
