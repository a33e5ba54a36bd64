"""What a coupon promises. Pure: no database, no clock, no request.

Terms are versioned with their template and copied onto every coupon, so that a change touches nothing
that was issued.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from .errors import TermsNotAllowed
from .validity import MOST_DAYS, Validity

MOST_FEN = 1_000_000_00
WHOLE_BP = 10_000
MOST_OF_ITSELF = 20
MOST_POINTS = 100_000_000


class Kind(StrEnum):
    """What a coupon is."""

    AMOUNT_OFF = "amount_off"  # 满减券
    PERCENT_OFF = "percent_off"  # 折扣券
    CASH = "cash"  # 代金券
    FREE_SHIPPING = "free_shipping"  # 包邮券
    GIFT_ITEM = "gift_item"  # 赠品券
    EXCHANGE = "exchange"  # 兑换券


class Policy(StrEnum):
    """What a refund does for a coupon that was used."""

    WHOLE = "whole"  # it comes back when all was refunded
    BY_SHARE = "by_share"  # each refund brings back its share of what the coupon took off
    NEVER = "never"


IN_MONEY = frozenset({Kind.AMOUNT_OFF, Kind.CASH})
IN_UNITS = frozenset({Kind.GIFT_ITEM, Kind.EXCHANGE})


@dataclass(frozen=True)
class Scope:
    """Which lines of a bill count, and where; what is not named is open to all."""

    categories: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    excluded_categories: tuple[str, ...] = ()
    excluded_skus: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    def covers(self, category: str, sku: str | None) -> bool:
        """Whether goods of that category and sku are in it; an exclusion comes first."""
        if category in self.excluded_categories or sku in self.excluded_skus:
            return False
        if not self.categories and not self.skus:
            return True
        return category in self.categories or sku in self.skus


@dataclass(frozen=True)
class Audience:
    """Who may ask for it; what a rule of the shop gives, it gives to whom the rule names.

    :param new_within_days: members since at most so many days of the shop, the first one counted.
    :param named_only: only the shop gives it, by a list or a rule.
    """

    min_tier_rank: int = 0
    new_within_days: int | None = None
    birthday_month: bool = False
    named_only: bool = False


@dataclass(frozen=True)
class Limits:
    """How many one member may come by, ever and on one day of the shop; None: any number."""

    per_member: int | None = None
    per_day: int | None = None


@dataclass(frozen=True)
class Stacking:
    """With what it may be used on one bill.

    :param with_others: coupons of other templates, if they allow it too.
    :param itself: how many of this template; each asks for its own threshold.
    :param with_tier_discount: else it takes the place of the tier discount.
    :param with_offers: else it takes the place of the shop's threshold offers.
    :param with_points: whether points may pay a part of such a bill.
    """

    with_others: bool = False
    itself: int = 1
    with_tier_discount: bool = True
    with_offers: bool = True
    with_points: bool = True


@dataclass(frozen=True)
class Restore:
    """What a refund does for it.

    :param extend_days: it lives at least so many whole days after it came back; 0: its end stays.
    """

    policy: Policy = Policy.WHOLE
    extend_days: int = 0


@dataclass(frozen=True)
class CouponTerms:
    """The terms of a coupon, whole.

    :param amount_fen: what `amount_off` and `cash` take off.
    :param off_bp: what `percent_off` takes off: 1200 for 88 折.
    :param most_fen: the most that `percent_off` and `free_shipping` take off; None: no cap.
    :param units: how many units are free, for `gift_item` and `exchange`.
    :param gift_sku: the goods that `gift_item` makes free, on a bill that reaches the threshold.
    :param threshold_fen: what the lines in scope must come to, before coupons.
    :param points_price: what it costs in points; None: it is not sold for points.
    :param hands_out_codes: each brings a code of the pool that was imported for it.
    """

    kind: Kind
    validity: Validity
    amount_fen: int = 0
    off_bp: int = 0
    most_fen: int | None = None
    units: int = 1
    gift_sku: str | None = None
    threshold_fen: int = 0
    scope: Scope = field(default_factory=Scope)
    audience: Audience = field(default_factory=Audience)
    limits: Limits = field(default_factory=Limits)
    stacking: Stacking = field(default_factory=Stacking)
    restore: Restore = field(default_factory=Restore)
    giftable: bool = False
    points_price: int | None = None
    hands_out_codes: bool = False


def check_terms(terms: CouponTerms) -> None:
    """See that the parts of the terms fit together and never give more than a bill.

    :raises TermsNotAllowed: they do not, and why.
    """
    for objection in _objections(terms):
        raise TermsNotAllowed(objection)


def _objections(terms: CouponTerms) -> Iterator[str]:
    yield from _objections_to_value(terms)
    yield from _objections_to_units(terms)
    yield from terms.validity.objections()
    yield from _objections_to_ways(terms)
    if not 0 <= terms.threshold_fen <= MOST_FEN:
        yield f"threshold_fen: 0 to {MOST_FEN}"
    if not 1 <= terms.stacking.itself <= MOST_OF_ITSELF:
        yield f"itself: 1 to {MOST_OF_ITSELF} on one bill"
    limits = (terms.limits.per_member, terms.limits.per_day)
    if any(limit is not None and limit < 1 for limit in limits):
        yield "a limit is at least 1"


def _objections_to_value(terms: CouponTerms) -> Iterator[str]:
    has_amount, has_percent = terms.kind in IN_MONEY, terms.kind is Kind.PERCENT_OFF
    if has_amount and not 1 <= terms.amount_fen <= MOST_FEN:
        yield f"{terms.kind}: amount_fen 1 to {MOST_FEN}"
    if not has_amount and terms.amount_fen:
        yield f"{terms.kind} has no amount_fen"
    if terms.kind is Kind.AMOUNT_OFF and terms.threshold_fen < terms.amount_fen:
        yield (
            f"it would give more than the bill: {terms.amount_fen} fen off from "
            f"{terms.threshold_fen} fen on"
        )
    if has_percent and not 1 <= terms.off_bp < WHOLE_BP:
        yield "percent_off: off_bp 1 to 9999; the whole bill is no discount"
    if not has_percent and terms.off_bp:
        yield f"{terms.kind} has no off_bp"
    is_capped = has_percent or terms.kind is Kind.FREE_SHIPPING
    if terms.most_fen is not None and not (is_capped and 1 <= terms.most_fen <= MOST_FEN):
        yield f"most_fen is the cap of percent_off and free_shipping, 1 to {MOST_FEN}"


def _objections_to_units(terms: CouponTerms) -> Iterator[str]:
    if not 1 <= terms.units <= 99 or (terms.kind not in IN_UNITS and terms.units != 1):
        yield "units: 1 to 99 free units, for gift_item and exchange"
    if (terms.kind is Kind.GIFT_ITEM) != (terms.gift_sku is not None):
        yield "gift_item names its gift_sku, and nothing else does"
    if terms.kind is Kind.GIFT_ITEM and terms.threshold_fen < 1:
        yield "gift_item needs a threshold; goods for nothing are an exchange"
    if terms.kind is Kind.EXCHANGE and not terms.scope.skus:
        yield "exchange names the skus that it is exchanged for"


def _objections_to_ways(terms: CouponTerms) -> Iterator[str]:
    audience = terms.audience
    if audience.min_tier_rank < 0:
        yield "min_tier_rank is 0 or above"
    if audience.new_within_days is not None and audience.new_within_days < 1:
        yield "new_within_days is at least 1"
    if audience.named_only and (terms.giftable or terms.points_price is not None):
        yield "what only named members get is neither given away nor sold"
    if terms.points_price is not None and not 1 <= terms.points_price <= MOST_POINTS:
        yield f"points_price: 1 to {MOST_POINTS}"
    if terms.hands_out_codes and terms.giftable:
        yield "a coupon that carries an outside code cannot be given away"
    yield from _objections_to_restoring(terms)


def _objections_to_restoring(terms: CouponTerms) -> Iterator[str]:
    restore = terms.restore
    if restore.policy is Policy.BY_SHARE and terms.kind not in IN_MONEY:
        yield "only amount_off and cash come back by share: the others are no sum of money"
    if not 0 <= restore.extend_days <= MOST_DAYS:
        yield f"extend_days: 0 to {MOST_DAYS}"
    if restore.extend_days and restore.policy is Policy.NEVER:
        yield "what never comes back has no life to extend"
