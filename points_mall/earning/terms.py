"""What an earning rule says. Pure: no database, no clock, no request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .errors import EarningRuleNotAllowed
from .facts import REDEMPTION, SHIPPING, TOP_UP

FLOOR, HALF_UP, CEIL = "floor", "half_up", "ceil"
ROUNDINGS = (FLOOR, HALF_UP, CEIL)
BEST, ADD = "best", "add"
COMBINATIONS = (BEST, ADD)
CAP, REJECT = "cap", "reject"
BEHAVIOURS = (CAP, REJECT)

ONCE = 10_000
"""A multiplier of one, in basis points; multipliers are written in them."""

MOST_TIMES = 100
MOST_CAMPAIGNS = 50
MOST_POINTS = 1_000_000_000
MOST_POINTS_A_FEN = 100
MOST_PER_FEN = 100_000_000
MOST_BACK_BP = 10_000


@dataclass(frozen=True)
class Rate:
    """So many points for so many fen: one point a yuan is 1 per 100."""

    points: int
    per_fen: int


@dataclass(frozen=True)
class Cap:
    """At most so many points; `then` says what becomes of a purchase that would bring more.

    `cap` gives what is left of it, `reject` gives that purchase none.
    """

    points: int
    then: str = CAP


@dataclass(frozen=True)
class Caps:
    """How much a member can earn by one purchase, in a day, in a month of the shop."""

    purchase: Cap | None = None
    day: Cap | None = None
    month: Cap | None = None

    def named(self) -> Iterator[tuple[str, Cap]]:
        """Those that there are, the narrowest first."""
        for period, cap in (("purchase", self.purchase), ("day", self.day), ("month", self.month)):
            if cap is not None:
                yield period, cap


@dataclass(frozen=True)
class Cashback:
    """Part of what was paid goes to the wallet, `most_fen` a purchase at most."""

    rate_bp: int
    most_fen: int


@dataclass(frozen=True)
class Campaign:
    """Points are multiplied when all of its conditions hold; one that is not given always does.

    :param weekdays: 1 is Monday, 7 is Sunday.
    :param days_of_month: the member day of each month, for instance.
    :param categories: only lines of these categories; empty: all of them.
    """

    code: str
    title: str
    multiplier_bp: int
    from_on: date | None = None
    until_on: date | None = None
    weekdays: tuple[int, ...] = ()
    days_of_month: tuple[int, ...] = ()
    birthday_month: bool = False
    first_purchase: bool = False
    categories: tuple[str, ...] = ()

    def is_on(self, day: date) -> bool:
        """Whether it runs on a day of the shop."""
        return (
            (self.from_on is None or self.from_on <= day)
            and (self.until_on is None or day <= self.until_on)
            and (not self.weekdays or day.isoweekday() in self.weekdays)
            and (not self.days_of_month or day.day in self.days_of_month)
        )

    def as_json(self) -> dict[str, Any]:
        """With those conditions alone that are given."""
        days = {"from_on": self.from_on, "until_on": self.until_on}
        rest = {
            "weekdays": list(self.weekdays),
            "days_of_month": list(self.days_of_month),
            "birthday_month": self.birthday_month,
            "first_purchase": self.first_purchase,
            "categories": list(self.categories),
        }
        return {
            "code": self.code,
            "title": self.title,
            "multiplier_bp": self.multiplier_bp,
            **{name: day.isoformat() for name, day in days.items() if day},
            **{name: value for name, value in rest.items() if value},
        }


@dataclass(frozen=True)
class Terms:
    """One rule, whole.

    :param rates: by category, in place of `rate`.
    :param excluded: categories that earn nothing.
    :param minimum_fen: what must have been paid for things that earn.
    """

    rate: Rate
    rounding: str = FLOOR
    minimum_fen: int = 0
    rates: Mapping[str, Rate] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    campaigns_combine: str = BEST
    caps: Caps = Caps()
    cashback: Cashback | None = None

    def rate_of(self, category: str) -> Rate | None:
        """What a category earns; None: nothing."""
        if category == TOP_UP or category in self.excluded:
            return None
        named = self.rates.get(category)
        return named if named or category in {REDEMPTION, SHIPPING} else self.rate

    def as_json(self) -> dict[str, Any]:
        """As it is stored, shown and written by hand."""
        return {
            "rate": dict(vars(self.rate)),
            "rounding": self.rounding,
            "minimum_fen": self.minimum_fen,
            "rates": {category: dict(vars(rate)) for category, rate in self.rates.items()},
            "excluded": list(self.excluded),
            "campaigns": [campaign.as_json() for campaign in self.campaigns],
            "campaigns_combine": self.campaigns_combine,
            "caps": {period: dict(vars(cap)) for period, cap in self.caps.named()},
            "cashback": dict(vars(self.cashback)) if self.cashback else None,
        }


def terms_from_json(given: Mapping[str, Any]) -> Terms:
    """The terms that `as_json` spelt."""
    return Terms(
        Rate(**given["rate"]),
        given["rounding"],
        given["minimum_fen"],
        {category: Rate(**rate) for category, rate in given["rates"].items()},
        tuple(given["excluded"]),
        tuple(_campaign(one) for one in given["campaigns"]),
        given["campaigns_combine"],
        Caps(**{period: Cap(**cap) for period, cap in given["caps"].items()}),
        Cashback(**given["cashback"]) if given["cashback"] else None,
    )


def _campaign(given: Mapping[str, Any]) -> Campaign:
    """A campaign; its days come as text from the database, as days from a file."""
    read: dict[str, Any] = dict(given)
    for name in ("from_on", "until_on"):
        read[name] = date.fromisoformat(str(given[name])) if given.get(name) else None
    for name in ("weekdays", "days_of_month", "categories"):
        read[name] = tuple(given.get(name) or ())
    return Campaign(**read)


def check_terms(terms: Terms) -> None:
    """See that the parts of a rule fit together.

    :raises EarningRuleNotAllowed: they do not, and why.
    """
    for objection in _objections(terms):
        raise EarningRuleNotAllowed(objection)


def _objections(terms: Terms) -> Iterator[str]:
    yield from _rate_objections(terms)
    if terms.rounding not in ROUNDINGS:
        yield f"points are rounded by one of {', '.join(ROUNDINGS)}"
    if terms.campaigns_combine not in COMBINATIONS:
        yield f"campaigns combine by one of {', '.join(COMBINATIONS)}"
    if terms.minimum_fen < 0:
        yield "the minimum is 0 fen or more"
    yield from _campaign_objections(terms.campaigns)
    yield from _cap_objections(terms)


def _rate_objections(terms: Terms) -> Iterator[str]:
    for rate in (terms.rate, *terms.rates.values()):
        if rate.points < 0 or not 1 <= rate.per_fen <= MOST_PER_FEN:
            yield f"a rate gives 0 points or more for 1 to {MOST_PER_FEN} fen"
        if rate.points > MOST_POINTS_A_FEN * rate.per_fen:
            yield f"a rate gives at most {MOST_POINTS_A_FEN} points a fen"
    if TOP_UP in terms.rates:
        yield "money paid into the wallet never earns: top_up has no rate"
    if both := sorted(set(terms.rates) & set(terms.excluded)):
        yield f"{both[0]} has a rate and is excluded"


def _campaign_objections(campaigns: tuple[Campaign, ...]) -> Iterator[str]:
    if len(campaigns) > MOST_CAMPAIGNS:
        yield f"a rule has at most {MOST_CAMPAIGNS} campaigns"
    if len({campaign.code for campaign in campaigns}) < len(campaigns):
        yield "a campaign is named twice"
    for one in campaigns:
        if not ONCE <= one.multiplier_bp <= MOST_TIMES * ONCE:
            yield f"{one.code}: a campaign multiplies by 1 to {MOST_TIMES}, in basis points"
        if one.from_on and one.until_on and one.until_on < one.from_on:
            yield f"{one.code}: it ends before it begins"
        if not set(one.weekdays) <= set(range(1, 8)):
            yield f"{one.code}: weekdays are 1 (Monday) to 7 (Sunday)"
        if not set(one.days_of_month) <= set(range(1, 32)):
            yield f"{one.code}: days of the month are 1 to 31"


def _cap_objections(terms: Terms) -> Iterator[str]:
    for period, cap in terms.caps.named():
        if not 1 <= cap.points <= MOST_POINTS:
            yield f"the cap per {period} is 1 to {MOST_POINTS} points"
        if cap.then not in BEHAVIOURS:
            yield f"beyond the cap per {period}, one of {', '.join(BEHAVIOURS)}"
    back = terms.cashback
    if back and not (1 <= back.rate_bp <= MOST_BACK_BP and back.most_fen >= 1):
        yield f"cashback is 1 to {MOST_BACK_BP} basis points, and at most 1 fen or more"
