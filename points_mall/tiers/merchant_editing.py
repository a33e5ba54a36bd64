"""What the merchant's pages do with the ladder: count who stands where, judge a draft, publish it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from miniprogram_api.core.clock import now, today
from miniprogram_api.core.db import db
from miniprogram_api.http.language import language
from miniprogram_api.merchant.forms import Form
from miniprogram_api.merchant.shell import number, yuan
from miniprogram_api.merchant.versions import RuleBook, Version, day_asked
from miniprogram_api.pages.shell import say
from miniprogram_api.staff import audit
from points_mall.grants import merchant_rewards

from . import ladder, publishing
from .ladder import FIRST_LADDER
from .merchant_counts import Moved, moved_by
from .merchant_form import WORDS, form_of, read
from .steps import Tier
from .terms import Basis, Terms

WIDTH, STEP, BAR = 320, 44, 34
_NARROWEST = 110


@dataclass(frozen=True)
class Step:
    """A step of the ladder as it is drawn, the highest on top."""

    tier: Tier
    name: str
    entry: str
    y: int
    width: int
    opacity: float
    before: int
    after: int


def versions() -> Sequence[Version]:
    """Every version, the newest first; a shop without any has the first ladder."""
    taken_back = publishing.withdrawn()
    found = [
        Version(row.version, row.starts_at, row.terms, row.note, row.actor, row.created_at,
                taken_back.get(row.version))
        for row in publishing.all_versions()
    ]  # fmt: skip
    first = FIRST_LADDER
    return found or [Version(first.version, first.starts_at, first.terms.as_json())]


def publish(terms: Terms, own: Form, reason: str) -> Version:
    """Publish a ladder from the day that was asked for, or from tomorrow."""
    day = day_asked(own, today() + timedelta(days=1))
    new = publishing.publish(terms, day, note=reason, actor=audit.actor())
    return Version(new.version, new.starts_at, new.terms.as_json(), reason, audit.actor(), now())


def withdraw(version: int, reason: str) -> None:
    """Take a ladder back before it begins."""
    publishing.withdraw(version, note=reason, actor=audit.actor())


def preview(terms: Terms, _own: Form) -> dict[str, Any]:
    """The ladder drawn, and how many members a draft would move, by a sample."""
    moved = moved_by(db.session(), terms)
    return {
        "steps": _steps(terms, moved),
        "moved": moved,
        "width": WIDTH,
        "height": STEP * len(terms.tiers),
        "bar": BAR,
    }


def _steps(terms: Terms, moved: Moved) -> list[Step]:
    top = terms.highest
    return [
        Step(
            tier,
            tier.name(language()),
            growth_told(terms.basis, tier.entry),
            (top - tier.rank) * STEP,
            _NARROWEST + (WIDTH - _NARROWEST) * (tier.rank + 1) // (top + 1),
            round(0.25 + 0.6 * (tier.rank + 1) / (top + 1), 2),
            moved.before[tier.rank],
            moved.after[tier.rank],
        )
        for tier in reversed(terms.tiers)
    ]


def growth_told(basis: str, growth: int | None) -> str:
    """So much growth, in people's words."""
    if growth is None:
        return say("手动授予", "by hand")
    if basis == Basis.AMOUNT:
        return yuan(growth)
    unit = say(" 次", " purchases") if basis == Basis.PURCHASES else say(" 分", " points")
    return number(growth) + unit


def _facts() -> dict[str, Any]:
    current = ladder.current()
    return {"ladder": current, "growth_told": growth_told, "language": language()}


def _choices() -> dict[str, Any]:
    return {
        "kinds": merchant_rewards.choices(),
        "named": merchant_rewards.named(),
        "coupons": [(say("优惠券", "Coupon"), merchant_rewards.named_of("coupon"))],
        "tomorrow": today() + timedelta(days=1),
    }


TIERS = RuleBook(
    kind="tier_ladder",
    called=("等级规则", "Ladder"),
    address="/admin/tiers",
    folder="tiers",
    words=WORDS,
    versions=versions,
    form_of=form_of,
    read=read,
    publish=publish,
    withdraw=withdraw,
    preview=preview,
    facts=_facts,
    choices=_choices,
)
