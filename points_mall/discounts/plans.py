"""How a coupon meets a bill: which lines count for it, and from which it takes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from points_mall.coupons.held import Held
from points_mall.coupons.terms import IN_UNITS, CouponTerms, Kind

from .bill import Bill


@dataclass(frozen=True)
class Plan:
    """A coupon on a bill; lines are told by their places.

    :param counted: the lines that count towards its threshold. A gift does not count towards its own.
    :param lines: the lines from which it takes; for free units the dearest goods first.
    :param quantities: the units of each line of the bill.
    """

    coupon: Held
    counted: tuple[int, ...]
    lines: tuple[int, ...]
    quantities: tuple[int, ...]

    def reached(self, before_coupons: Sequence[int]) -> int:
        """What the lines in scope come to, before coupons."""
        return sum([before_coupons[at] for at in self.counted])


def plan_of(coupon: Held, bill: Bill) -> Plan:
    """How a coupon meets a bill."""
    terms = coupon.terms
    counted = _counted(terms, bill)
    lines = _targets(terms, bill, counted)
    if terms.kind in IN_UNITS:
        lines = tuple(sorted(lines, key=lambda at: (-_unit_price(bill, at), at)))
    return Plan(coupon, counted, lines, tuple(line.quantity for line in bill.lines))


def _counted(terms: CouponTerms, bill: Bill) -> tuple[int, ...]:
    return tuple(
        place
        for place, line in enumerate(bill.lines)
        if terms.scope.covers(line.category, line.sku)
        and (terms.gift_sku is None or line.sku != terms.gift_sku)
    )


def _targets(terms: CouponTerms, bill: Bill, counted: tuple[int, ...]) -> tuple[int, ...]:
    if terms.kind is Kind.GIFT_ITEM:
        return tuple(at for at, line in enumerate(bill.lines) if line.sku == terms.gift_sku)
    return () if terms.kind is Kind.FREE_SHIPPING else counted


def _unit_price(bill: Bill, at: int) -> float:
    return bill.lines[at].amount_fen / bill.lines[at].quantity
