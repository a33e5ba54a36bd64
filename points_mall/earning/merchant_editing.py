"""What the merchant's pages do with the earning rule: try a draft on a purchase, replay the past under it,
publish it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from time import monotonic
from typing import Any

from miniprogram_api.core.clock import now, shop_zone, starts_at, today
from miniprogram_api.core.db import db
from miniprogram_api.core.settings import settings
from miniprogram_api.http.language import language
from miniprogram_api.merchant.forms import Form
from miniprogram_api.merchant.versions import RuleBook, Version, moment_asked
from miniprogram_api.pages.shell import say
from miniprogram_api.staff import audit
from points_mall.tiers import ladder

from . import replay, rule_book
from .facts import BoughtLine, Earned, Occasion, Past
from .history import member_numbers
from .merchant_form import WORDS, TrialSchema, form_of, read
from .replay import WhatIf
from .rules import judge, without_rule
from .terms import Terms

WEEKDAYS = (
    ("一", "Mon"), ("二", "Tue"), ("三", "Wed"), ("四", "Thu"), ("五", "Fri"), ("六", "Sat"),
    ("日", "Sun"),
)  # fmt: skip
"""What people call the days of a week, Monday first."""
REPLAY_DAYS = 30
REPLAY_SECONDS = 8.0
"""How long a page waits for a replay; what was judged until then is shown as a part."""
NOON = timedelta(hours=12)


@dataclass(frozen=True)
class Replayed:
    """What the last days would have earned, in part if time was up."""

    found: WhatIf
    is_whole: bool
    numbers: Mapping[int, str]

    @property
    def cost_fen(self) -> int | None:
        """The points beyond what was given, in money; None where points do not pay bills."""
        per_yuan = settings().points_per_yuan
        return self.found.cost_points * 100 // per_yuan if per_yuan else None


def versions() -> Sequence[Version]:
    """Every version, the newest first."""
    taken_back = rule_book.withdrawn(db.session())
    return [
        Version(row.version, row.starts_at, row.terms, row.note, row.actor, row.created_at,
                taken_back.get(row.version))
        for row in rule_book.versions(db.session())
    ]  # fmt: skip


def publish(terms: Terms, own: Form, reason: str) -> Version:
    """Publish terms from the moment that was asked for, or from now."""
    begins = moment_asked(own, shop_zone())
    rule = rule_book.publish(terms, begins, note=reason, actor=audit.actor())
    return Version(rule.version, rule.starts_at, rule.terms.as_json(), reason, audit.actor(), now())


def withdraw(version: int, reason: str) -> None:
    """Take a version back before it begins."""
    rule_book.withdraw(version, note=reason, actor=audit.actor())


def preview(terms: Terms, own: Form) -> dict[str, Any]:
    """What a purchase would earn under a draft, step by step, and what it earns now; by tier as well."""
    asked = Form({name.removeprefix("try-"): value for name, value in own.values.items()
                  if name.startswith("try-")}).load(TrialSchema())  # fmt: skip
    day = asked["on"] or today()
    tiers = ladder.tiers()
    chosen = ladder.tier_of_code(asked["tier"]) or tiers[0]
    tried = partial(_occasion, asked, day)
    earned = judge(terms, None, tried(chosen.benefits.points_multiplier_bp), day)
    by_tier = [
        (tier.name(language()), judge(terms, None, tried(tier.benefits.points_multiplier_bp), day))
        for tier in tiers
    ]
    return {
        "earned": earned,
        "steps": earned.explanation,
        "exact": _decimal(earned.explanation["exact"]),
        "titles": {one.code: one.title for one in terms.campaigns},
        "now": _as_of_now(tried(chosen.benefits.points_multiplier_bp), day),
        "tier": chosen.name(language()),
        "by_tier": by_tier,
    }


def _occasion(asked: Mapping[str, Any], day: date, multiplier_bp: int) -> Occasion:
    return Occasion(
        0,
        "preview",
        starts_at(day) + NOON,
        (BoughtLine(asked["category"], asked["amount"]),),
        "preview",
        multiplier_bp,
        day if asked["birthday"] else None,
        asked["first"],
    )


def _decimal(fraction: str) -> str:
    """A fraction as people read it, to four places."""
    points, whole = map(int, fraction.split("/"))
    return f"{points / whole:,.4f}".rstrip("0").rstrip(".")


def _as_of_now(occasion: Occasion, day: date) -> Earned:
    """What the rule that is in force now gives for it."""
    rule = rule_book.in_force(db.session(), now())
    return judge(rule.terms, rule.version, occasion, day) if rule else without_rule(occasion, day)


def replayed(terms: Terms, seconds: float = REPLAY_SECONDS) -> Replayed:
    """The last days judged by a draft: all of them, or as many members as there was time for."""
    last = today()
    past = _Limited(replay.history(last - timedelta(days=REPLAY_DAYS - 1), last), seconds)
    found = replay.replay(past, terms)
    named = [change.member_id for change in (*found.gainers, *found.losers)]
    return Replayed(found, past.is_whole, member_numbers(named))


class _Limited:
    """A past that ends after so many seconds, between two members."""

    def __init__(self, past: Iterable[Past], seconds: float) -> None:
        self._past, self._until = past, monotonic() + seconds
        self.is_whole = True

    def __iter__(self) -> Iterator[Past]:
        member_id = 0
        for one in self._past:
            if one.occasion.member_id != member_id and monotonic() > self._until:
                self.is_whole = False
                return
            member_id = one.occasion.member_id
            yield one


def _in_force() -> dict[str, Any]:
    rule = rule_book.in_force(db.session(), now())
    return {"rule": rule, "tiers": ladder.tiers(), "language": language()}


def _choices() -> dict[str, Any]:
    names = [(tier.code, tier.name(language())) for tier in ladder.tiers()]
    return {
        "named_tiers": names,
        "weekdays": [(number, say(*names)) for number, names in enumerate(WEEKDAYS, start=1)],
        "days_of_month": [(day, str(day)) for day in range(1, 32)],
    }


EARNING = RuleBook(
    kind="earning_rule",
    called=("积分规则", "Earning rule"),
    address="/admin/earning",
    folder="earning",
    words=WORDS,
    versions=versions,
    form_of=form_of,
    read=read,
    publish=publish,
    withdraw=withdraw,
    preview=preview,
    facts=_in_force,
    choices=_choices,
)
