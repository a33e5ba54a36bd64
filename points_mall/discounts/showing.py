"""What each coupon in a member's hand would do on a bill, by itself. Pure."""

from dataclasses import dataclass

from points_mall.coupons.held import Held

from .bill import Bill
from .legality import mode_of
from .plans import plan_of
from .pricing import Shop, before_coupons, with_coupons
from .reasons import Reason
from .usable import refusal


@dataclass(frozen=True)
class Shown:
    """A coupon and a bill.

    :param reason: why it is not taken on the bill even alone; None: it is.
    :param takes_fen: what it would take off, alone.
    """

    coupon: Held
    reason: Reason | None
    takes_fen: int


def shown(coupon: Held, bill: Bill, shop: Shop) -> Shown:
    """What a coupon would do on a bill where it is the only one."""
    before, steps = before_coupons(bill, mode_of([coupon]), shop)
    plan = plan_of(coupon, bill)
    if (reason := refusal(plan, bill, before)) is not None:
        return Shown(coupon, reason, 0)
    return Shown(coupon, None, with_coupons(bill, before, steps, [plan]).taken_by(coupon.code))
