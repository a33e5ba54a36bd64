"""What one coupon takes off what is left of a bill. Pure."""

from collections.abc import Callable

from miniprogram_api.core.shares import allot
from points_mall.coupons.terms import WHOLE_BP, Kind

from .bill import Left, Step
from .plans import Plan

Taken = tuple[tuple[int, ...], int, Left]
"""What it takes of each line, of shipping, and what is left then."""


def take(left: Left, plan: Plan) -> tuple[Left, list[Step]]:
    """Take off what the coupon gives, never more than is left of its lines; no step if nothing."""
    coupon = plan.coupon
    shares, shipping, after = _BY_KIND[coupon.terms.kind](left, plan)
    amount = sum(shares) + shipping
    if amount == 0:
        return left, []
    labels = coupon.title_zh, coupon.title_en
    return after, [Step(coupon.terms.kind.value, *labels, amount, shares, shipping, coupon.code)]


def _sum_of_money(left: Left, plan: Plan) -> Taken:
    return _divided(left, plan, plan.coupon.terms.amount_fen)


def _percent(left: Left, plan: Plan) -> Taken:
    terms = plan.coupon.terms
    off = sum(left.lines[at] for at in plan.lines) * terms.off_bp // WHOLE_BP
    return _divided(left, plan, off if terms.most_fen is None else min(off, terms.most_fen))


def _divided(left: Left, plan: Plan, off: int) -> Taken:
    """So much off the lines in scope, in the measure of what is left of each."""
    if len(plan.lines) == 1:
        (place,) = plan.lines
        amount = min(off, left.lines[place])
        shares = tuple(amount if at == place else 0 for at in range(len(left.lines)))
        return shares, 0, left.less(shares)
    inside = set(plan.lines)
    weights = [one if at in inside else 0 for at, one in enumerate(left.lines)]
    shares = tuple(allot(min(off, sum(weights)), weights))
    return shares, 0, left.less(shares)


def _units(left: Left, plan: Plan) -> Taken:
    """So many units free: each takes its share of what is left of its line."""
    wanted, free = plan.coupon.terms.units, list(left.free_units)
    shares = [0] * len(left.lines)
    for at in plan.lines:
        paid_units = plan.quantities[at] - free[at]
        units = min(wanted, paid_units)
        if units:
            shares[at] = left.lines[at] * units // paid_units
            free[at] += units
            wanted -= units
    told = tuple(shares)
    return told, 0, left.less(told)._replace(free_units=tuple(free))


def _shipping(left: Left, plan: Plan) -> Taken:
    most = plan.coupon.terms.most_fen
    off = left.shipping if most is None else min(left.shipping, most)
    nothing = (0,) * len(left.lines)
    return nothing, off, left._replace(shipping=left.shipping - off)


_BY_KIND: dict[Kind, Callable[[Left, Plan], Taken]] = {
    Kind.PERCENT_OFF: _percent,
    Kind.AMOUNT_OFF: _sum_of_money,
    Kind.CASH: _sum_of_money,
    Kind.GIFT_ITEM: _units,
    Kind.EXCHANGE: _units,
    Kind.FREE_SHIPPING: _shipping,
}
