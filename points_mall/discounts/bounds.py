"""How little a bill can still come to: the proof on which the search for the best coupons rests. Pure.

In exact fractions every step is monotone: who starts with less ends with less, and a further coupon
never makes the bill dearer. So the least that any selection of the remaining coupons can reach is what
all of them together reach. Whole fen disturb that in one place only: where a coupon's amount is divided
over lines of which a later coupon covers some and not others. Dividing over m lines by largest remainder
moves at most m/4 fen from one line to another (u shares rounded up by 1 − u/m each, at most m/4 in sum),
and no later step makes more of what was moved. Hence:

- where no later coupon parts the lines of an earlier one, whole fen are as monotone as fractions, and
  all remaining coupons together reach the least exactly;
- else the least is what they reach in fractions, less m/4 for each coupon that is so parted.
"""

from collections.abc import Sequence

from points_mall.coupons.terms import IN_UNITS, WHOLE_BP, Kind

from .bill import Left
from .plans import Plan
from .taking import take

_DUST = 1e-6  # what floating point may lose on amounts of this size


def slacks(plans: Sequence[Plan]) -> list[float]:
    """For each place in the order: how many fen the plans from there on may move between lines."""
    total, found = 0.0, [0.0]
    for place in range(len(plans) - 1, -1, -1):
        lines = frozenset(plans[place].lines)
        is_divided = plans[place].coupon.terms.kind not in IN_UNITS and len(lines) > 1
        if is_divided and any(_parts(lines, later) for later in plans[place + 1 :]):
            total += len(lines) / 4
        found.append(total)
    return found[::-1]


def least(left: Left, plans: Sequence[Plan], slack: float) -> int:
    """What the bill comes to at least, whichever of the plans are carried out."""
    if slack == 0:
        for plan in plans:
            left, _step = take(left, plan)
        return sum(left.lines) + left.shipping
    return max(0, -int(-(_in_fractions(left, plans) - slack - _DUST) // 1))


def _parts(lines: frozenset[int], later: Plan) -> bool:
    """Whether a later plan treats some of the lines otherwise than the rest."""
    touched = lines & frozenset(later.lines)
    if later.coupon.terms.kind in IN_UNITS:
        return bool(touched)
    return bool(touched) and touched != lines


def _in_fractions(left: Left, plans: Sequence[Plan]) -> float:
    lines, free, shipping = [float(one) for one in left.lines], list(left.free_units), left.shipping
    for plan in plans:
        terms = plan.coupon.terms
        if terms.kind is Kind.FREE_SHIPPING:
            shipping -= shipping if terms.most_fen is None else min(shipping, terms.most_fen)
        elif terms.kind in IN_UNITS:
            _free_units(plan, lines, free)
        else:
            whole = sum([lines[at] for at in plan.lines])
            if whole > 0:
                kept = 1 - min(_off(plan, whole), whole) / whole
                for at in plan.lines:
                    lines[at] *= kept
    return sum(lines) + shipping


def _off(plan: Plan, whole: float) -> float:
    terms = plan.coupon.terms
    if terms.kind is not Kind.PERCENT_OFF:
        return terms.amount_fen
    off = whole * terms.off_bp / WHOLE_BP
    return off if terms.most_fen is None else min(off, terms.most_fen)


def _free_units(plan: Plan, lines: list[float], free: list[int]) -> None:
    wanted = plan.coupon.terms.units
    for at in plan.lines:
        paid_units = plan.quantities[at] - free[at]
        units = min(wanted, paid_units)
        if units:
            lines[at] -= lines[at] * units / paid_units
            free[at] += units
            wanted -= units
