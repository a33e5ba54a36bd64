"""What an occasion earns under given terms, in exact arithmetic; each step is kept. Pure.

Rates and multipliers are fractions; only the sum over all lines is rounded, once, by the rule's
own rounding, and is then shared out to the lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import gcd, lcm
from typing import Any

from miniprogram_api.core.shares import allot

from .explaining import inputs
from .facts import BoughtLine, Earned, Occasion
from .terms import ADD, CEIL, HALF_UP, ONCE, REJECT, Campaign, Cap, Rate, Terms

EARNED, NO_RULE = "earned", "no_rule"
NOTHING_EARNS, BELOW_MINIMUM, ROUNDED_AWAY = "nothing_earns", "below_minimum", "rounded_away"
CAPPED, REJECTED = "capped", "rejected"


@dataclass(frozen=True)
class Used:
    """What the member was awarded before, on the day and in the month of the occasion."""

    day: int = 0
    month: int = 0


NOTHING_USED = Used()


@dataclass(frozen=True)
class _Line:
    """A line with its rate (None: it earns nothing) and what its campaigns multiply by."""

    bought: BoughtLine
    rate: Rate | None
    campaigns: tuple[str, ...]
    multiplier_bp: int


@dataclass(frozen=True)
class _Exact:
    """The points before rounding, `weights` of the lines over `whole`."""

    weights: list[int]
    whole: int

    @property
    def reduced(self) -> tuple[int, int]:
        """Numerator and denominator in lowest terms."""
        points = sum(self.weights)
        common = gcd(points, self.whole)
        return points // common, self.whole // common


def judge(
    terms: Terms, version: int | None, occasion: Occasion, day: date, used: Used = NOTHING_USED
) -> Earned:
    """What the occasion earns on a day of the shop, and why.

    :param version: of the rule that the terms belong to; None: a draft.
    """
    running = [one for one in terms.campaigns if one.is_on(day) and _suits(one, occasion, day)]
    lines = [_line(terms, running, bought) for bought in occasion.lines]
    eligible_fen = sum(line.bought.amount_fen for line in lines if line.rate)
    exact = _exact(lines, occasion.multiplier_bp)
    rounded = round_points(sum(exact.weights), exact.whole, terms.rounding)
    is_enough = 0 < eligible_fen >= terms.minimum_fen
    points, hits = _within_caps(terms, rounded if is_enough else 0, used)
    cashback = _cashback(terms, eligible_fen) if is_enough else None
    steps = {
        "version": version,
        "outcome": _outcome(terms, eligible_fen, rounded, points, hits),
        "lines": _told_lines(lines, allot(points, exact.weights)),
        "eligible_fen": eligible_fen,
        "minimum_fen": terms.minimum_fen,
        "exact": "/".join(map(str, exact.reduced)),
        "rounding": terms.rounding,
        "rounded": rounded,
        "caps": hits,
        "points": points,
        "cashback": cashback,
    }
    cashback_fen = cashback["fen"] if cashback else 0
    return Earned(points, cashback_fen, version, {**inputs(occasion, day), **steps})


def without_rule(occasion: Occasion, day: date) -> Earned:
    """What is earned while no rule is in force: nothing."""
    lines = [
        {"category": bought.category, "amount_fen": bought.amount_fen, "points": 0}
        for bought in occasion.lines
    ]
    steps = {"version": None, "outcome": NO_RULE, "lines": lines, "points": 0}
    return Earned(0, 0, None, {**inputs(occasion, day), **steps})


def round_points(numerator: int, denominator: int, rounding: str) -> int:
    """The whole points of a fraction that is not below zero."""
    if rounding == CEIL:
        return -(-numerator // denominator)
    if rounding == HALF_UP:
        return (2 * numerator + denominator) // (2 * denominator)
    return numerator // denominator


def _suits(campaign: Campaign, occasion: Occasion, day: date) -> bool:
    return (occasion.is_in_birthday_month(day) or not campaign.birthday_month) and (
        occasion.is_first or not campaign.first_purchase
    )


def _line(terms: Terms, running: Sequence[Campaign], bought: BoughtLine) -> _Line:
    rate = terms.rate_of(bought.category)
    campaigns = [
        one for one in running if rate and (not one.categories or bought.category in one.categories)
    ]
    if terms.campaigns_combine == ADD:
        multiplier_bp = ONCE + sum(one.multiplier_bp - ONCE for one in campaigns)
    else:
        campaigns = sorted(campaigns, key=lambda one: -one.multiplier_bp)[:1]
        multiplier_bp = campaigns[0].multiplier_bp if campaigns else ONCE
    return _Line(bought, rate, tuple(one.code for one in campaigns), multiplier_bp)


def _exact(lines: Sequence[_Line], tier_multiplier_bp: int) -> _Exact:
    """Points before rounding: amount × rate × tier × campaigns, line by line, over one denominator."""
    per_fen = lcm(*(line.rate.per_fen for line in lines if line.rate))
    weights = [
        line.bought.amount_fen
        * line.rate.points
        * (per_fen // line.rate.per_fen)
        * tier_multiplier_bp
        * line.multiplier_bp
        if line.rate
        else 0
        for line in lines
    ]
    return _Exact(weights, per_fen * ONCE * ONCE)


def _within_caps(terms: Terms, points: int, used: Used) -> tuple[int, list[dict[str, Any]]]:
    """The points that the caps leave, and those caps that took some."""
    before = {"purchase": 0, "day": used.day, "month": used.month}
    hits = []
    for period, cap in terms.caps.named():
        left = max(0, cap.points - before[period])
        if points > left:
            hits.append(_told_cap(period, cap, before[period], points))
            points = left if cap.then != REJECT else 0
    return points, hits


def _told_cap(period: str, cap: Cap, used: int, points: int) -> dict[str, Any]:
    return {"period": period, "most": cap.points, "used": used, "then": cap.then, "asked": points}


def _cashback(terms: Terms, eligible_fen: int) -> dict[str, Any] | None:
    if terms.cashback is None:
        return None
    share_fen = eligible_fen * terms.cashback.rate_bp // ONCE
    return {**vars(terms.cashback), "fen": min(share_fen, terms.cashback.most_fen)}


def _outcome(
    terms: Terms, eligible_fen: int, rounded: int, points: int, hits: Sequence[dict[str, Any]]
) -> str:
    if eligible_fen == 0:
        return NOTHING_EARNS
    if eligible_fen < terms.minimum_fen:
        return BELOW_MINIMUM
    if hits:
        rejected = points == 0 and any(hit["then"] == REJECT for hit in hits)
        return REJECTED if rejected else CAPPED
    return EARNED if rounded else ROUNDED_AWAY


def _told_lines(lines: Sequence[_Line], shares: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {
            "category": line.bought.category,
            "amount_fen": line.bought.amount_fen,
            "rate": dict(vars(line.rate)) if line.rate else None,
            "campaigns": list(line.campaigns),
            "multiplier_bp": line.multiplier_bp,
            "points": share,
        }
        for line, share in zip(lines, shares, strict=True)
    ]
